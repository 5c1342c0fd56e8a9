//! Tokens: counters that queues signal and wait for.
//!
//! A token has one waiting queue, so there is nothing to arbitrate.

use crate::wiring::any_of;
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use std::sync::Arc;

/// Bits of a token's count; one more signal than fits stops the machine. A queue may run ahead of another by all
/// signals of an iteration, and deep networks have hundreds.
const COUNT_BITS: u32 = 16;

/// The tokens of `queues` queues.
pub fn module(accelerator: &Accelerator, queues: u32) -> Result<Arc<Module>, Errors> {
    let b =
        Builder::new("tokens", "Counting tokens between queues; one waiting and one signalling queue each.");
    let ports: Vec<[Signal; 3]> = (0..queues)
        .map(|i| {
            [
                b.input(&format!("token_{i}"), 8, "the token that the queue's word names"),
                b.input(&format!("give_{i}"), 1, "adds one"),
                b.input(&format!("take_{i}"), 1, "takes one"),
            ]
        })
        .collect();
    let mut present = Vec::new();
    let mut overflows = Vec::new();
    for token in 0..accelerator.tokens {
        let named = |strobe: usize| {
            any_of(&b, 1, ports.iter().map(|port| &port[0].eq_lit(i64::from(token)) & &port[strobe]))
        };
        let (gives, takes) = (named(1), named(2));
        let count = b.reg(&format!("count_{token}"), COUNT_BITS);
        let (up, down) = (&count.q() + 1, &count.q() - 1);
        count.reset(0).enable(&(&gives ^ &takes)).next(&gives.mux(&up, &down));
        present.push(count.q().any());
        overflows.push(&(&gives & &!&takes) & &count.q().all());
    }
    for (i, port) in ports.iter().enumerate() {
        b.output(&format!("there_{i}"), &port[0].select(&present), "the token has a count");
    }
    b.output("overflow", &any_of(&b, 1, overflows), "a token was signalled too often");
    b.finish()
}
