//! Descriptor registers from places: what a transfer copies, and what an `EXEC` finds where.

use crate::plan::{Part, Planned};
use mapper::{Dim, Registers, Work};
use spec::isa::table::{Queue, SUM_BYTES};

/// Where a layer's tensors lie while a part is computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Placed {
    /// Where input row 0 lies or would lie.
    pub input: i64,
    /// The rows of the input that are there: first and end.
    pub input_rows: (u32, u32),
    /// Where the part's first output row lies.
    pub output: u32,
    /// Where the partial sums of the part's first output row lie, where those are stored.
    pub sums: u32,
    /// Where the residual of the part's first output row lies.
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

/// Sets the registers that say where tensors lie and how large the part is.
pub fn place(registers: &mut Registers, planned: &Planned, part: &Part, placed: &Placed) {
    let (work, spills) = (&planned.mapping.layer, planned.mapping.spills());
    let pixel = i64::from(work.in_channels());
    let row = pixel * i64::from(work.input[1]);
    let top = i64::from(part.y.0 * work.stride[0]) - i64::from(work.padding[0]);
    let left = -i64::from(work.padding[1]);
    let channel = |per_group: u32| i64::from(part.g.0 * per_group);
    let results = channel(work.size[Dim::K]) + i64::from(part.k.0);
    let wrapped = |address: i64| address.rem_euclid(1 << spec::isa::table::BUFFER_BITS);
    for (name, value) in [
        ("x_base", wrapped(placed.input + top * row + left * pixel + channel(work.size[Dim::C]))),
        ("x_y", top),
        ("x_height", placed.input_rows.1.into()),
        ("w_base", placed.weights.into()),
        ("y_base", i64::from(placed.output) + results),
        ("r_base", if work.residual { i64::from(placed.residual) + results } else { 0 }),
        ("s_base", if spills { i64::from(placed.sums) + i64::from(SUM_BYTES) * results } else { 0 }),
        ("p_base", placed.parameters.into()),
        ("p_rows", placed.parameter_rows.into()),
    ] {
        registers.set(name, value);
    }
    let mut size = planned.mapping.tile;
    (size[Dim::G], size[Dim::K], size[Dim::OY]) = (part.g.1, part.k.1, part.y.1);
    for (name, value) in mapper::nests::extents(&planned.mapping, &size) {
        registers.set(name, value);
    }
}
