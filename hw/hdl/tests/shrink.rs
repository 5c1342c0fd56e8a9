//! What the shrinker leaves of a random netlist: all that is wrong with it, and little else.

use std::sync::Arc;

use hdl::random::hierarchy;
use hdl::shrink::shrink;
use hdl::{Binary, Module, Op};

/// Values, registers, memories and instances of a whole hierarchy.
fn things(top: &Arc<Module>) -> usize {
    let own = |module: &Arc<Module>| {
        module.nodes().len() + module.registers().len() + module.memories().len() + module.instances().len()
    };
    top.hierarchy().iter().map(own).sum()
}

/// The first netlists that are wrong, made small.
fn shrunk(is_wrong: fn(&Arc<Module>) -> bool) -> Vec<Arc<Module>> {
    let wrong = (1..40).map(|seed| hierarchy(seed, 30)).filter(is_wrong).take(4);
    let all: Vec<_> = wrong.map(|top| shrink(&top, 3000, is_wrong)).collect();
    assert_eq!(all.len(), 4, "too few random netlists have it");
    assert!(all.iter().all(is_wrong));
    all
}

fn has(top: &Arc<Module>, is: impl Fn(&Module, &Op) -> bool) -> bool {
    top.hierarchy().iter().any(|module| module.nodes().iter().any(|node| is(module, &node.op)))
}

#[test]
fn one_operation_is_left_of_a_netlist() {
    for top in shrunk(|top| has(top, |_, op| matches!(op, Op::Binary(Binary::LessSigned, ..)))) {
        assert!(things(&top) <= 10, "{}", hdl::listing(&top));
    }
}

#[test]
fn a_memory_keeps_what_it_needs() {
    let is_wrong = |top: &Arc<Module>| {
        let wrong = |module: &Arc<Module>| {
            let two = |memory: &hdl::Memory| memory.writes.len() == 2 && memory.depth > 2;
            module.memories().iter().any(two)
        };
        top.hierarchy().iter().any(wrong)
    };
    for top in shrunk(is_wrong) {
        assert!(things(&top) <= 12, "{}", hdl::listing(&top));
    }
}

#[test]
fn instances_stay_where_they_are_what_is_wrong() {
    let is_wrong = |top: &Arc<Module>| {
        let is_row = |module: &Arc<Module>| {
            let first = module.instances().first();
            first.is_some_and(|first| {
                let same = |instance: &&hdl::Instance| instance.module.name() == first.module.name();
                module.instances().iter().filter(same).count() >= 4
            })
        };
        top.hierarchy().iter().any(is_row)
    };
    for top in shrunk(is_wrong) {
        assert!(things(&top) <= 30, "{}", hdl::listing(&top));
    }
}

#[test]
fn a_wide_value_stays_as_wide_as_it_must_be() {
    for top in shrunk(|top| has(top, |module, op| op.operands().iter().any(|id| module.node(*id).width > 64)))
    {
        let widest = top.nodes().iter().map(|node| node.width).max();
        assert!(things(&top) <= 12 && widest < Some(130), "{}", hdl::listing(&top));
    }
}
