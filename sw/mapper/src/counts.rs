//! What the hardware's counters gain with a launch, from its nests and registers alone: every step of every nest
//! is taken as the hardware takes it. Counts do not depend on time, so they hold with any memory.
//!
//! The four kinds of accesses of a layer are sums of them, each in the unit in which the hardware counts:
//!
//! | | unit | counters |
//! |---|---|---|
//! | `dram` | bytes loaded and stored, without instructions | `ld_bytes + st_bytes` |
//! | `gb` | bytes read and written by the chunk; its loads and stores are the bytes of `dram` once more | `x_bytes + w_bytes + r_bytes + y_bytes` |
//! | `noc` | beats on the buses between buffer and array | `x_beats + w_beats + y_beats` |
//! | `rf` | reads and writes of register files in PEs | `rf` |

use crate::registers::Registers;
use spec::accelerator::{Accelerator, Chunk};
use spec::counters::{index_of, CHUNK_COUNTERS};
use spec::isa::table::{NestKind, COORDINATE_BITS, LANE_BITS, PARAMETER_BYTES};
use spec::nest::Nest;

/// Register-file accesses of a term: two operands and a partial sum are read, the sum is written.
const ACCESSES_PER_TERM: u64 = 4;

/// Kinds of accesses, and the counters that they are the sums of.
pub const ACCESSES: &[(&str, &[&str])] = &[
    ("dram", &["ld_bytes", "st_bytes"]),
    ("gb", &["x_bytes", "w_bytes", "r_bytes", "y_bytes"]),
    ("noc", &["x_beats", "w_beats", "y_beats"]),
    ("rf", &["rf"]),
];

/// Counters whose gain depends on when tiles become available: [`crate::exec`] knows of these.
const TIMES: &[&str] = &["busy", "stall_x", "stall_w", "stall_a"];

/// What each counter of a chunk gains, in the order of `CHUNK_COUNTERS`; 0 for those that count time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts(pub [u64; CHUNK_COUNTERS.len()]);

impl Default for Counts {
    fn default() -> Counts {
        Counts([0; CHUNK_COUNTERS.len()])
    }
}

impl Counts {
    /// Whether the counter `name` counts events, not time.
    pub fn predicts(name: &str) -> bool {
        !TIMES.contains(&name)
    }

    /// The gain of counter `name`.
    pub fn get(&self, name: &str) -> u64 {
        self.0[index_of(name)]
    }

    /// The accesses of one kind of [`ACCESSES`]: the sum of its counters.
    pub fn accesses(&self, counters: &[&str]) -> u64 {
        counters.iter().map(|name| self.get(name)).sum()
    }

    /// Adds what another launch makes the counters gain.
    pub fn add(&mut self, other: &Counts) {
        self.0.iter_mut().zip(other.0).for_each(|(sum, gain)| *sum += gain);
    }

    fn set(&mut self, name: &str, value: u64) {
        self.0[index_of(name)] = value;
    }

    /// Of a transfer; `counter` is that of its direction.
    pub fn of_transfer(counter: &str, registers: &Registers) -> Counts {
        let extent = |name: &str| registers.get(name).max(1) as u64;
        let mut counts = Counts::default();
        counts.set(counter, extent("planes") * extent("rows") * extent("bytes"));
        counts
    }

    /// Of an `EXEC`.
    pub fn of_exec(
        accelerator: &Accelerator,
        chunk: &Chunk,
        nests: &[Nest; 4],
        registers: &Registers,
    ) -> Counts {
        let mut counts = Counts::default();
        let nest = |kind: NestKind| &nests[kind as usize];
        let array = Array { chunk, shifts: chunk.rows > accelerator.buffer.line_bytes, registers };
        let filled = array.inputs(nest(NestKind::Input), &mut counts)
            + array.weights(nest(NestKind::Weight), &mut counts);
        array.terms(nest(NestKind::Compute), &mut counts);
        array.results(nest(NestKind::Drain), &mut counts);
        let summed = if registers.get("keep") == 1 { 1 } else { registers.get("rows") as u64 };
        let accesses = filled + ACCESSES_PER_TERM * counts.get("macs") + summed * counts.get("y_bytes");
        counts.set("rf", accesses);
        counts
    }
}

/// The array as a launch uses it.
struct Array<'a> {
    chunk: &'a Chunk,
    /// Whether a beat goes to a range of rows, where the array has more rows than a line has bytes.
    shifts: bool,
    registers: &'a Registers,
}

impl Array<'_> {
    fn get(&self, name: &str) -> i64 {
        self.registers.get(name)
    }

    /// Inputs brought to the array; accesses that write them there.
    fn inputs(&self, nest: &Nest, counts: &mut Counts) -> u64 {
        let [x_lanes, channels, stride, window] =
            ["x_lanes", "x_channels", "x_stride", "x_window"].map(|name| self.get(name));
        let [top, left, height, width] = ["x_y", "x_x", "x_height", "x_width"].map(|name| self.get(name));
        let (mut beats, mut bytes, mut taken) = (0, 0, 0);
        let [row, tag, y, x, c] = ["row", "tag", "y", "x", "c"].map(|name| place(NestKind::Input, name));
        nest.walk(|at| {
            let lanes = remaining(channels, at[c], x_lanes);
            let inside = unsigned(top + at[y], COORDINATE_BITS) < height
                && unsigned(left + at[x], COORDINATE_BITS) < width;
            beats += 1;
            bytes += if inside { lanes as u64 } else { 0 };
            taken += self.rows(at[row], lanes) * self.columns(at[tag], stride, window);
        });
        counts.set("x_beats", beats);
        counts.set("x_bytes", bytes);
        taken
    }

    /// The same of weights.
    fn weights(&self, nest: &Nest, counts: &mut Counts) -> u64 {
        let [lanes, stride] = ["w_lanes", "w_stride"].map(|name| self.get(name));
        let [row, tag] = ["row", "tag"].map(|name| place(NestKind::Weight, name));
        let (mut beats, mut taken) = (0, 0);
        nest.walk(|at| {
            beats += 1;
            taken += self.rows(at[row], lanes) * self.columns(at[tag], stride, 1);
        });
        counts.set("w_beats", beats);
        counts.set("w_bytes", beats * lanes as u64);
        taken
    }

    /// Steps, and terms of PEs that are not masked.
    fn terms(&self, nest: &Nest, counts: &mut Counts) {
        let [rows, cols, row_extent, col_extent] =
            ["rows", "cols", "row_extent", "col_extent"].map(|name| self.get(name));
        let [row, col] = ["row", "col"].map(|name| place(NestKind::Compute, name));
        let (mut steps, mut terms) = (0, 0);
        nest.walk(|at| {
            steps += 1;
            terms += (remaining(row_extent, at[row], rows) * remaining(col_extent, at[col], cols)) as u64;
        });
        counts.set("steps", steps);
        counts.set("macs", terms);
    }

    /// Results, and what is read beside them.
    fn results(&self, nest: &Nest, counts: &mut Counts) {
        let [d_lanes, channels, width, height] =
            ["d_lanes", "d_channels", "d_width", "d_height"].map(|name| self.get(name));
        let most = d_lanes.min(self.chunk.post_lanes.into());
        let [k, x, y] = ["k", "x", "y"].map(|name| place(NestKind::Drain, name));
        let (mut beats, mut bytes) = (0, 0);
        nest.walk(|at| {
            let lanes = remaining(channels, at[k], most);
            let inside =
                unsigned(at[x], COORDINATE_BITS) < width && unsigned(at[y], COORDINATE_BITS) < height;
            if inside && lanes > 0 {
                beats += 1;
                bytes += lanes as u64;
            }
        });
        let parameters =
            self.get("p_rows") as u64 * PARAMETER_BYTES as u64 * u64::from(self.chunk.post_lanes);
        counts.set("y_beats", beats);
        counts.set("y_bytes", bytes);
        counts.set("r_bytes", parameters + if self.get("residual") == 1 { bytes } else { 0 });
    }

    /// Rows that take a byte of a beat of `lanes` bytes.
    fn rows(&self, row: i64, lanes: i64) -> u64 {
        let first = if self.shifts { unsigned(row, LANE_BITS) } else { 0 };
        let behind = (first + lanes).min(self.chunk.rows.into());
        (behind - first).max(0) as u64
    }

    /// Columns that take a beat with this tag.
    fn columns(&self, tag: i64, stride: i64, window: i64) -> u64 {
        let tap = |column: u32| unsigned(tag - i64::from(column) * stride, COORDINATE_BITS);
        (0..self.chunk.cols).filter(|column| tap(*column) < window).count() as u64
    }
}

/// Where `name` stands among the accumulators of a nest.
fn place(kind: NestKind, name: &str) -> usize {
    let index = kind.accumulators().iter().position(|(accumulator, _)| *accumulator == name);
    index.unwrap_or_else(|| panic!("the {} nest has no accumulator {name}", kind.name()))
}

/// The lowest `bits` of a number.
fn unsigned(value: i64, bits: u32) -> i64 {
    value & ((1 << bits) - 1)
}

/// How much of `limit` is left at a signed position, at most `most`.
fn remaining(limit: i64, position: i64, most: i64) -> i64 {
    let half = 1 << (COORDINATE_BITS - 1);
    let position = unsigned(position + half, COORDINATE_BITS) - half;
    (limit - position).clamp(0, most)
}
