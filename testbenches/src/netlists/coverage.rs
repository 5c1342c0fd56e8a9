//! What a campaign of netlists has seen: kinds of values by their widths, all widths, and the rows of `structure`.
//! Whatever is counted must be seen by a campaign of some size.

use std::fmt;
use std::sync::Arc;

use hdl::Module;
use sim::lockstep::Stimulus;

use super::kinds::{class, is_possible, kind, CLASSES, KINDS};
use super::structure::{MODULES, WHOLE};

/// Widths that must all be seen.
const WIDTHS: usize = 256;

/// The counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Values of definitions, by kind and class.
    kinds: [[u64; CLASSES.len()]; KINDS.len()],
    /// Values of definitions, by width.
    widths: [u64; WIDTHS + 1],
    /// Netlists, by row.
    rows: [u64; MODULES.len() + WHOLE.len()],
}

impl Default for Coverage {
    fn default() -> Coverage {
        Coverage {
            kinds: [[0; CLASSES.len()]; KINDS.len()],
            widths: [0; WIDTHS + 1],
            rows: [0; MODULES.len() + WHOLE.len()],
        }
    }
}

impl Coverage {
    /// Counts a netlist and its inputs.
    pub fn count(&mut self, top: &Arc<Module>, inputs: &Stimulus) {
        let modules = top.hierarchy();
        for module in &modules {
            for id in module.node_ids() {
                let node = module.node(id);
                self.kinds[kind(module, &node.op)][class(module, id)] += 1;
                self.widths[(node.width as usize).min(WIDTHS)] += 1;
            }
        }
        let of_modules = MODULES.iter().map(|(_, holds)| modules.iter().any(|module| holds(module)));
        let of_whole = WHOLE.iter().map(|(_, holds)| holds(top, inputs));
        let holds = of_modules.chain(of_whole);
        self.rows.iter_mut().zip(holds).for_each(|(count, holds)| *count += u64::from(holds));
    }

    /// Adds what another worker has seen.
    pub fn add(&mut self, other: &Coverage) {
        let mine = self.kinds.iter_mut().flatten().chain(&mut self.widths).chain(&mut self.rows);
        let theirs = other.kinds.iter().flatten().chain(&other.widths).chain(&other.rows);
        mine.zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// What was seen less than so many times.
    pub fn rare(&self, times: u64) -> Vec<String> {
        let mut rare = Vec::new();
        for (kind, counts) in self.kinds.iter().enumerate() {
            let classes = counts.iter().enumerate();
            let few = classes.filter(|(class, count)| **count < times && is_possible(kind, *class));
            rare.extend(
                few.map(|(class, count)| format!("{} of width {}: {count}", KINDS[kind], CLASSES[class])),
            );
        }
        let widths = self.widths.iter().enumerate().skip(1).filter(|(_, count)| **count < times);
        rare.extend(widths.map(|(width, count)| format!("width {width}: {count}")));
        rare.extend(
            self.rows().filter(|(_, count)| *count < times).map(|(name, count)| format!("{name}: {count}")),
        );
        rare
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let names = MODULES.iter().map(|(name, _)| *name).chain(WHOLE.iter().map(|(name, _)| *name));
        names.zip(self.rows.iter().copied())
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<40}", "values, by width")?;
        CLASSES.iter().try_for_each(|class| write!(f, "{class:>12}"))?;
        for (kind, counts) in KINDS.iter().zip(&self.kinds) {
            write!(f, "\n{kind:<40}")?;
            counts.iter().try_for_each(|count| write!(f, "{count:>12}"))?;
        }
        let seen = self.widths.iter().filter(|count| **count > 0).count();
        write!(f, "\n{:<40}{seen:>12} of {WIDTHS}\n\n{:<40}{:>12}", "widths", "netlists with", "")?;
        self.rows().try_for_each(|(name, count)| write!(f, "\n{name:<40}{count:>12}"))
    }
}
