//! Makes a netlist smaller for as long as something is wrong with it, so that a person has something to look at.
//!
//! What is wrong is a question that the caller answers, of a whole hierarchy: two simulators differ, a printer prints
//! nonsense. A change of a module is a change of all its instances. `passes` are the changes that are tried, the boldest
//! first; `remake` turns a changed module, and what instantiates it, into a finished one, or finds that it is none.

mod cap;
mod inline;
mod passes;
mod remake;

use std::ops::Range;
use std::sync::Arc;

use crate::module::Module;

/// The smallest netlist that this search finds for which `fails` still holds, after at most `most` questions; `top`
/// must fail itself. Names of ports stay what they are.
pub fn shrink(top: &Arc<Module>, most: usize, fails: impl FnMut(&Arc<Module>) -> bool) -> Arc<Module> {
    let mut search = Search { best: Arc::clone(top), left: most, fails };
    loop {
        let before = Arc::clone(&search.best);
        passes::all(&mut search);
        if search.left == 0 || Arc::ptr_eq(&before, &search.best) {
            return search.best;
        }
    }
}

/// Instances, then values, registers, memories and ports, then bits, of all instances together.
fn size(module: &Module) -> (usize, usize, usize) {
    let registers = module.registers.iter().map(|register| {
        let controls = [register.reset.is_some(), register.enable.is_some()];
        1 + controls.into_iter().filter(|control| *control).count()
    });
    let ports = |memory: &crate::Memory| {
        let masks = memory.writes.iter().filter(|write| write.mask.is_some()).count();
        1 + memory.writes.len() + masks + memory.reads.len()
    };
    let memories = module.memories.iter().map(ports).sum::<usize>();
    let things = module.nodes.len() + module.outputs.len() + module.inputs.len();
    let values = module.nodes.iter().map(|node| node.width as usize).sum::<usize>();
    let entries = module.memories.iter().map(|memory| (memory.width * memory.depth) as usize).sum::<usize>();
    let own = (1, things + registers.sum::<usize>() + memories, values + entries);
    let below = module.instances.iter().map(|instance| size(&instance.module));
    below.fold(own, |sum, part| (sum.0 + part.0, sum.1 + part.1, sum.2 + part.2))
}

/// The best netlist so far, and how many more may be tried.
struct Search<F> {
    best: Arc<Module>,
    left: usize,
    fails: F,
}

impl<F: FnMut(&Arc<Module>) -> bool> Search<F> {
    /// Takes a netlist that is smaller and still fails; whether it did.
    fn offer(&mut self, candidate: Option<Arc<Module>>) -> bool {
        let Some(candidate) = candidate.and_then(|candidate| remake::trimmed(&candidate)) else {
            return false;
        };
        if self.left == 0 || size(&candidate) >= size(&self.best) {
            return false;
        }
        self.left -= 1;
        let is_failing = (self.fails)(&candidate);
        if is_failing {
            self.best = candidate;
        }
        is_failing
    }

    /// Offers the netlist with one module changed.
    fn change(&mut self, name: &str, change: impl FnOnce(&mut Module)) -> bool {
        let Some(module) = self.module(name) else { return false };
        let mut changed = Module::clone(&module);
        change(&mut changed);
        let changed =
            remake::remake(changed).and_then(|changed| remake::replaced(&self.best, name, &changed));
        self.offer(changed)
    }

    /// Changes as many of a module's things at once as possible: all of them, halves, and so on down to single ones.
    fn change_many(
        &mut self,
        name: &str,
        count: impl Fn(&Module) -> usize,
        change: impl Fn(&mut Module, Range<usize>),
    ) {
        let count = |search: &Self| search.module(name).map_or(0, |module| count(&module));
        let mut chunk = count(self);
        while chunk > 0 {
            // From the last to the first: what is in front of a change keeps its number.
            let mut end = count(self);
            while end > 0 {
                let start = end.saturating_sub(chunk);
                self.change(name, |module| change(module, start..end));
                end = start.min(count(self));
            }
            chunk /= 2;
        }
    }

    /// The module of that name, if it is still there.
    fn module(&self, name: &str) -> Option<Arc<Module>> {
        self.best.hierarchy().into_iter().find(|module| module.name == name)
    }
}
