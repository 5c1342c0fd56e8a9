//! Negative controls: one wrong mask in any engine is found on the netlists of the campaign, and made small.
//!
//! An engine is made wrong where it works, without its help. What generates code, or lowers lanes, is given the plan with
//! one value a bit wider than it is, so that a bit passes what should cut it; everything else keeps the right plan.
//! The interpreter is given the layout with one extension by zeros that extends by the sign.

use std::sync::Arc;

use hdl::random::{hierarchy, Random};
use hdl::Module;

use super::backend::Backend;
use super::cpu::Cpu;
use super::fuzz::{compare, CYCLES, MOST, SIZE};
use super::plan::Plan;
use super::words::{bytes, Node, Op};
use super::Native;
use crate::flat::{Flat, Source};
use crate::lockstep::{difference, report, Stimulus};
use crate::Interpreter;

/// Netlists that are tried, a wrong mask in each.
const NETLISTS: u64 = 20;

/// Of these so many must be found. In the others nobody looks at the bit, or it is never set.
const FOUND: usize = 4;

/// Whether a value is cut to its width, and one more bit is no more bytes.
fn is_cut(node: &Node) -> bool {
    let is_cut =
        matches!(node.op, Op::Not(_) | Op::Add(..) | Op::Sub(..) | Op::Mul(..) | Op::Shl(..) | Op::Sext(_));
    is_cut && node.width < 64 && bytes(node.width + 1) == bytes(node.width)
}

/// By value: whether a bit above its width would be seen by a value of as many lanes that is computed from it.
fn is_seen(plan: &Plan) -> Vec<bool> {
    let mut is_seen = vec![false; plan.netlist.nodes.len()];
    for node in &plan.netlist.nodes {
        let sees = matches!(node.op, Op::Eq(..) | Op::Less(..) | Op::Zext(_) | Op::Concat(..) | Op::Shr(..));
        node.op.direct().filter(|_| sees).for_each(|id| is_seen[id as usize] = true);
    }
    is_seen
}

/// The plan with some of the values that are cut, those with lanes or those without, taken to be a bit wider.
fn with_wrong_masks(plan: &Plan, has_lanes: bool, chosen: impl Fn(usize) -> Vec<usize>) -> Option<Plan> {
    let mut wrong = plan.clone();
    let is_seen = is_seen(plan);
    let is_one = |id: &u32| {
        let node = &plan.netlist.nodes[*id as usize];
        (node.lanes > 1) == has_lanes && is_cut(node) && is_seen[*id as usize]
    };
    let all: Vec<u32> = (0..plan.netlist.nodes.len() as u32).filter(is_one).collect();
    if all.is_empty() {
        return None;
    }
    chosen(all.len()).into_iter().for_each(|index| wrong.netlist.nodes[all[index] as usize].width += 1);
    Some(wrong)
}

/// Where a mask may be wrong.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// In machine code of single values.
    Code,
    /// In machine code of vectors.
    Vectors,
    /// In the interpreter of single values.
    Portable,
    /// In the loops over lanes.
    Lanes,
}

/// An engine with faults in one part of it; nothing where the netlist gives no occasion.
fn wrong(module: &Arc<Module>, fault: Fault, chosen: impl Fn(usize) -> Vec<usize>) -> Option<Native> {
    let mut native = match fault {
        Fault::Code | Fault::Vectors => Native::new(module),
        Fault::Portable | Fault::Lanes => Native::portable(module),
    };
    let has_lanes = matches!(fault, Fault::Vectors | Fault::Lanes);
    let plan = with_wrong_masks(&native.lowered.plan, has_lanes, chosen)?;
    let segments = &native.lowered.segments;
    match fault {
        Fault::Code | Fault::Vectors => native.backend = Backend::new(&plan, segments, Cpu::host()),
        Fault::Portable => native.lowered.plan = plan,
        Fault::Lanes => native.backend = Backend::new(&plan, segments, Cpu::without_code()),
    }
    Some(native)
}

/// Faults of one kind that are found, one in each of the netlists.
fn found(fault: Fault) -> usize {
    let is_found = |seed: &u64| {
        let module = hierarchy(*seed, SIZE);
        let inputs = Stimulus::random(&module, *seed, CYCLES);
        let one = |count: usize| vec![Random::new(*seed).below(count)];
        let engine = wrong(&module, fault, one);
        engine.is_some_and(|engine| compare(&module, &mut [engine], &inputs).is_some())
    };
    (1..=NETLISTS).filter(is_found).count()
}

#[test]
fn one_wrong_mask_is_found_in_each_engine() {
    for fault in [Fault::Code, Fault::Vectors, Fault::Portable, Fault::Lanes] {
        if cfg!(not(feature = "jit")) && matches!(fault, Fault::Code | Fault::Vectors) {
            continue;
        }
        let found = found(fault);
        println!("{fault:?}: {found} of {NETLISTS} wrong masks are found");
        assert!(found >= FOUND, "{fault:?}: only {found} of {NETLISTS} wrong masks are found");
    }
}

/// The interpreter, with one of its extensions by zeros an extension by the sign.
fn wrong_interpreter(module: &Arc<Module>, seed: u64) -> Interpreter {
    let mut flat = Flat::new(module);
    let is_extension = |source: &Source| match source {
        Source::Computed { module, node, .. } => matches!(module.node(*node).op, hdl::Op::Zext(_)),
        _ => false,
    };
    let all: Vec<usize> = (0..flat.sources.len()).filter(|slot| is_extension(&flat.sources[*slot])).collect();
    let slot = all[Random::new(seed).below(all.len())];
    if let Source::Computed { module, node, .. } = &mut flat.sources[slot] {
        let to = module.node(*node).width;
        let from = module.node(module.node(*node).op.operands()[0]).width;
        let b = hdl::Builder::new("other", "The other extension.");
        b.output("y", &b.input("x", from, "anything").sext(to), "extended by its sign");
        *module = b.finish().expect("a correct description");
        *node = module.outputs()[0].node;
    }
    Interpreter::of(module, flat)
}

#[test]
fn one_wrong_mask_is_found_in_the_interpreter() {
    let is_found = |seed: &u64| {
        let module = hierarchy(*seed, SIZE);
        let inputs = Stimulus::random(&module, *seed, CYCLES);
        let mut wrong = wrong_interpreter(&module, *seed);
        difference(&mut wrong, &mut [&mut Native::portable(&module)], &inputs).is_some()
    };
    let found = (1..=NETLISTS).filter(is_found).count();
    println!("interpreter: {found} of {NETLISTS} wrong masks are found");
    assert!(found >= FOUND, "only {found} of {NETLISTS} wrong masks are found");
}

#[test]
fn what_is_wrong_is_brought_down_to_a_few_values() {
    for fault in [Fault::Code, Fault::Lanes] {
        if cfg!(not(feature = "jit")) && matches!(fault, Fault::Code) {
            continue;
        }
        let compare = |module: &Arc<Module>, inputs: &Stimulus| {
            let engine = wrong(module, fault, |count| (0..count).collect())?;
            compare(module, &mut [engine], inputs)
        };
        let seed = (1..=NETLISTS).find(|seed| {
            let module = hierarchy(*seed, SIZE);
            compare(&module, &Stimulus::random(&module, *seed, CYCLES)).is_some()
        });
        let seed = seed.expect("it is found");
        let text = report(&hierarchy(seed, SIZE), seed, CYCLES, MOST, compare);
        println!("{text}");
        let values = |line: &&str| line.trim_start().starts_with('v') && line.contains(" = ");
        let listed = text.lines().filter(values).count();
        // Below four instances in a row there are no lanes, so these and their sum stay.
        let most = if matches!(fault, Fault::Code) { 8 } else { 30 };
        assert!((1..=most).contains(&listed), "{text}");
        assert!(
            text.contains("module ") && text.contains("cycle 0: ") && text.contains("endmodule"),
            "{text}"
        );
    }
}
