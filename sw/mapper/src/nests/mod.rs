//! From a mapping to what the machine walks: four loop nests and the registers that do not depend on where
//! tensors lie. Bases and the extents of a ragged part are set by whoever places the tensors.
//!
//! The outer loops of every nest are the loops of the mapping above the operand's level, so that all nests
//! reach their tiles in the same order; below it each nest has loops of its own that fill, or empty, a tile.

mod compute;
pub mod drain;
mod input;
pub mod weight;

use crate::mapping::Mapping;
use crate::registers::Registers;
use crate::unroll::{channel, Fill};
use crate::work::{Dim, Sizes};
use spec::isa::table::{NestKind, Queue, TAP_BITS};
use spec::nest::{Level, Nest};

/// What an execute engine is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// In the order of `NestKind::ALL`.
    pub nests: [Nest; 4],
    /// Bases and extents as for a full part whose tensors lie at address 0.
    pub registers: Registers,
}

/// The nests and registers of a full `EXEC` of `mapping`.
pub fn engine(mapping: &Mapping) -> Engine {
    let nests = [input::nest(mapping), weight::nest(mapping), compute::nest(mapping), drain::nest(mapping)];
    let nests = nests.map(|nest| joined(&nest));
    let mut registers = registers(mapping);
    let depths = ["x_depth", "w_depth", "c_depth", "d_depth"];
    for (name, nest) in depths.iter().zip(&nests) {
        registers.set(name, nest.levels.len() as i64);
    }
    Engine { nests, registers }
}

/// One loop of `kind` with the strides that are named; the others are 0.
fn level(kind: NestKind, bound: u32, flags: u32, strides: &[(&str, i64)]) -> Level {
    let stride = |name: &str| strides.iter().filter(|(given, _)| *given == name).map(|(_, s)| s).sum();
    let accumulators = kind.accumulators();
    debug_assert!(strides.iter().all(|(name, _)| accumulators.iter().any(|(a, _)| a == name)));
    Level { bound, flags, strides: accumulators.iter().map(|(name, _)| stride(name)).collect() }
}

/// The same nest with as few levels as it can have, and at least one.
fn joined(nest: &Nest) -> Nest {
    let mut levels: Vec<Level> = Vec::new();
    for level in nest.merged().levels {
        match levels.last_mut() {
            Some(inner) if continues(inner, &level) => inner.bound *= level.bound,
            _ => levels.push(level),
        }
    }
    if levels.is_empty() {
        let mut only = nest.levels.first().cloned().expect("a nest is made with at least one level");
        only.strides.fill(0);
        levels.push(only);
    }
    Nest { levels }
}

/// Whether `outer` goes on where `inner` ends, so that one longer loop walks the same steps.
fn continues(inner: &Level, outer: &Level) -> bool {
    let goes_on =
        |(inner_stride, outer_stride): (&i64, &i64)| *outer_stride == inner_stride * i64::from(inner.bound);
    inner.flags == outer.flags
        && inner.bound * outer.bound < 1 << 16
        && inner.strides.iter().zip(&outer.strides).all(goes_on)
}

/// The most rows or columns of a kernel that lies on the array; where only loops run over it, it may have more.
pub const MOST_TAPS: u32 = (1 << TAP_BITS) - 1;

fn registers(mapping: &Mapping) -> Registers {
    let (unroll, layer) = (&mapping.unroll, &mapping.layer);
    let number = |value: u32| i64::from(value);
    let fills = [Fill::Inputs, Fill::Weights];
    let [x_spread, w_spread] = fills.map(|fill| i64::from(unroll.shares(fill)));
    let [(x_stride, x_window), (w_stride, w_window)] = fills.map(|fill| columns(mapping, fill));
    Registers::new(Queue::Execute)
        .with(&[
            ("x_x", number(mapping.x_left_out()) - number(layer.padding[1])),
            ("x_height", number(layer.input[0])),
            ("x_width", number(layer.input[1])),
            ("x_lanes", number(unroll.beats.inputs)),
            ("x_spread", x_spread),
            ("x_halves", i64::from(unroll.halves() > 1)),
            ("x_stride", number(x_stride)),
            ("x_window", number(x_window)),
            ("x_tag", number(mapping.x_left_out())),
            ("x_slide", i64::from(mapping.slides())),
            ("x_tile", number(mapping.x_tile())),
            ("x_slots", number(mapping.x.slots)),
            ("x_more", number(mapping.x_more())),
            ("x_ring", number(mapping.x.slots * mapping.x_tile())),
            ("x_clear", number(mapping.x_clear())),
            ("w_lanes", number(unroll.beats.weights)),
            ("w_spread", w_spread),
            ("w_stride", number(w_stride)),
            ("w_window", number(w_window)),
            ("w_tile", number(mapping.w_tile())),
            ("w_slots", number(mapping.w.slots)),
            ("rows", number(unroll.rows.pes())),
            ("cols", number(unroll.cols.pes())),
            ("a_tile", number(mapping.a_tile())),
            ("a_slots", number(mapping.a.slots)),
            ("keep", i64::from(unroll.keeps(layer))),
            ("d_rows", number(unroll.summed_rows().pes)),
            ("d_lanes", number(unroll.beats.results)),
            ("residual", i64::from(layer.residual)),
            ("p_rows", number(mapping.p_rows())),
        ])
        .with(&extents(mapping, &mapping.tile))
}

/// How far apart columns are for beats of `fill`, and how many of them take one.
fn columns(mapping: &Mapping, fill: Fill) -> (u32, u32) {
    let unroll = &mapping.unroll;
    let run = unroll.col_run(fill);
    match fill {
        Fill::Inputs if mapping.slides() => (mapping.layer.stride[1] * unroll.block, mapping.x_window()),
        _ if run.digits == unroll.cols.0.len() => (0, 1),
        _ => (1, run.pes),
    }
}

/// The registers that say how large a part is whose sizes are `part`, at most those of the mapping's tile.
pub fn extents(mapping: &Mapping, part: &Sizes) -> Vec<(&'static str, i64)> {
    let number = |dim: Dim| i64::from(part[dim]);
    let followed = mapping.follows_groups() && channel(&mapping.layer, Dim::K) != Dim::G;
    vec![
        ("x_channels", number(channel(&mapping.layer, Dim::C))),
        ("x_fy", number(Dim::FY).min(MOST_TAPS.into())),
        ("x_fx", number(Dim::FX).min(MOST_TAPS.into())),
        ("d_channels", number(channel(&mapping.layer, Dim::K))),
        ("d_groups", if followed { number(Dim::G) } else { 1 }),
        ("d_width", number(Dim::OX)),
        ("d_height", number(Dim::OY)),
    ]
}
