//! Equal instances beside each other, as accelerators have them: in rows and grids, each fed by what is common to all,
//! to a row or to a column, by something of its own, or by a neighbour, directly or through a register.

use std::sync::Arc;

use super::{fold64, Random};
use crate::{Builder, InstanceHandle, Module, Port, Signal};

/// Where an input of all instances comes from.
#[derive(Clone, Copy)]
enum Feed {
    /// The same for all.
    Common,
    /// The same for a row.
    Row,
    /// The same for a column.
    Column,
    /// A part of a bus.
    Own,
    /// Its number.
    Number,
    /// The instance to the left, or what is common at the edge.
    West,
    /// The instance above, likewise.
    North,
    /// The same through a register.
    StagedWest,
    /// The next instance, and for the last the first, through a register.
    Next,
}

const FEEDS: [Feed; 9] = [
    Feed::Common,
    Feed::Row,
    Feed::Column,
    Feed::Own,
    Feed::Number,
    Feed::West,
    Feed::North,
    Feed::StagedWest,
    Feed::Next,
];

/// `rows` by `columns` instances of `cell`.
pub(super) fn array(
    random: &mut Random,
    name: &str,
    cell: &Arc<Module>,
    [rows, columns]: [usize; 2],
) -> Arc<Module> {
    let b = Builder::new(name, "Equal instances in rows and columns, linked to their neighbours.");
    let count = rows * columns;
    let instances: Vec<InstanceHandle> = (0..count).map(|i| b.instance(&format!("u{i}"), cell)).collect();
    for port in cell.inputs() {
        // A reset of their own is rare: mostly that of all resets them.
        if port.name == "rst" && !random.once_in(4) {
            continue;
        }
        let feed = FEEDS[random.below(FEEDS.len())];
        let name = if port.name == "rst" { format!("{name}_rst") } else { port.name.clone() };
        let width = match feed {
            Feed::Own => (count as u32 * port.width).min(256).max(port.width),
            _ => port.width,
        };
        let common = match feed {
            Feed::Number => b.zero(width),
            _ => b.input(&name, width, &port.doc),
        };
        let link = link(random, cell, port);
        let number = |i: usize| {
            let number = num::Bits::from_u64(port.width, i as u64);
            &common ^ &b.bits(number)
        };
        let linked = |i: usize| fitted(&instances[i].out(&link), port.width);
        for (i, instance) in instances.iter().enumerate() {
            let (row, column) = (i / columns, i % columns);
            let value = match feed {
                Feed::Common => common.clone(),
                Feed::Row => number(row),
                Feed::Column => number(column),
                Feed::Number => number(i),
                Feed::Own => {
                    let steps = width - port.width + 1;
                    common.slice(i as u32 * port.width % steps, port.width)
                }
                Feed::West if column > 0 => linked(i - 1),
                Feed::North if row > 0 => linked(i - columns),
                Feed::StagedWest if column > 0 => num::Num::stage(&linked(i - 1)),
                Feed::West | Feed::North | Feed::StagedWest => common.clone(),
                Feed::Next => num::Num::stage(&linked((i + 1) % count)) ^ &common,
            };
            instance.connect(&port.name, &value);
        }
    }
    outputs(random, &b, &format!("{name}_choice"), &instances);
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}

/// The output that is linked to `port`: mostly one of the same width, so that nothing is in between.
pub(super) fn link(random: &mut Random, cell: &Module, port: &Port) -> String {
    let fitting: Vec<_> = cell.outputs().iter().filter(|output| output.port.width == port.width).collect();
    let chosen = match fitting.is_empty() || random.once_in(4) {
        true => &cell.outputs()[random.below(cell.outputs().len())],
        false => fitting[random.below(fitting.len())],
    };
    chosen.port.name.clone()
}

/// Extended or cut to a width.
pub(super) fn fitted(value: &Signal, width: u32) -> Signal {
    match value.width() > width {
        true => value.trunc(width),
        false => value.zext(width),
    }
}

/// All outputs in one, and one output of the instance that an input chooses.
fn outputs(random: &mut Random, b: &Builder, choice: &str, instances: &[InstanceHandle]) {
    let cell = instances[0].module();
    let all = instances.iter().map(|instance| fold64(&instance.out("all")));
    let sum = all.reduce(|sum, value| &sum.shift_left(&b.lit(2, 1)) ^ &value).expect("an instance");
    b.output("all", &sum, "every output of every instance");
    let name = &cell.outputs()[random.below(cell.outputs().len())].port.name;
    let options: Vec<Signal> = instances.iter().map(|instance| instance.out(name)).collect();
    let width = num::bits_for_unsigned(instances.len() as u64 - 1);
    b.output("chosen", &b.input(choice, width, "which").select(&options), "an output of one instance");
    let last = instances[instances.len() - 1].out(name);
    b.output("last", &last, "an output of the last instance");
}
