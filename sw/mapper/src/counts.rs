//! What the hardware's counters gain with a launch, from its nests and registers alone: every step of every nest
//! is taken as the hardware takes it; what an `EXEC` waits for is [`crate::exec`]'s answer. Nothing of that depends on the
//! memory's timing, so counts hold with any memory.
//!
//! The four kinds of accesses of a layer are sums of them, each in the unit in which the hardware counts:
//!
//! | | unit | counters |
//! |---|---|---|
//! | `dram` | bytes loaded and stored, without instructions | `ld_bytes + st_bytes` |
//! | `gb` | bytes read and written by the chunk; its loads and stores are the bytes of `dram` once more | `x_bytes + w_bytes + r_bytes + y_bytes` |
//! | `noc` | beats on the buses between buffer and array | `x_beats + w_beats + y_beats` |
//! | `rf` | reads and writes of register files in PEs | `rf` |

use crate::class::Class;
use crate::exec::Times;
use crate::mapping::Mapping;
use crate::nests;
use crate::registers::Registers;
use spec::accelerator::Chunk;
use spec::counters::{index_of, CHUNK_COUNTERS};
use spec::isa::table::{
    NestKind, COORDINATE_BITS, FLAG_PASS, FLAG_REDUCE, LANE_BITS, PARAMETER_BYTES, SUM_BYTES, TAP_BITS,
};
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

/// What each counter of a chunk gains, in the order of `CHUNK_COUNTERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts(pub [u64; CHUNK_COUNTERS.len()]);

impl Default for Counts {
    fn default() -> Counts {
        Counts([0; CHUNK_COUNTERS.len()])
    }
}

impl Counts {
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

    /// Of an `EXEC`; without what counts time, which [`Counts::timed`] adds.
    pub fn of_exec(chunk: &Chunk, nests: &[Nest; 4], registers: &Registers) -> Counts {
        let (mut counts, exchanged) = counted(chunk, nests, registers);
        let cleared = registers.get("x_clear") as u64 * u64::from(chunk.pes());
        let terms = ACCESSES_PER_TERM * counts.get("terms");
        counts.set("rf", exchanged.iter().sum::<u64>() + cleared + terms);
        counts
    }

    /// With what counts time.
    pub fn timed(mut self, times: &Times) -> Counts {
        let [x, w, a] = times.stalls;
        // It is busy from the cycle after the launch on.
        for (name, value) in [("busy", times.cycles - 1), ("stall_x", x), ("stall_w", w), ("stall_a", a)] {
            self.set(name, value);
        }
        self
    }
}

/// Which operand stays in the register files while an `EXEC` of `mapping` runs.
pub fn class(chunk: &Chunk, mapping: &Mapping) -> Class {
    let engine = nests::engine(mapping);
    let (counts, exchanged) = counted(chunk, &engine.nests, &engine.registers);
    Class::of(counts.get("terms") as f64, exchanged.map(|words| words as f64))
}

/// Words of inputs, weights and partial sums that register files and buffer exchange in a full `EXEC` of `mapping`.
pub fn exchanged(chunk: &Chunk, mapping: &Mapping) -> [u64; 3] {
    let engine = nests::engine(mapping);
    counted(chunk, &engine.nests, &engine.registers).1
}

/// All counts but of register files, and the words of inputs, weights and sums that those exchange with the buffer.
fn counted(chunk: &Chunk, nests: &[Nest; 4], registers: &Registers) -> (Counts, [u64; 3]) {
    let mut counts = Counts::default();
    let nest = |kind: NestKind| &nests[kind as usize];
    let array = Array { chunk, registers };
    let inputs = array.inputs(nest(NestKind::Input), &mut counts);
    let weights = array.weights(nest(NestKind::Weight), &mut counts);
    array.terms(nest(NestKind::Compute), &mut counts);
    let sums = array.results(nest(NestKind::Drain), &mut counts);
    (counts, [inputs, weights, sums])
}

/// The array as a launch uses it.
struct Array<'a> {
    chunk: &'a Chunk,
    registers: &'a Registers,
}

impl Array<'_> {
    fn get(&self, name: &str) -> i64 {
        self.registers.get(name)
    }

    /// Inputs brought to the array; accesses that write them there.
    fn inputs(&self, nest: &Nest, counts: &mut Counts) -> u64 {
        let [x_lanes, channels, slide, first] =
            ["x_lanes", "x_channels", "x_slide", "x_tag"].map(|name| self.get(name));
        let [top, left, height, width] = ["x_y", "x_x", "x_height", "x_width"].map(|name| self.get(name));
        let [kernel_rows, kernel_columns] = ["x_fy", "x_fx"].map(|name| self.get(name));
        let (mut beats, mut bytes, mut taken) = (0, 0, 0);
        let [row, tag, y, x, c, tap] =
            ["row", "tag", "y", "x", "c", "tap"].map(|name| place(NestKind::Input, name));
        let most = if self.get("x_spread") == 1 { 1 } else { x_lanes };
        let halves = self.get("x_halves") == 1;
        let mut columns = Columns::of(self, ["x_stride", "x_window"], slide == 1, halves);
        nest.walk(|at| {
            let inside = unsigned(top + at[y], COORDINATE_BITS) < height
                && unsigned(left + at[x], COORDINATE_BITS) < width
                && unsigned(at[tap] >> TAP_BITS, TAP_BITS) < kernel_rows
                && unsigned(at[tap], TAP_BITS) < kernel_columns;
            beats += 1;
            bytes += if inside { remaining(channels, at[c], most) as u64 } else { 0 };
            taken += self.rows(at[row], x_lanes) * columns.that_take(first + at[tag]);
        });
        counts.set("x_beats", beats);
        counts.set("x_bytes", bytes);
        taken
    }

    /// The same of weights.
    fn weights(&self, nest: &Nest, counts: &mut Counts) -> u64 {
        let lanes = self.get("w_lanes");
        let [row, tag] = ["row", "tag"].map(|name| place(NestKind::Weight, name));
        let (mut beats, mut taken) = (0, 0);
        let mut columns = Columns::of(self, ["w_stride", "w_window"], false, false);
        nest.walk(|at| {
            beats += 1;
            taken += self.rows(at[row], lanes) * columns.that_take(at[tag]);
        });
        counts.set("w_beats", beats);
        counts.set("w_bytes", beats * if self.get("w_spread") == 1 { 1 } else { lanes as u64 });
        taken
    }

    /// Steps, and terms of the PEs in use.
    fn terms(&self, nest: &Nest, counts: &mut Counts) {
        let pes = self.get("rows") * self.get("cols");
        counts.set("steps", nest.steps());
        counts.set("terms", nest.steps() * pes as u64);
    }

    /// Results, and what is read beside them; accesses that read partial sums.
    fn results(&self, nest: &Nest, counts: &mut Counts) -> u64 {
        let [d_lanes, channels] = ["d_lanes", "d_channels"].map(|name| self.get(name));
        let most = d_lanes.min(self.chunk.post_lanes.into());
        let limits = [("x", "d_width"), ("y", "d_height"), ("g", "d_groups")]
            .map(|(position, limit)| (place(NestKind::Drain, position), self.get(limit)));
        let k = place(NestKind::Drain, "k");
        let (mut beats, mut lanes) = (0, 0);
        nest.walk(|at| {
            let left = remaining(channels, at[k], most);
            let inside = |(position, limit): &(usize, i64)| unsigned(at[*position], COORDINATE_BITS) < *limit;
            if left > 0 && limits.iter().all(inside) {
                beats += 1;
                lanes += left as u64;
            }
        });
        // Every sum is that of as many beats, and every result has as many passes, of which one is the first and one the
        // last.
        let iterations = |flag: u32| {
            let flagged = nest.levels.iter().filter(move |level| level.flags & flag != 0);
            flagged.map(|level| u64::from(level.bound)).product::<u64>()
        };
        let sums = lanes / iterations(FLAG_REDUCE);
        let once = sums / iterations(FLAG_PASS);
        let read = if self.get("s_read") == 1 { sums } else { sums - once };
        let (written, results) = if self.get("s_write") == 1 { (sums, 0) } else { (sums - once, once) };
        let parameters =
            self.get("p_rows") as u64 * PARAMETER_BYTES as u64 * u64::from(self.chunk.post_lanes);
        let residuals = if self.get("residual") == 1 { results } else { 0 };
        counts.set("y_beats", beats);
        counts.set("y_bytes", results + u64::from(SUM_BYTES) * written);
        counts.set("r_bytes", parameters + residuals + u64::from(SUM_BYTES) * read);
        lanes * if self.get("keep") == 1 { 1 } else { self.get("d_rows") as u64 }
    }

    /// Rows that take a byte of a beat of `lanes` bytes.
    fn rows(&self, row: i64, lanes: i64) -> u64 {
        let first = unsigned(row, LANE_BITS);
        let behind = (first + lanes).min(self.chunk.rows.into());
        (behind - first).max(0) as u64
    }
}

/// The columns as they look at the tags of an operand's beats.
struct Columns {
    stride: i64,
    window: i64,
    slides: bool,
    /// How many count from 0 on: all, or those of each half, where the right one has bytes of its own.
    counted: u32,
    all: u32,
    /// The last tag, and how many columns take its beat: neighbouring beats often have the same one.
    last: (i64, u64),
}

impl Columns {
    fn of(array: &Array<'_>, registers: [&str; 2], slides: bool, halves: bool) -> Columns {
        let ([stride, window], all) = (registers.map(|name| array.get(name)), array.chunk.cols);
        let counted = if halves { all / 2 } else { all };
        Columns { stride, window, slides, counted, all, last: (-1, 0) }
    }

    /// How many take a beat with this tag.
    fn that_take(&mut self, tag: i64) -> u64 {
        let Columns { stride, window, slides, counted, all, .. } = *self;
        let tag = unsigned(tag, COORDINATE_BITS);
        if tag != self.last.0 {
            let behind = |column: u32| tag - i64::from(column % counted) * stride;
            let tap = |column: u32| if slides { behind(column) } else { -behind(column) };
            let takes = |column: &u32| unsigned(tap(*column), COORDINATE_BITS) < window;
            self.last = (tag, (0..all).filter(takes).count() as u64);
        }
        self.last.1
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
