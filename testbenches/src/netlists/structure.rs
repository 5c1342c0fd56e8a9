//! What else a netlist may have: registers and memories of all kinds, instances and what links them. A row is a
//! predicate, of a module or of the whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use hdl::{Instance, Memory, Module, NodeId, Op, ReadPort};
use sim::lockstep::Stimulus;

/// A name, and the modules that it is for.
type Row = (&'static str, fn(&Module) -> bool);

/// Rows of modules.
pub(super) const MODULES: &[Row] = &[
    ("register with reset and enable", |m| registers(m, true, true)),
    ("register with reset", |m| registers(m, true, false)),
    ("register with enable", |m| registers(m, false, true)),
    ("register with neither", |m| registers(m, false, false)),
    ("reset that is computed", |m| m.reset().is_some_and(|id| !matches!(m.node(id).op, Op::Input(_)))),
    ("instance with a reset of its own", has_own_reset),
    ("memory of one entry", |m| memories(m, |memory| memory.depth == 1)),
    ("memory of 2, 4, 8.. entries", |m| {
        memories(m, |memory| memory.depth > 1 && memory.depth.is_power_of_two())
    }),
    ("memory of other depths", |m| memories(m, |memory| !memory.depth.is_power_of_two())),
    ("memory wider than 64 bits", |m| memories(m, |memory| memory.width > 64)),
    ("memory with three write ports", |m| memories(m, |memory| memory.writes.len() == 3)),
    ("memory with three read ports", |m| memories(m, |memory| memory.reads.len() == 3)),
    ("memory written by a mask", |m| memories(m, is_masked)),
    ("wide memory written by a mask", |m| memories(m, |memory| memory.width > 64 && is_masked(memory))),
    ("memory read where it is written", |m| memories(m, reads_what_it_writes)),
    ("choice by more than 64 bits", |m| {
        m.nodes().iter().any(|node| matches!(node.op, Op::Select { index, .. } if m.node(index).width > 64))
    }),
    ("one instance of a definition", |m| rows(m, |row| row.len() == 1)),
    ("2 to 3 instances", |m| rows(m, |row| (2..4).contains(&row.len()))),
    ("4 to 15 instances", |m| rows(m, |row| (4..16).contains(&row.len()))),
    ("16 instances", |m| rows(m, |row| row.len() == 16)),
    ("17 to 31 instances", |m| rows(m, |row| (17..32).contains(&row.len()))),
    ("32 to 63 instances", |m| rows(m, |row| (32..64).contains(&row.len()))),
    ("64 instances", |m| rows(m, |row| row.len() == 64)),
    ("rows inside of a row", |m| {
        rows(m, |row| row.len() >= 4 && rows(&row[0].module, |inner| inner.len() >= 4))
    }),
    ("an input common to a row", |m| ports(m, |drivers| drivers.iter().all(|id| *id == drivers[0]))),
    ("an input of each instance", |m| ports(m, is_all_different)),
    ("an input common to a part of a row", |m| ports(m, is_grid)),
    ("a constant for each instance", |m| {
        ports(m, |drivers| is_all_different(drivers) && drivers.iter().all(|id| is_constant(m, *id)))
    }),
    ("a direct link between instances", |m| links(m).next().is_some()),
    ("a chain of direct links", |m| {
        links(m).any(|(from, to)| links(m).any(|(other, _)| to == other && from != to))
    }),
    ("a direct link of a value wider than 64", |m| {
        m.instances()
            .iter()
            .flat_map(|instance| &instance.inputs)
            .any(|id| linked(m, *id).is_some() && m.node(*id).width > 64)
    }),
    ("output that follows an input", |m| m.outputs().iter().any(|output| !output.depends_on.is_empty())),
    ("path within a cycle through instances", has_path),
];

/// A name, and the netlists and inputs that it is for.
type WholeRow = (&'static str, fn(&Arc<Module>, &Stimulus) -> bool);

/// Rows of a whole netlist.
pub(super) const WHOLE: &[WholeRow] = &[
    ("instances two levels deep", |top, _| depth(top) >= 3),
    ("instances three levels deep", |top, _| depth(top) >= 4),
    ("instances four levels deep", |top, _| depth(top) >= 5),
    ("reset after the first cycle", |top, inputs| {
        top.input_index("rst").is_some_and(|rst| {
            let mut later = inputs.changes.iter().skip(1).flatten();
            later.any(|(port, value)| port.0 == rst && !value.is_zero())
        })
    }),
];

fn registers(module: &Module, has_reset: bool, has_enable: bool) -> bool {
    module.registers().iter().any(|r| (r.reset.is_some(), r.enable.is_some()) == (has_reset, has_enable))
}

fn memories(module: &Module, is: impl Fn(&Memory) -> bool) -> bool {
    module.memories().iter().any(is)
}

fn is_masked(memory: &Memory) -> bool {
    memory.writes.iter().any(|write| write.mask.is_some())
}

fn reads_what_it_writes(memory: &Memory) -> bool {
    memory.reads.iter().any(|read| match read {
        ReadPort::Async { addr } | ReadPort::Sync { addr, .. } => {
            memory.writes.iter().any(|write| write.addr == *addr)
        }
    })
}

fn has_own_reset(module: &Module) -> bool {
    module.instances().iter().any(|instance| {
        let reset = instance.module.input_index("rst").map(|port| instance.inputs[port]);
        reset.is_some() && reset != module.reset()
    })
}

/// Whether there is such a row of instances of one definition.
fn rows(module: &Module, is: impl Fn(&[&Instance]) -> bool) -> bool {
    let mut rows: BTreeMap<&str, Vec<&Instance>> = BTreeMap::new();
    for instance in module.instances() {
        rows.entry(instance.module.name()).or_default().push(instance);
    }
    rows.values().any(|row| is(row))
}

/// Whether some input of a row of four or more is driven so, instance by instance.
fn ports(module: &Module, is: impl Fn(&[NodeId]) -> bool) -> bool {
    rows(module, |row| {
        let of_port = |port: usize| row.iter().map(|instance| instance.inputs[port]).collect::<Vec<_>>();
        row.len() >= 4 && (0..row[0].inputs.len()).any(|port| is(&of_port(port)))
    })
}

fn is_all_different(drivers: &[NodeId]) -> bool {
    (1..drivers.len()).all(|i| !drivers[..i].contains(&drivers[i]))
}

/// Whether it is the same in each row of a grid, or in each column.
fn is_grid(drivers: &[NodeId]) -> bool {
    let run = drivers.iter().take_while(|id| **id == drivers[0]).count();
    let period = drivers.iter().skip(1).position(|id| *id == drivers[0]).map(|at| at + 1);
    let in_rows = (2..drivers.len()).contains(&run)
        && drivers.chunks(run).all(|row| row.iter().all(|id| *id == row[0]));
    let in_columns = period
        .is_some_and(|period| period > 1 && drivers.iter().zip(&drivers[period..]).all(|(a, b)| a == b));
    in_rows || in_columns
}

fn is_constant(module: &Module, id: NodeId) -> bool {
    matches!(module.node(id).op, Op::Const(_))
}

/// The instance whose output a value is.
fn linked(module: &Module, id: NodeId) -> Option<usize> {
    match module.node(id).op {
        Op::Output { instance, .. } => Some(instance),
        _ => None,
    }
}

/// From which instance to which there is a link without anything in between.
fn links(module: &Module) -> impl Iterator<Item = (usize, usize)> + '_ {
    let instances = module.instances().iter().enumerate();
    instances.flat_map(move |(to, instance)| {
        instance.inputs.iter().filter_map(move |id| Some((linked(module, *id)?, to)))
    })
}

/// Whether an output of an instance follows an input that is an output of another one which follows an input.
fn has_path(module: &Module) -> bool {
    let follows = |id: NodeId| match module.node(id).op {
        Op::Output { instance, port } => {
            let instance = &module.instances()[instance];
            let inputs = instance.module.outputs()[port].depends_on.iter();
            inputs.map(|input| instance.inputs[*input]).collect()
        }
        _ => Vec::new(),
    };
    module.node_ids().any(|id| follows(id).into_iter().any(|before| !follows(before).is_empty()))
}

fn depth(module: &Module) -> usize {
    1 + module.instances().iter().map(|instance| depth(&instance.module)).max().unwrap_or(0)
}
