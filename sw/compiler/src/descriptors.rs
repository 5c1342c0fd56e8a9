//! Descriptor registers from places: what a transfer copies, and what an `EXEC` finds where.

use crate::plan::Planned;
use mapper::layout::{pitches, Axes, Block, COLUMNS, ROWS};
use mapper::parts::Part;
use mapper::{Dim, Registers};
use spec::isa::table::{Queue, BUFFER_BITS, SUM_BYTES};
use std::ops::Range;

/// Where a layer's tensors lie while a part is computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placed {
    /// The inputs that are there.
    pub inputs: Block,
    /// Where the first of them lies.
    pub input: u32,
    /// The outputs that there is room for.
    pub outputs: Block,
    /// Where the first of them lies.
    pub output: u32,
    /// Where their partial sums lie, where those are stored.
    pub sums: u32,
    /// Where their residuals lie.
    pub residual: u32,
    /// Where the weights lie.
    pub weights: u32,
    /// Where the parameters lie.
    pub parameters: u32,
    /// Rows of parameters to read; 0 where the chunk has them already.
    pub parameter_rows: u32,
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

/// A transfer of a part of a box.
pub struct Copy {
    /// Its descriptors but for addresses.
    pub registers: Registers,
    /// Its first byte in DRAM, and the first behind it, from the begin of the tensor.
    pub dram: Range<u64>,
    /// The same in the buffer, from the begin of the box.
    pub buffer: Range<u32>,
}

/// The transfers of `block` of a tensor whose extents are `tensor`, to or from a place in the buffer whose extents are
/// `room`, `element` bytes each: as few as there can be.
pub fn copies(queue: Queue, tensor: &Axes, room: &Axes, block: &Block, element: u32) -> Vec<Copy> {
    let element = i64::from(element);
    let [in_dram, in_buffer] = [tensor, room].map(|extents| pitches(extents).map(|pitch| pitch * element));
    let first: i64 = (0..4).map(|axis| i64::from(block.from[axis]) * in_dram[axis]).sum();
    // Counts and pitches of the axes that do not go on where the one inside ends.
    let mut axes: Vec<(i64, [i64; 2])> = vec![(element, [1, 1])];
    for axis in 0..4 {
        let (count, pitch) = (i64::from(block.size[axis]), [in_dram[axis], in_buffer[axis]]);
        let inner = axes.last_mut().expect("there is one");
        if inner.1.map(|step| step * inner.0) == pitch {
            inner.0 *= count;
        } else if count > 1 {
            axes.push((count, pitch));
        }
    }
    let axis = |i: usize| axes.get(i).copied().unwrap_or((1, [0, 0]));
    let [(bytes, _), (rows, row), (planes, plane), (times, apart)] = [0, 1, 2, 3].map(axis);
    let values = [
        ("bytes", bytes),
        ("rows", rows),
        ("dram_row", row[0]),
        ("buffer_row", row[1]),
        ("planes", planes),
        ("dram_plane", plane[0]),
        ("buffer_plane", plane[1]),
    ];
    let range = |from: i64, of: usize| from..from + (planes - 1) * plane[of] + (rows - 1) * row[of] + bytes;
    let copy = |i: i64| {
        let (dram, buffer) = (range(first + i * apart[0], 0), range(i * apart[1], 1));
        Copy {
            registers: Registers::new(queue).with(&values),
            dram: dram.start as u64..dram.end as u64,
            buffer: buffer.start as u32..buffer.end as u32,
        }
    };
    (0..times).map(copy).collect()
}

/// Sets the registers that say where tensors lie and how large the part is.
pub fn place(registers: &mut Registers, planned: &Planned, part: &Part, placed: &Placed) {
    let mapping = &planned.mapping;
    let work = &mapping.layer;
    let [g, k, c, oy, ox, fy, fx] = Dim::ALL.map(|dim| i64::from(part.from[dim]));
    let [stride, padding] = [work.stride, work.padding].map(|of| of.map(i64::from));
    let left_out = i64::from(mapping.x_left_out());
    let (top, left) = (oy * stride[0] + fy - padding[0], ox * stride[1] + fx - padding[1] + left_out);
    // How far the first element of the part is behind the first that is there.
    let behind = |at: [i64; 4], block: &Block, room: &Axes| -> i64 {
        let far = (0..4).map(|axis| (at[axis] - i64::from(block.from[axis])) * pitches(room)[axis]);
        far.sum()
    };
    let inputs = behind([c, g, left, top], &placed.inputs, &mapping.held_inputs());
    let results = behind([k, g, ox, oy], &placed.outputs, &mapping.held_outputs());
    let wrapped = |address: i64| address.rem_euclid(1 << BUFFER_BITS);
    let sums = i64::from(placed.sums) + i64::from(SUM_BYTES) * results;
    for (name, value) in [
        ("x_base", wrapped(i64::from(placed.input) + inputs)),
        ("x_y", top),
        ("x_x", left),
        ("x_height", placed.inputs.end(ROWS).into()),
        ("x_width", placed.inputs.end(COLUMNS).into()),
        ("w_base", placed.weights.into()),
        ("y_base", i64::from(placed.output) + results),
        ("r_base", if work.residual { i64::from(placed.residual) + results } else { 0 }),
        ("s_base", if mapping.spills() { sums } else { 0 }),
        ("p_base", placed.parameters.into()),
        ("p_rows", placed.parameter_rows.into()),
        ("s_read", part.reads.into()),
        ("s_write", part.writes.into()),
    ] {
        registers.set(name, value);
    }
    for (name, value) in mapper::nests::extents(mapping, &part.size) {
        registers.set(name, value);
    }
}
