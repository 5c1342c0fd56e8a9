//! Netlists that were wrong once, or are close to a limit.

use std::sync::Arc;

use hdl::Module;

use super::fuzz::differs;
use super::Native;

/// Four counters, and four memories that all take the first counter for their address.
fn counted_memories() -> Arc<Module> {
    let counter = {
        let b = hdl::Builder::new("counter", "Counts.");
        let count = b.reg("count", 4);
        count.enable(&b.input("counts", 1, "counts")).next(&(&count.q() + 1));
        b.output("count", &count.q(), "the count");
        b.finish().expect("a correct description")
    };
    let memory = {
        let b = hdl::Builder::new("cells", "Sixteen numbers.");
        let address = b.input("address", 4, "which");
        let numbers = b.memory("numbers", 8, 16);
        numbers.write(&address, &b.input("data", 8, "what is written"), &b.input("writes", 1, "writes"));
        b.output("number", &numbers.read(&address), "the number");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("counted", "Memories addressed by one of several counters.");
    let (counts, data) = (b.input("counts", 4, "which count"), b.input("data", 32, "a number each"));
    let writes = b.input("writes", 1, "writes all");
    let counters: Vec<_> = (0..4).map(|i| b.instance(&format!("counter_{i}"), &counter)).collect();
    for (i, counter) in (0..).zip(&counters) {
        counter.connect("counts", &counts.bit(i));
    }
    for i in 0..4 {
        let cells = b.instance(&format!("cells_{i}"), &memory);
        cells.connect("address", &counters[0].out("count")).connect("data", &data.slice(8 * i, 8));
        cells.connect("writes", &writes);
        b.output(&format!("number_{i}"), &cells.out("number"), "the number");
        b.output(&format!("count_{i}"), &counters[i as usize].out("count"), "the count");
    }
    b.finish().expect("a correct description")
}

#[test]
fn an_address_may_be_a_lane_of_something_else() {
    let module = counted_memories();
    for seed in 1..40 {
        let engines = &mut [Native::new(&module), Native::portable(&module)];
        assert_eq!(differs(&module, engines, seed), None, "seed {seed}");
    }
}

/// Four instances of a chain of `length` sums.
fn long_chains(length: usize) -> Arc<Module> {
    let chain = {
        let b = hdl::Builder::new("chain", "A long sum.");
        let (x, kept) = (b.input("x", 8, "added again and again"), b.reg("kept", 8));
        let sum = (0..length).fold(kept.q(), |sum, i| if i % 2 == 0 { &sum + &x } else { &sum ^ &x });
        kept.next(&sum);
        b.output("y", &kept.q(), "the sum");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("chains", "Chains side by side.");
    for i in 0..4 {
        let one = b.instance(&format!("chain_{i}"), &chain);
        one.connect("x", &b.input(&format!("x_{i}"), 8, "a number"));
        b.output(&format!("y_{i}"), &one.out("y"), "its sum");
    }
    b.finish().expect("a correct description")
}

#[test]
fn logic_may_be_deeper_than_a_stack() {
    let module = long_chains(20_000);
    assert_eq!(differs(&module, &mut [Native::new(&module)], 1), None);
}
