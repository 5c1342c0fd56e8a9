//! `docs/config.md`, printed from the table of keys.

use super::check::BANKS_PER_CHUNK;
use super::keys::{self, Absent, Key, Range, KEYS};
use crate::op::Op;

/// The page.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Accelerator descriptions\n\n\
         Printed from `hw/spec/src/config/keys.rs`; do not edit (`make bless` rewrites it). Examples are in \
         `hw/configs/`.\n\n\
         `<chunk>` stands for `clp`, `slp` or `alp`, `<op>` for `conv`, `shift` or `adder`. A key that is \
         unknown, doubled, missing or out of range is an error that shows its place.\n\n\
         | key | range | where left out | meaning |\n|---|---|---|---|\n",
    );
    for key in KEYS {
        page.push_str(&row(key));
    }
    page.push_str(&format!(
        "\n## Rules between keys\n\n\
         - `banks` is at least {BANKS_PER_CHUNK} for every chunk: inputs, weights, residuals with parameters, and results of a \
         chunk never share a bank.\n\
         - A bank is a multiple of two lines: lines lie in two planes, even and odd, so that an unaligned line costs no cycle.\n\
         - All banks together stay below 16 MiB, because buffer addresses have 24 bits.\n\
         - `line_bytes` is at least a beat of the AXI4 master.\n\
         - `post_lanes` is at most `line_bytes`, and at most the longer side of the array or, where `cols` is a power of two \
         from 4 on, twice `rows`, whichever is more.\n\
         - Where `cols` is such a number and `post_lanes` at least twice `rows`, the halves of the columns can be served at once: \
         each takes inputs of its own, and gives results of its own, in every beat.\n\n\
         ## Energies\n\n\
         The defaults are a published 45 nm table at 8 bits: a multiplication 0.2 pJ, an addition 0.03 pJ, a shift 0.024 pJ; \
         16 bits from DRAM 200 pJ, from the buffer 6 pJ, over the NoC 2 pJ, from a register file 1 pJ. A conv term is a \
         multiplication and an addition, a shift term a shift and an addition, an adder term two additions.\n\n\
         ## The hash\n\n\
         A program carries a hash of the description and the instruction set, and the hardware refuses a program with \
         another one. Name, clock and energies do not count.\n",
    ));
    page
}

fn row(key: &Key) -> String {
    let absent = match key.absent {
        Absent::Required => "error".to_string(),
        Absent::Is(value) => value.to_string(),
        Absent::WeightBits => each_op(|op| format!("{} {}", op.chunk(), op.default_weight_bits())),
        Absent::OpEnergy => each_op(|op| format!("{} {}", op.name(), keys::op_energy(op))),
        Absent::Derived(text) => text.to_string(),
    };
    let range = if key.range == Range::Section { String::new() } else { key.range_text(None) };
    format!("| `{}` | {range} | {absent} | {} |\n", key.path, key.meaning)
}

fn each_op(text: impl Fn(Op) -> String) -> String {
    Op::ALL.iter().map(|op| text(*op)).collect::<Vec<_>>().join(", ")
}
