//! What evaluates the units of a plan: machine code, or the plan interpreted.

use super::cpu::Cpu;
#[cfg(feature = "jit")]
use super::jit;
use super::plan::Plan;
use super::portable::Portable;
use super::segments::Segments;

/// What evaluates the units of a plan.
pub(crate) enum Backend {
    #[cfg(feature = "jit")]
    Code(Box<jit::Code>),
    Portable(Portable),
}

impl Backend {
    pub fn new(plan: &Plan, segments: &Segments, cpu: Cpu) -> Backend {
        #[cfg(feature = "jit")]
        if let Some(code) = cpu.has_code.then(|| jit::Code::new(plan, segments, cpu)).flatten() {
            return Backend::Code(Box::new(code));
        }
        let _ = (cpu, segments);
        Backend::Portable(Portable::new(plan))
    }

    pub fn is_compiled(&self) -> bool {
        !matches!(self, Backend::Portable(_))
    }

    /// Runs the machine code of a fused segment.
    pub fn run_fused(&self, segment: usize, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.run_fused(segment, arena),
            Backend::Portable(_) => panic!("segment {segment} in {} words without machine code", arena.len()),
        }
    }

    pub fn run(&mut self, plan: &Plan, unit: usize, arena: &mut [u64]) {
        match self {
            #[cfg(feature = "jit")]
            Backend::Code(code) => code.run(unit, arena),
            Backend::Portable(portable) => portable.run(plan, unit, arena),
        }
    }
}
