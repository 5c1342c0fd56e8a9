//! The processing element: three register files around one op.
//!
//! ```text
//! x RF --> x_q --\
//!                 term --> + --> partial-sum RF --> result_q
//! w RF --> w_q --/
//! ```
//! Three stages: operands, term, accumulation. A PE does not know whether it has work: where a reduction ends before the
//! array does, input *and* weight are zeros, which is neutral to every op (one of them alone is not: |0 - w| is not 0);
//! other sums that nobody wants are not read. The op itself is `spec::op`, the same code as the reference executor.

use crate::wiring::address_bits;
use hdl::{Builder, Errors, Module};
use num::requant::{ACC_BITS, ACT_BITS};
use num::Num;
use spec::accelerator::Chunk;
use std::sync::Arc;

/// The PE of `chunk`.
pub fn module(chunk: &Chunk) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_pe", chunk.name()),
        &format!("One processing element: {} of an input and a weight, accumulated.", chunk.op.name()),
    );
    let x = operand(&b, "x", ACT_BITS, chunk.input_rf);
    let w = operand(&b, "w", chunk.weight_bits, chunk.weight_rf);
    let term = chunk.op.term(&x, &w);
    let term = b.delay("term", &term.fit(ACC_BITS.min(term.width())));

    let accumulate = b.input("accumulate", 1, "updates a partial sum with the term");
    let first = b.input("first", 1, "the partial sum starts from 0");
    let bits = address_bits(chunk.psum_rf);
    let address = b.input("a_entry", bits, "the partial sum");
    let drained = b.input("drain_entry", bits, "the partial sum that is read for the drain");

    let sums = b.memory("psum_rf", ACC_BITS, chunk.psum_rf);
    let before = sums.read(&address).gate(&!&first);
    let after = chunk.op.accumulate(&before, &term.sext(ACC_BITS));
    sums.write(&address, &after, &accumulate);
    b.output("result", &b.delay("result_q", &sums.read(&drained)), "the partial sum asked for a cycle ago");
    b.finish()
}

/// One operand's register file with its write port on the buses; the value read, registered.
fn operand(b: &Builder, name: &str, bits: u32, depth: u32) -> hdl::Signal {
    let port = |suffix: &str, width: u32, doc: &str| b.input(&format!("{name}_{suffix}"), width, doc);
    let data = port("bus", bits, "the row's bus");
    let row = port("row_takes", 1, "the row takes its bus");
    let column = port("column_takes", 1, "the column takes the beat");
    let entry = port("write_entry", address_bits(depth), "where it goes");
    let read = port("entry", address_bits(depth), "the entry of this step");
    let file = b.memory(&format!("{name}_rf"), bits, depth);
    file.write(&entry, &data, &(&row & &column));
    b.delay(&format!("{name}_q"), &file.read(&read))
}
