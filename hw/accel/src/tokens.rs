//! Tokens: counters that queues signal and wait for.
//!
//! A token has one waiting queue, so there is nothing to arbitrate. Each is an instance of its own, and picks what is meant for
//! it: simulators compute equal instances side by side.

use crate::wiring::any_of;
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::TOKEN_BITS;
use std::sync::Arc;

/// Bits of a token's count; one more signal than fits stops the machine. A queue may run ahead of another by all
/// signals of an iteration, and deep networks have hundreds.
const COUNT_BITS: u32 = 16;

/// The tokens of `queues` queues.
pub fn module(accelerator: &Accelerator, queues: u32) -> Result<Arc<Module>, Errors> {
    let b =
        Builder::new("tokens", "Counting tokens between queues; one waiting and one signalling queue each.");
    let ports: Vec<Port> = (0..queues).map(|queue| Port::inputs(&b, queue)).collect();
    let token = token(queues)?;
    let tokens: Vec<InstanceHandle> = (0..accelerator.tokens)
        .map(|number| {
            let cell = b.instance(&format!("cell_{number}"), &token);
            cell.connect("number", &b.lit(TOKEN_BITS, i64::from(number)));
            (0..).zip(&ports).for_each(|(queue, port)| port.connect(&cell, queue));
            cell
        })
        .collect();
    let present: Vec<Signal> = tokens.iter().map(|token| token.out("present")).collect();
    for (queue, port) in ports.iter().enumerate() {
        b.output(&format!("there_{queue}"), &port.named.select(&present), "the token has a count");
    }
    let overflows = tokens.iter().map(|token| token.out("overflow"));
    b.output("overflow", &any_of(&b, 1, overflows), "a token was signalled too often");
    b.finish()
}

/// One token: of all queues' requests it picks those that name it.
fn token(queues: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("token", "A token: a count that one queue raises and another lowers.");
    let number = b.input("number", TOKEN_BITS, "which token this is");
    let ports: Vec<Port> = (0..queues).map(|queue| Port::inputs(&b, queue)).collect();
    let any = |strobe: fn(&Port) -> &Signal| {
        any_of(&b, 1, ports.iter().map(|port| &port.named.eq(&number) & strobe(port)))
    };
    let (gives, takes) = (any(|port| &port.gives), any(|port| &port.takes));
    let count = b.reg("count", COUNT_BITS);
    let (up, down) = (&count.q() + 1, &count.q() - 1);
    count.reset(0).enable(&(&gives ^ &takes)).next(&gives.mux(&up, &down));
    b.output("present", &count.q().any(), "it has a count");
    let overflow = &(&gives & &!&takes) & &count.q().all();
    b.output("overflow", &overflow, "it is signalled too often");
    b.finish()
}

/// What a queue asks for.
struct Port {
    named: Signal,
    gives: Signal,
    takes: Signal,
}

impl Port {
    fn inputs(b: &Builder, queue: u32) -> Port {
        Port {
            named: b.input(&format!("token_{queue}"), TOKEN_BITS, "the token that the queue's word names"),
            gives: b.input(&format!("give_{queue}"), 1, "adds one"),
            takes: b.input(&format!("take_{queue}"), 1, "takes one"),
        }
    }

    fn connect(&self, cell: &InstanceHandle, queue: u32) {
        cell.connect(&format!("token_{queue}"), &self.named)
            .connect(&format!("give_{queue}"), &self.gives)
            .connect(&format!("take_{queue}"), &self.takes);
    }
}
