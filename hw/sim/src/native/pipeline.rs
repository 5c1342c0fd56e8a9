//! The passes of the native simulator in their order, from a module to a plan that can run.

use std::sync::Arc;

use hdl::Module;

use super::elaborate::elaborate;
use super::families::families;
use super::plan::Plan;
use super::regroup;
use super::schedule::schedule;
use super::segments::Segments;
use super::sweep::sweep;
use crate::flat::Flat;
use crate::watch::Probes;

/// A step from the module to what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// The hierarchy laid out in words, constants folded, equal values shared.
    Elaborate,
    /// Without what nothing depends on.
    Sweep,
    /// Equal instances as lanes of one; what is equal in all of them, once.
    Group,
    /// Without what grouping left over.
    Prune,
    /// In order, cut into blocks that sleep and wake.
    Schedule,
    /// Everything in its place in memory, and whom a change wakes.
    Plan,
    /// Blocks with lanes, cut into what vectors can do and what only loops can.
    Segments,
}

impl Pass {
    /// All of them, in their order.
    pub const ALL: [Pass; 7] =
        [Pass::Elaborate, Pass::Sweep, Pass::Group, Pass::Prune, Pass::Schedule, Pass::Plan, Pass::Segments];

    /// As users name it.
    pub fn name(self) -> &'static str {
        match self {
            Pass::Elaborate => "elaborate",
            Pass::Sweep => "sweep",
            Pass::Group => "group",
            Pass::Prune => "prune",
            Pass::Schedule => "schedule",
            Pass::Plan => "plan",
            Pass::Segments => "segments",
        }
    }
}

/// A module as the passes leave it.
pub(crate) struct Lowered {
    pub flat: Flat,
    pub plan: Plan,
    pub segments: Segments,
    /// The first word of every input, state and memory of the layout.
    pub first_input: Vec<u32>,
    pub first_state: Vec<u32>,
    pub first_memory: Vec<u32>,
    /// By word of a state of the layout: which register of the netlist it is, and which lane of it.
    pub state_at: Vec<(u32, u32)>,
    /// By word of a memory of the layout, likewise.
    pub memory_at: Vec<(u32, u32)>,
}

impl Lowered {
    /// The memories of the netlist that hold the words of a memory of the layout, each with its lane.
    pub fn memory_words(&self, memory: usize) -> impl Iterator<Item = (usize, u32)> + '_ {
        let (first, width) = (self.first_memory[memory] as usize, self.flat.memories[memory].width);
        let words = &self.memory_at[first..first + width.div_ceil(64) as usize];
        words.iter().map(|(memory, lane)| (*memory as usize, *lane))
    }
}

/// What a pass made, as text.
///
/// # Panics
/// Where `module` does not pass [`check`](crate::check()).
pub fn dump_after(module: &Arc<Module>, pass: Pass) -> String {
    let mut text = String::new();
    lower(module, None, |made, dump| {
        if made == pass {
            text = dump();
        }
    });
    text
}

/// Runs all passes; `made` is told after each, and can have its result as text. Where something is watched there are
/// `probes`.
pub(crate) fn lower(
    module: &Arc<Module>,
    probes: Option<&Probes>,
    mut made: impl FnMut(Pass, &dyn Fn() -> String),
) -> Lowered {
    crate::check(module).unwrap_or_else(|error| panic!("{error}"));
    let laid_out = elaborate(module, Flat::probed(module, probes));
    debug_assert_eq!(laid_out.netlist.check(), Ok(()));
    made(Pass::Elaborate, &|| laid_out.netlist.dump());

    let families = families(&laid_out);
    let netlist = sweep(laid_out.netlist);
    debug_assert_eq!(netlist.check(), Ok(()));
    made(Pass::Sweep, &|| netlist.dump());

    let grouped = regroup::group(&netlist, &families, laid_out.flat.instances.len());
    debug_assert_eq!(grouped.netlist.check(), Ok(()));
    made(Pass::Group, &|| grouped.netlist.dump());

    let netlist = sweep(grouped.netlist);
    debug_assert_eq!(netlist.check(), Ok(()));
    made(Pass::Prune, &|| netlist.dump());

    let schedule = schedule(&netlist);
    debug_assert_eq!(schedule.check(&netlist), Ok(()));
    made(Pass::Schedule, &|| schedule.dump());

    let plan = Plan::new(netlist, schedule, probes.is_some());
    debug_assert_eq!(plan.check(), Ok(()));
    made(Pass::Plan, &|| plan.dump());

    let segments = Segments::new(&plan);
    debug_assert_eq!(segments.check(&plan), Ok(()));
    made(Pass::Segments, &|| segments.dump());

    Lowered {
        flat: laid_out.flat,
        plan,
        segments,
        first_input: laid_out.first_input,
        first_state: laid_out.first_state,
        first_memory: laid_out.first_memory,
        state_at: grouped.states,
        memory_at: grouped.memories,
    }
}
