//! What evaluates a plan: machine code, or the plan interpreted.

use super::cpu::Cpu;
#[cfg(feature = "jit")]
use super::jit;
use super::plan::{Part, Plan};
use super::portable::Portable;
use super::segments::Segments;

/// What evaluates a plan.
pub(crate) enum Backend {
    #[cfg(feature = "jit")]
    Code(Box<jit::Code>),
    Portable(Box<Portable>),
}

impl Backend {
    /// Machine code where this machine can have it.
    pub fn new(plan: &Plan, segments: &Segments, cpu: Cpu) -> Backend {
        #[cfg(feature = "jit")]
        if let Some(code) = cpu.has_code.then(|| jit::Code::new(plan, segments, cpu)).flatten() {
            return Backend::Code(Box::new(code));
        }
        Backend::Portable(Box::new(Portable::new(plan, segments, cpu)))
    }

    /// Whether it is machine code.
    pub fn is_compiled(&self) -> bool {
        !matches!(self, Backend::Portable(_))
    }

    /// Evaluates the units of a part that are awake, in order; from then on they sleep. Within its part a unit wakes later
    /// ones only.
    pub fn evaluate(&mut self, plan: &Plan, part: Part, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.evaluate(part, arena),
            Backend::Portable(portable) => portable.evaluate(plan, part, arena),
        }
    }

    /// The clock edge: moves what registers take into them, where that changes something, and wakes their users.
    pub fn clock(&self, plan: &Plan, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.clock(arena),
            Backend::Portable(portable) => portable.clock(plan, arena),
        }
    }
}
