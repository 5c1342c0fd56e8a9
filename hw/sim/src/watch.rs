//! `Watch`: simulators that say what the signals inside were in every cycle, so that a recording can be made.
//!
//! The signals are those that the Verilog declares. Many of them show the same: a port of an instance and the net
//! that is connected to it. What is watched are the different *values*, each once; a signal is one of them, or the
//! clock. Only values that changed are told, so that an idle part of the hardware costs nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use hdl::verilog::{Declared, Scope, Shows};
use hdl::{NodeId, Op, ReadPort};
use num::Bits;

use crate::flat::{Flat, Slot, Source};
use crate::simulator::Simulator;

/// A simulator whose values can be watched.
pub trait Watch: Simulator {
    /// What is watched.
    fn watched(&self) -> &Watched;

    /// One clock edge. Tells `note` the values of the cycle that it ends, with the inputs as they are now: all of
    /// them, or only those that were different in the cycle before, which must have ended by this function, too.
    /// Values come as words, lowest first, each by its number; none comes twice.
    fn step_noting(&mut self, all: bool, note: &mut dyn FnMut(usize, &[u64]));
}

/// The values that are watched, and which signals show them.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// By scope and declaration: the number of the value that is shown, where the scope is watched; the clock has none.
    pub shown: Vec<Vec<Option<usize>>>,
    /// By value: its width.
    pub widths: Vec<u32>,
    /// By value: where it is found.
    pub(crate) held: Vec<Held>,
}

/// Where a value is found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Constant(Bits),
    /// In the state of this index.
    State(usize),
    Slot(Slot),
}

/// By fingerprint of a module: values of it that are watched in all its instances, so that these stay equal.
pub(crate) type Probes = BTreeMap<u64, BTreeSet<NodeId>>;

impl Watched {
    /// What the declarations of the chosen scopes show; `scopes` are all those of the layout, in its order.
    pub(crate) fn new(flat: &Flat, scopes: &[Scope], is_chosen: &[bool]) -> Watched {
        assert_eq!(scopes.len(), flat.instances.len(), "the scopes of this very hierarchy");
        let mut watched = Watched::default();
        let mut numbers: HashMap<Held, usize> = HashMap::new();
        for (scope, of) in scopes.iter().enumerate() {
            let mut show = |declared: &Declared| {
                let held = flat.shown(scope, declared.shows)?;
                let number = *numbers.entry(held.clone()).or_insert_with(|| {
                    watched.widths.push(declared.width);
                    watched.held.push(held);
                    watched.held.len() - 1
                });
                Some(number)
            };
            watched.shown.push(match is_chosen[scope] {
                true => of.declared.iter().map(&mut show).collect(),
                false => Vec::new(),
            });
        }
        watched
    }

    /// The computed values that must be kept for it, by module.
    pub(crate) fn probes(&self, flat: &Flat) -> Probes {
        let mut probes = Probes::new();
        for held in &self.held {
            if let Held::Slot(slot) = held {
                if let Some(scope) = flat.scope_of(*slot) {
                    let node = scope.module.node_ids().nth(slot - scope.base);
                    probes.entry(scope.module.fingerprint()).or_default().extend(node);
                }
            }
        }
        probes
    }
}

impl Flat {
    /// Where the value of a declaration of an instance is found; the clock is nowhere.
    fn shown(&self, scope: usize, shows: Shows) -> Option<Held> {
        let of = &self.instances[scope];
        let slot = match shows {
            Shows::Clock => return None,
            Shows::Register(register) => return Some(Held::State(of.states.start + register)),
            Shows::Read { memory, port } => return Some(Held::State(self.read_state(scope, memory, port))),
            Shows::Input(port) => of.inputs[port],
            Shows::Value(node) => of.base + node.index(),
            Shows::Output { instance, port } => {
                let below = &self.instances[self.child(scope, instance)];
                below.base + below.module.outputs()[port].node.index()
            }
        };
        Some(self.root(slot))
    }

    /// What a value comes to, through ports of instances.
    fn root(&self, mut slot: Slot) -> Held {
        while let Source::Same(of) = self.sources[slot] {
            slot = of;
        }
        match &self.sources[slot] {
            Source::State(state) => Held::State(*state),
            Source::Computed { module, node, .. } => match &module.node(*node).op {
                Op::Const(value) => Held::Constant(value.clone()),
                _ => Held::Slot(slot),
            },
            _ => Held::Slot(slot),
        }
    }

    /// The register of a synchronous read port: they come behind the registers of the module.
    fn read_state(&self, scope: usize, memory: usize, port: usize) -> usize {
        let of = &self.instances[scope];
        let reads = of.module.memories().iter().enumerate();
        let ports = reads.flat_map(|(memory, all)| {
            (all.reads.iter().enumerate()).map(move |(port, read)| (memory, port, read))
        });
        let synchronous = ports.filter(|(.., read)| matches!(read, ReadPort::Sync { .. }));
        let before = synchronous.take_while(|(m, p, _)| (*m, *p) != (memory, port)).count();
        of.states.start + of.module.registers().len() + before
    }

    /// The scope of an instance of a scope.
    fn child(&self, scope: usize, instance: usize) -> usize {
        let first = scope + 1;
        (0..instance).fold(first, |child, _| self.instances[child].scopes.end as usize)
    }

    /// The instance that a value belongs to; an input of the top belongs to none.
    fn scope_of(&self, slot: Slot) -> Option<&crate::flat::Scope> {
        let is_input = matches!(self.sources[slot], Source::Input(_));
        (!is_input).then(|| &self.instances[self.scopes[slot] as usize])
    }
}
