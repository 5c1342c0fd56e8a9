//! Netlists that were wrong once, or are close to a limit.

use std::sync::Arc;

use hdl::Module;

use super::fuzz::{differs, engines};
use super::Native;

/// Compares all engines on a module, on many random inputs.
#[track_caller]
fn agrees(module: &Arc<Module>) {
    for seed in 1..40 {
        assert_eq!(differs(module, &mut engines(module), seed), None, "seed {seed}");
    }
}

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
    agrees(&counted_memories());
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

#[test]
fn one_of_many_may_be_something_that_each_user_computes_anew() {
    let b = hdl::Builder::new("chosen", "Whether one of twenty counters is 0.");
    let (which, counts) = (b.input("which", 5, "which of them"), b.input("counts", 20, "those that count"));
    let all: Vec<_> = (0..20)
        .map(|i| {
            let count = b.reg(&format!("count_{i}"), 2);
            count.enable(&counts.bit(i)).next(&(&count.q() + 1));
            count.q().any()
        })
        .collect();
    b.output("any", &which.select(&all), "of the one, or 0 where there is none");
    b.output("next", &(&which + 1).select(&all), "of the next");
    let wide: Vec<_> = all.iter().map(|any| any.zext(9)).collect();
    b.output("wide", &which.select(&wide), "the first as a number");
    agrees(&b.finish().expect("a correct description"));
}

#[test]
fn what_only_a_held_register_needs_is_made_up_for() {
    let b = hdl::Builder::new("held", "Sums that are taken at times.");
    let (x, y) = (b.input("x", 16, "a number"), b.input("y", 16, "a number"));
    let takes = b.input("takes", 1, "takes the sum");
    let sum = |of: &hdl::Signal, other: &hdl::Signal| {
        (0..20).fold(of.clone(), |sum, i| if i % 3 == 0 { &sum + other } else { &sum ^ of })
    };
    let [held, reset, own, seen] = ["held", "reset", "own", "seen"].map(|name| b.reg(name, 16));
    held.enable(&takes).next(&sum(&x, &y));
    reset.reset(77).enable(&takes).next(&sum(&y, &x));
    // Enabled by a value of its own cone.
    let decided = sum(&x, &own.q());
    own.enable(&decided.bit(3)).next(&sum(&decided, &y));
    // Of its cone one value goes out, one into a memory, and one is chosen among many.
    let (shown, stored) = (sum(&y, &seen.q()), sum(&seen.q(), &x));
    let cells = b.memory("cells", 16, 8);
    cells.write(&x.slice(0, 3), &stored, &takes);
    let all: Vec<_> = (0..12).map(|i| sum(&(&x + i), &shown)).collect();
    seen.reset(5).enable(&takes).next(&(&x.slice(4, 4).select(&all) ^ &stored));
    b.output("shown", &shown, "a value of a cone");
    b.output("stored", &cells.read(&y.slice(0, 3)), "a cell");
    for (name, register) in [("a", &held), ("b", &reset), ("c", &own), ("d", &seen)] {
        b.output(name, &register.q(), "a register");
    }
    agrees(&b.finish().expect("a correct description"));
}

/// Registers by the hundred, of which some are held while their neighbours change, with one user or with many.
#[test]
fn edges_of_a_table_and_others_move_what_they_should() {
    let b = hdl::Builder::new("edges", "Many registers.");
    let (x, holds) = (b.input("x", 8, "a number"), b.input("holds", 8, "those that are held"));
    let mut before = x.clone();
    let mut sums = Vec::new();
    for i in 0..170u32 {
        let register = b.reg(&format!("register_{i}"), 8);
        register.enable(&!&holds.bit(i % 8)).next(&(&before + i64::from(i)));
        before = register.q();
        sums.push(&(0..i % 7).fold(before.clone(), |sum, _| &sum + &x) ^ &holds);
    }
    // The first register has users everywhere.
    let wide = b.reg("wide", 8);
    wide.next(&x);
    for (i, sum) in sums.iter().enumerate() {
        let last = b.delay(&format!("last_{i}"), &(sum ^ &wide.q()));
        b.output(&format!("sum_{i}"), &last, "a sum");
    }
    let module = b.finish().expect("a correct description");
    agrees(&module);
    let [code, _, with_edges, _] = &engines(&module);
    let in_place = code.lowered.plan.is_in_place.iter().filter(|is_in_place| **is_in_place).count();
    assert!(in_place > 170, "{in_place} registers are written in place");
    let edges = &with_edges.lowered.plan.edges;
    let simple = edges.iter().filter(|edge| edge.is_simple()).count();
    assert!(
        simple > super::plan::FLAGS && simple % super::plan::FLAGS > 0 && simple < edges.len(),
        "{simple} of {}",
        edges.len()
    );
}

/// Four memories, written in parts.
#[test]
fn masks_of_equal_memories_have_lanes() {
    let cells = {
        let b = hdl::Builder::new("cells", "Sixteen numbers, written in parts.");
        let (address, data) = (b.input("address", 4, "which"), b.input("data", 32, "what is written"));
        let numbers = b.memory("numbers", 32, 16);
        let writes = b.input("writes", 1, "writes");
        numbers.write_masked(&address, &data, &writes, &b.input("mask", 4, "the parts"), 8);
        b.output("number", &numbers.read(&address), "the number");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("masked", "Memories side by side.");
    let (address, data) = (b.input("address", 4, "which"), b.input("data", 32, "what is written"));
    for i in 0..4 {
        let one = b.instance(&format!("cells_{i}"), &cells);
        let mask = b.delay(&format!("mask_{i}_q"), &b.input(&format!("mask_{i}"), 4, "the parts"));
        one.connect("address", &address).connect("data", &data).connect("mask", &mask);
        one.connect("writes", &b.input(&format!("writes_{i}"), 1, "writes"));
        b.output(&format!("number_{i}"), &one.out("number"), "the number");
    }
    let module = b.finish().expect("a correct description");
    agrees(&module);
    let netlist = &Native::new(&module).lowered.plan.netlist;
    let mask = netlist.memories[0].writes[0].mask.expect("a mask");
    let op = netlist.nodes[mask as usize].op;
    assert!(!matches!(op, super::words::Op::Gather(_)), "{op:?} is put together of single values");
}

/// Instances of a register that takes its input.
fn numbers(count: u32) -> (hdl::Builder, Vec<hdl::InstanceHandle>) {
    let one = {
        let b = hdl::Builder::new("one", "A number.");
        let number = b.reg("n", 8);
        number.next(&b.input("x", 8, "what it becomes"));
        b.output("n", &number.q(), "the number");
        b.output("turned", &!&number.q(), "its complement");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("numbers", "Numbers side by side.");
    let x = b.input("x", 8 * count, "what they become");
    let numbers = (0..count).map(|i| b.instance(&format!("one_{i}"), &one));
    let numbers: Vec<_> = numbers.collect();
    for (i, number) in (0..).zip(&numbers) {
        number.connect("x", &x.slice(8 * i, 8));
    }
    (b, numbers)
}

/// Four memories side by side that take the second to fifth of eight registers: what is written begins within a word.
#[test]
fn memories_may_take_some_lanes_of_a_value() {
    let (b, numbers) = numbers(8);
    let cells = {
        let b = hdl::Builder::new("cells", "Sixteen numbers.");
        let (address, data) = (b.input("address", 4, "which"), b.input("data", 8, "what is written"));
        let cells = b.memory("cells", 8, 16);
        cells.write(&address, &data, &b.input("writes", 1, "writes"));
        b.output("number", &cells.read(&address), "the number");
        b.finish().expect("a correct description")
    };
    let (address, writes) = (b.input("address", 4, "which"), b.input("writes", 1, "writes"));
    for i in 0..4 {
        let one = b.instance(&format!("cells_{i}"), &cells);
        one.connect("address", &address).connect("writes", &writes);
        one.connect("data", &numbers[1 + i].out("n"));
        b.output(&format!("number_{i}"), &one.out("number"), "a number");
    }
    agrees(&b.finish().expect("a correct description"));
}

/// More registers than a vector has lanes take values that are put together of single ones; nothing but they wake who
/// looks at them.
#[test]
fn registers_that_take_gathered_values_wake_their_users() {
    let (b, numbers) = numbers(20);
    for (i, number) in numbers.iter().enumerate() {
        b.output(&format!("turned_{i}"), &number.out("turned"), "a complement");
    }
    agrees(&b.finish().expect("a correct description"));
}

/// Registers that take the same value, one of them where the other was set before.
#[test]
fn a_register_is_not_written_before_another_has_looked_at_it() {
    let pair = {
        let b = hdl::Builder::new("pair", "Two bits.");
        let value = &b.input("x", 1, "a bit") ^ &b.input("y", 1, "another");
        let (first, second) = (b.reg("first", 1), b.reg("second", 1));
        first.next(&value);
        second.enable(&first.q()).next(&value);
        b.output("first", &first.q(), "the last bit");
        b.output("second", &second.q(), "the last bit behind a 1");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("pairs", "Pairs side by side.");
    let (x, y) = (b.input("x", 8, "bits"), b.input("y", 8, "others"));
    for i in 0..8 {
        let one = b.instance(&format!("pair_{i}"), &pair);
        one.connect("x", &x.bit(i)).connect("y", &y.bit(i));
        for name in ["first", "second"] {
            b.output(&format!("{name}_{i}"), &one.out(name), "a bit");
        }
    }
    agrees(&b.finish().expect("a correct description"));
}
