//! Why a layer costs what it costs, read off the very numbers that were predicted: the cycles of its `EXEC`s and what they
//! waited for, the gains of the counters, the bytes of its transfers. Nothing is modelled here, so the parts of a whole
//! add up to it.

pub mod lanes;
pub mod reuse;
mod sentences;

use crate::counts::Counts;
use crate::events::Waits;
use crate::exec::Times;
use crate::mapping::Mapping;
use crate::nests;
use reuse::Operand;
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::NestKind;

/// A layer, as the event model ran it for one image.
#[derive(Clone, Debug)]
pub struct Ran<'a> {
    /// The machine.
    pub accelerator: &'a Accelerator,
    /// Its chunk.
    pub chunk: &'a Chunk,
    /// Its mapping.
    pub mapping: &'a Mapping,
    /// Each of its `EXEC`s.
    pub execs: Vec<Times>,
    /// What its chunk waited for between them.
    pub waits: Waits,
    /// What its launches made the counters gain.
    pub counts: Counts,
    /// Bytes between DRAM and buffer, in the order of [`reuse::OPERANDS`].
    pub dram: [u64; 4],
    /// Cycles from the begin of its first launch to the end of its last; transfers are launches, too.
    pub span: u64,
}

/// A part of a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// As tables and JSON name it.
    pub name: &'static str,
    /// In the unit of the whole.
    pub value: u64,
}

/// What a layer costs, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Cycles from the begin of its first `EXEC` to the end of its last, by what the array did.
    pub cycles: Vec<Part>,
    /// The same in cycles of PEs, by whether they had work.
    pub pes: Vec<Part>,
    /// Cycles for which each resource of the array is needed: no schedule of this mapping takes fewer.
    pub resources: Vec<Part>,
    /// The same of DRAM, which is read before the first `EXEC` and written after the last as well: bounds of `span`.
    pub transfers: Vec<Part>,
    /// Cycles from the begin of its first transfer or `EXEC` to the end of its last.
    pub span: u64,
    /// What is moved, and how often it is used.
    pub operands: Vec<Operand>,
    /// What the numbers say.
    pub sentences: Vec<String>,
}

/// Names of [`Explanation::cycles`], each with what the array does in them.
pub const CYCLES: [(&str, &str); 10] = [
    ("compute", "it computes"),
    ("start", "an EXEC starts"),
    ("inputs", "no input tile is there"),
    ("weights", "no weight tile is there"),
    ("results", "partial sums are drained and requantised"),
    ("parameters", "the drain waits for the rows of parameters"),
    ("loads", "DRAM is read for the next part"),
    ("stores", "DRAM is written, to make room"),
    ("chunks", "another chunk makes what is read next"),
    ("instructions", "instructions are fetched and executed"),
];

/// Explains a layer.
pub fn explain(ran: &Ran<'_>) -> Explanation {
    let cycles = cycles(ran);
    let (resources, transfers) = (resources(ran), transfers(ran));
    let pes = lanes::pes(ran, total(&cycles));
    let operands = reuse::operands(ran);
    let sentences = sentences::all(ran, &cycles, &resources, &transfers);
    Explanation { cycles, pes, resources, transfers, span: ran.span, operands, sentences }
}

/// The whole that `parts` make up.
pub fn total(parts: &[Part]) -> u64 {
    parts.iter().map(|part| part.value).sum()
}

fn cycles(ran: &Ran<'_>) -> Vec<Part> {
    let get = |name: &str| ran.counts.get(name);
    let sum = |of: fn(&Times) -> u64| ran.execs.iter().map(of).sum::<u64>();
    let parameters = sum(|exec| exec.parameters);
    let Waits { loads, stores, chunks, words } = ran.waits;
    let values = [
        get("steps"),
        sum(|exec| exec.start),
        get("stall_x"),
        get("stall_w"),
        get("stall_a") + sum(|exec| exec.end) - parameters,
        parameters,
        loads,
        stores,
        chunks,
        words,
    ];
    CYCLES.iter().zip(values).map(|((name, _), value)| Part { name, value }).collect()
}

fn resources(ran: &Ran<'_>) -> Vec<Part> {
    let get = |name: &str| ran.counts.get(name);
    let drain = nests::engine(ran.mapping).nests[NestKind::Drain as usize].steps();
    let parts = [
        ("compute steps", get("steps")),
        ("input port", get("x_beats")),
        ("weight port", get("w_beats")),
        ("parameter port", ran.execs.iter().map(|exec| exec.planes).sum()),
        ("drain", drain * ran.execs.len() as u64),
    ];
    parts.into_iter().map(|(name, value)| Part { name, value }).collect()
}

/// Beats in each direction; a bus that is not aligned with the bytes takes more.
fn transfers(ran: &Ran<'_>) -> Vec<Part> {
    let beats = |counter: &str| ran.counts.get(counter).div_ceil(ran.accelerator.axi_bytes().into());
    let parts = [("DRAM reads", "ld_bytes"), ("DRAM writes", "st_bytes")];
    parts.into_iter().map(|(name, counter)| Part { name, value: beats(counter) }).collect()
}
