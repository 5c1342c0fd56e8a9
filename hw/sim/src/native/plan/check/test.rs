//! Plans of random netlists are legal, until something is wrong with them.

use super::super::super::pipeline::lower;
use super::*;
use crate::watch::Probes;
use hdl::random::hierarchy;

/// Plans of random netlists, with `wrong` done to each that gives occasion to it.
fn broken(wrong: impl Fn(&mut Plan) -> bool) -> Vec<Result<(), String>> {
    let plans = (1..=20).map(|seed| lower(&hierarchy(seed, 60), None, |_, _| {}).plan);
    plans.filter_map(|mut plan| wrong(&mut plan).then(|| plan.check())).collect()
}

/// The same without registers that are written in place.
fn broken_with_edges(wrong: impl Fn(&mut Plan) -> bool) -> Vec<Result<(), String>> {
    let watched = |seed| lower(&hierarchy(seed, 60), Some(&Probes::new()), |_, _| {}).plan;
    let plans = (1..=10).map(watched);
    plans.filter_map(|mut plan| wrong(&mut plan).then(|| plan.check())).collect()
}

#[track_caller]
fn all_say(what: &str, results: &[Result<(), String>]) {
    assert!(results.len() >= 3, "an occasion");
    for result in results {
        assert!(result.as_ref().is_err_and(|error| error.contains(what)), "{result:?}");
    }
}

#[test]
fn what_the_passes_make_is_legal() {
    assert_eq!(broken(|_| true), vec![Ok(()); 20]);
    assert_eq!(broken_with_edges(|_| true), vec![Ok(()); 10]);
}

#[test]
fn a_user_that_is_not_woken_is_found() {
    let export = |plan: &mut Plan| {
        let mut exports = plan.exports.iter_mut().flatten().filter(|export| !export.wakes.is_empty());
        exports.next().map(|export| export.wakes.pop()).is_some()
    };
    all_say("does not wake it", &broken(export));
    let edge = |plan: &mut Plan| {
        let mut edges = plan.edges.iter_mut().filter(|edge| !edge.wakes.is_empty());
        edges.next().map(|edge| edge.wakes.clear()).is_some()
    };
    all_say("does not wake it", &broken_with_edges(edge));
    let later = |plan: &mut Plan| {
        let mut groups = plan.written.iter_mut().flatten().filter(|of| !of.wakes.is_empty());
        groups.next().map(|of| of.wakes.clear()).is_some()
    };
    all_say("does not wake it", &broken(later));
    let reader = |plan: &mut Plan| plan.readers.iter_mut().find_map(|readers| readers.pop()).is_some();
    all_say("a write of which", &broken(reader));
}

#[test]
fn what_is_moved_over_something_else_is_found() {
    let edge = |plan: &mut Plan| {
        let short = plan.edges.iter_mut().find(|edge| edge.states.len() == 1 && edge.is_simple());
        short.map(|edge| edge.next += 1).is_some()
    };
    let moved = broken_with_edges(edge);
    assert!(moved.iter().filter(|result| result.is_err()).count() >= 3, "{moved:?}");
    let order = |plan: &mut Plan| {
        let is_mixed = plan.edges.iter().any(Edge::is_simple) && !plan.edges.iter().all(Edge::is_simple);
        plan.edges.reverse();
        is_mixed
    };
    assert!(broken_with_edges(order).iter().all(Result::is_err));
}

#[test]
fn a_register_that_is_written_too_early_is_found() {
    // One that has to wait for the edge, because a later unit reads it.
    let early = |plan: &mut Plan| {
        let blocks = plan.schedule.blocks.iter().enumerate().skip(plan.schedule.shown);
        let mut states =
            blocks.flat_map(|(number, block)| block.states.iter().map(move |state| (number, *state)));
        let Some((block, state)) = states.find(|(_, state)| !plan.is_in_place[*state as usize]) else {
            return false;
        };
        let edge = &plan.edges[plan.edge_of[state as usize] as usize];
        let is_woken = |unit: &u32| plan.is_among(*unit as usize, &edge.wakes);
        let wakes = (0..plan.units as u32).filter(is_woken).collect();
        plan.written[block].push(Written { states: vec![state], wakes });
        plan.is_in_place[state as usize] = true;
        true
    };
    all_say("after it has been written", &broken(early));
    let shown = |plan: &mut Plan| {
        let Some(group) = plan.written.iter_mut().find_map(Vec::pop) else { return false };
        plan.schedule.blocks[0].states.extend(&group.states);
        plan.written[0].push(group);
        true
    };
    all_say("in place", &broken(shown));
    let forgotten = |plan: &mut Plan| plan.written.iter_mut().find_map(Vec::pop).is_some();
    all_say("register", &broken(forgotten));
}

#[test]
fn a_place_that_may_not_be_shared_is_found() {
    let shared = |plan: &mut Plan| {
        let mut states =
            plan.schedule.blocks.iter().filter(|block| block.has_lanes).flat_map(|block| &block.states);
        let held = states.find(|state| plan.netlist.states[**state as usize].enable.is_some());
        held.copied()
            .map(|state| plan.shared.insert(plan.netlist.states[state as usize].next, state))
            .is_some()
    };
    all_say("may not share", &broken(shared));
}

#[test]
fn what_lies_on_something_else_is_found() {
    let register = |plan: &mut Plan| {
        let is_any = !plan.state_at.is_empty();
        if is_any {
            plan.next_at[0] = plan.state_at[0];
        }
        is_any
    };
    all_say("lies on", &broken_with_edges(register));
    let end = |plan: &mut Plan| {
        plan.words -= 1;
        true
    };
    all_say("ends behind", &broken(end));
}
