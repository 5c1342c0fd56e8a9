//! A plain array, without anything of the accelerator: what a systolic or spatial array of anybody's looks like.
//!
//! `SIDE` x `SIDE` PEs of three stages, each with register files for inputs, weights and sums; buses along rows and
//! columns; a tree that adds up a column; counters that address the files; a bank of block RAM that feeds the rows.
//! It is always busy: nothing in it sleeps, so a simulator gains by how it runs equal instances alone.

use std::sync::Arc;

use hdl::{Builder, Errors, Module, Signal};

/// Rows and columns.
pub const SIDE: u32 = 16;
/// Entries of a PE's register files.
const ENTRIES: u32 = 16;
/// Bits of an address of them.
const ADDRESS: u32 = 4;

/// A PE: reads its files, multiplies, accumulates.
fn pe() -> Result<Arc<Module>, Errors> {
    let b = Builder::new("pe", "Three stages: read, multiply, accumulate.");
    let (row, column) = (b.input("row_bus", 8, "an input"), b.input("column_bus", 8, "a weight"));
    let at = b.input("at", ADDRESS, "entry that is written");
    let from = b.input("from_entry", ADDRESS, "entry that is read");
    let clears = b.input("clears", 1, "a new sum begins");
    let [inputs, weights] = ["inputs", "weights"].map(|name| b.memory(name, 8, ENTRIES));
    inputs.write(&at, &row, &b.one());
    weights.write(&at, &column, &b.one());
    let x = b.delay("x", &inputs.read(&from));
    let w = b.delay("w", &weights.read(&from));
    let product = b.delay("product", &x.mul_s(&w));
    let sums = b.memory("sums", 24, ENTRIES);
    let late =
        |name: &str, signal: &Signal| b.delay(&format!("{name}_2"), &b.delay(&format!("{name}_1"), signal));
    let (entry, begins) = (late("entry", &from), late("begins", &clears));
    let sum = &begins.mux(&b.zero(24), &sums.read(&entry)) + &product.sext(24);
    sums.write(&entry, &sum, &b.one());
    b.output("sum", &b.delay("out", &sum), "the sum as it is now");
    b.finish()
}

/// A bank of block RAM that is written and read in every cycle.
fn bank() -> Result<Arc<Module>, Errors> {
    let b = Builder::new("bank", "A bank of block RAM.");
    let words = b.memory("words", 8 * SIDE, 256);
    let at = b.input("at", 8, "what is written");
    words.write(&at, &b.input("data", 8 * SIDE, "the word"), &b.one());
    b.output(
        "word",
        &words.read_sync("word_q", &b.input("from_entry", 8, "what is read"), &b.one()),
        "a word",
    );
    b.finish()
}

/// The array; `stimulus` feeds it, `checksum` depends on all that it computes.
///
/// # Errors
/// None, unless this description is wrong.
pub fn module() -> Result<Arc<Module>, Errors> {
    let (pe, bank) = (pe()?, bank()?);
    let b = Builder::new("plain_array", "A plain array of PEs.");
    let stimulus = b.input("stimulus", 8 * SIDE, "what feeds the array");
    let cycle = b.reg("cycle", 12);
    cycle.next(&(&cycle.q() + 1));
    let counts = cycle.q();
    let bank = b.instance("bank_0", &bank);
    bank.connect("at", &counts.slice(0, 8)).connect("data", &stimulus);
    bank.connect("from_entry", &counts.slice(1, 8));
    let word = bank.out("word");
    let clears = counts.slice(ADDRESS, 4).is_zero();
    let byte = |of: &Signal, index: u32| of.slice(8 * index, 8);
    let mut columns = Vec::new();
    for column in 0..SIDE {
        let sums = (0..SIDE).map(|row| {
            let one = b.instance(&format!("pe_{row}_{column}"), &pe);
            one.connect("row_bus", &byte(&word, row)).connect("column_bus", &byte(&stimulus, column));
            one.connect("at", &counts.slice(0, ADDRESS)).connect("from_entry", &counts.slice(2, ADDRESS));
            one.connect("clears", &clears).out("sum")
        });
        columns.push(b.delay(&format!("column_{column}"), &tree(sums.collect())));
    }
    let checksum = b.reg("checksum", 32);
    let mixed = columns.iter().fold(checksum.q(), |sum, column| {
        let turned = sum.slice(0, 31).cat(&sum.bit(31));
        &turned ^ &column.sext(32)
    });
    checksum.next(&mixed);
    b.output("checksum", &checksum.q(), "mixes all sums of columns");
    b.finish()
}

/// Adds neighbours until one is left.
fn tree(mut sums: Vec<Signal>) -> Signal {
    while sums.len() > 1 {
        sums = sums.chunks(2).map(|pair| if let [a, b] = pair { a + b } else { pair[0].clone() }).collect();
    }
    sums.swap_remove(0)
}
