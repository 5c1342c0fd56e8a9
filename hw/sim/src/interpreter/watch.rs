//! The interpreter watched: it computes every value anyway, so what changed is found by comparing all.

use std::sync::Arc;

use hdl::verilog::Scope;
use hdl::Module;
use num::Bits;

use super::Interpreter;
use crate::simulator::Simulator;
use crate::watch::{Held, Watch, Watched};

/// What is watched, and what it was in the cycle before.
#[derive(Default)]
pub(super) struct Watching {
    watched: Watched,
    last: Vec<Bits>,
}

impl Interpreter {
    /// Starts `module` with the chosen ones of all its `scopes` watched.
    pub fn watching(module: &Arc<Module>, scopes: &[Scope], is_chosen: &[bool]) -> Interpreter {
        let mut interpreter = Interpreter::new(module);
        let watched = Watched::new(&interpreter.flat, scopes, is_chosen);
        let last = watched.widths.iter().map(|width| Bits::zero(*width)).collect();
        interpreter.watching = Watching { watched, last };
        interpreter
    }

    fn held(&self, held: &Held) -> Bits {
        match held {
            Held::Constant(value) => value.clone(),
            Held::State(state) => self.states[*state].clone(),
            Held::Slot(slot) => self.values[*slot].clone(),
        }
    }
}

impl Watch for Interpreter {
    fn watched(&self) -> &Watched {
        &self.watching.watched
    }

    fn step_noting(&mut self, all: bool, note: &mut dyn FnMut(usize, &[u64])) {
        self.settle();
        let mut watching = std::mem::take(&mut self.watching);
        for (number, held) in watching.watched.held.iter().enumerate() {
            let value = self.held(held);
            if all || watching.last[number] != value {
                note(number, value.words());
                watching.last[number] = value;
            }
        }
        self.watching = watching;
        self.step(1);
    }
}
