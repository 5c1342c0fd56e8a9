//! Descriptor registers from places: what a transfer copies, and what an `EXEC` finds where.

use crate::plan::Planned;
use mapper::parts::Part;
use mapper::{Dim, Registers, Work};
use spec::isa::table::{Queue, SUM_BYTES};
use std::ops::Range;

/// Where a layer's tensors lie while a part is computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placed {
    /// Where input row 0 lies or would lie.
    pub input: i64,
    /// The rows of the input that are there: first and end.
    pub input_rows: (u32, u32),
    /// The first output row that is there.
    pub output_row: u32,
    /// Where it lies.
    pub output: u32,
    /// Where its partial sums lie, where those are stored.
    pub sums: u32,
    /// Where its residual lies.
    pub residual: u32,
    /// Where the weights lie.
    pub weights: u32,
    /// Where the parameters lie.
    pub parameters: u32,
    /// Rows of parameters to read; 0 where the chunk has them already.
    pub parameter_rows: u32,
}

/// Bytes of a row of outputs.
pub fn row_bytes(work: &Work) -> u32 {
    work.out_channels() * work.size[Dim::OX]
}

/// Descriptors of a transfer of consecutive bytes.
pub fn transfer(queue: Queue, dram: u64, buffer: u32, bytes: u32) -> Registers {
    let values = [
        ("dram", dram as i64),
        ("buffer", buffer.into()),
        ("bytes", bytes.into()),
        ("rows", 1),
        ("planes", 1),
    ];
    Registers::new(queue).with(&values)
}

/// Descriptors of the transfers of a box of outputs, `element` bytes each: as few as there can be, with the first byte
/// and the end of each, counted from the first output of the box's first row.
pub fn boxed(queue: Queue, work: &Work, outputs: &Part, element: u32) -> Vec<(Registers, Range<u32>)> {
    let pixel = work.out_channels() * element;
    let pitches = [
        (Dim::K, element),
        (Dim::G, work.size[Dim::K] * element),
        (Dim::OX, pixel),
        (Dim::OY, pixel * work.size[Dim::OX]),
    ];
    let first: u32 = pitches[..3].iter().map(|(dim, pitch)| outputs.from[*dim] * pitch).sum();
    // Counts and pitches of the axes that do not go on where the one inside ends.
    let mut axes: Vec<(u32, u32)> = vec![(element, 1)];
    for (count, pitch) in pitches.map(|(dim, pitch)| (outputs.size[dim], pitch)) {
        let (inner, step) = axes[axes.len() - 1];
        if inner * step == pitch {
            axes.last_mut().expect("there is one").0 *= count;
        } else if count > 1 {
            axes.push((count, pitch));
        }
    }
    let axis = |i: usize| axes.get(i).copied().unwrap_or((1, 0));
    let [(bytes, _), (rows, row), (planes, plane), (times, apart)] = [0, 1, 2, 3].map(axis);
    let copy = |i: u32| {
        let from = first + i * apart;
        let values = [
            ("bytes", bytes),
            ("rows", rows),
            ("dram_row", row),
            ("buffer_row", row),
            ("planes", planes),
            ("dram_plane", plane),
            ("buffer_plane", plane),
        ];
        let registers = Registers::new(queue).with(&values.map(|(name, value)| (name, value.into())));
        (registers, from..from + (planes - 1) * plane + (rows - 1) * row + bytes)
    };
    (0..times).map(copy).collect()
}

/// Sets the registers that say where tensors lie and how large the part is.
pub fn place(registers: &mut Registers, planned: &Planned, part: &Part, placed: &Placed) {
    let (work, spills) = (&planned.mapping.layer, planned.mapping.spills());
    let pixel = i64::from(work.in_channels());
    let row = pixel * i64::from(work.input[1]);
    let [g, k, c, oy, ox, fy, fx] = Dim::ALL.map(|dim| i64::from(part.from[dim]));
    let [stride, padding] = [work.stride, work.padding].map(|of| of.map(i64::from));
    let (top, left) = (oy * stride[0] + fy - padding[0], ox * stride[1] + fx - padding[1]);
    let channel = |per_group: u32, of_group: i64| g * i64::from(per_group) + of_group;
    let down = i64::from(row_bytes(work)) * (oy - i64::from(placed.output_row));
    let results = channel(work.size[Dim::K], k) + ox * i64::from(work.out_channels()) + down;
    let wrapped = |address: i64| address.rem_euclid(1 << spec::isa::table::BUFFER_BITS);
    for (name, value) in [
        ("x_base", wrapped(placed.input + top * row + left * pixel + channel(work.size[Dim::C], c))),
        ("x_y", top),
        ("x_x", left),
        ("x_height", placed.input_rows.1.into()),
        ("w_base", placed.weights.into()),
        ("y_base", i64::from(placed.output) + results),
        ("r_base", if work.residual { i64::from(placed.residual) + results } else { 0 }),
        ("s_base", if spills { i64::from(placed.sums) + i64::from(SUM_BYTES) * results } else { 0 }),
        ("p_base", placed.parameters.into()),
        ("p_rows", placed.parameter_rows.into()),
        ("s_read", part.reads.into()),
        ("s_write", part.writes.into()),
    ] {
        registers.set(name, value);
    }
    for (name, value) in mapper::nests::extents(&planned.mapping, &part.size) {
        registers.set(name, value);
    }
}
