//! Accesses of mappings of the whole space, counted again by a walk through all steps.

use mapper::space::check::faults;
use mapper::space::{evaluate, Architecture, Dim, Factor, Hold, Layer, Mapping, Operand};
use std::collections::BTreeSet;

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

/// Pseudo-random numbers.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A mapping on one PE whose loops and boundaries the dice decide.
fn random(dice: &mut Dice) -> Mapping {
    let mut loops: Vec<Factor> = (0..2 + dice.roll(5))
        .map(|_| Factor { dim: Dim::ALL[dice.roll(8)], count: 2 + dice.roll(2) as u32 })
        .collect();
    let size = mapper::space::mapping::product(&loops);
    let hold = [0; 3].map(|_| {
        let mut reach = [0; 2].map(|_| dice.roll(loops.len() + 1));
        reach.sort_unstable();
        Hold { rf: reach[0], buffer: reach[1] }
    });
    loops.sort_by_key(|_| dice.roll(100));
    let stride = [0; 2].map(|_| 1 + dice.roll(2) as u32);
    let layer = Layer { size, stride, input: [u32::MAX; 2] };
    Mapping { layer, rows: vec![], cols: vec![], loops, hold }
}

/// The element of `operand` that a step uses, by its coordinates in each dimension.
fn element(layer: &Layer, operand: Operand, at: &[u32; 8]) -> [u32; 5] {
    let [n, g, k, c, oy, ox, fy, fx] = *at;
    match operand {
        Operand::Input => [n, g, c, oy * layer.stride[0] + fy, ox * layer.stride[1] + fx],
        Operand::Weight => [g, k, c, fy, fx],
        Operand::Sum => [n, g, k, oy, ox],
    }
}

/// Tiles that a boundary at `reach` brings in, and the elements of the first, counted step by step.
fn walked(mapping: &Mapping, operand: Operand, reach: usize) -> (usize, usize) {
    let (mut tiles, mut last, mut first) = (0, None, BTreeSet::new());
    for step in 0..mapping.steps() {
        let (mut rest, mut at, mut unit, mut outside) = (step, [0; 8], [1; 8], Vec::new());
        for (i, l) in mapping.loops.iter().enumerate() {
            let (dim, index) = (l.dim.index(), (rest % u64::from(l.count)) as u32);
            rest /= u64::from(l.count);
            at[dim] += index * unit[dim];
            unit[dim] *= l.count;
            if i >= reach && operand.moves(l.dim) {
                outside.push(index);
            }
        }
        if last.as_ref() != Some(&outside) {
            tiles += 1;
            last = Some(outside);
        }
        if tiles == 1 {
            first.insert(element(&mapping.layer, operand, &at));
        }
    }
    (tiles, first.len())
}

/// Bytes of sums that cross a boundary at `reach` upwards and back, counted step by step; `bits` of one that is
/// not finished and of one that is.
fn spilled(mapping: &Mapping, reach: usize, bits: [usize; 2]) -> [f64; 2] {
    let (tiles, elements) = walked(mapping, Operand::Sum, mapping.reach(Operand::Sum, reach));
    // Each tile comes once if all terms of its sums come while it is there.
    let sums = mapping.layer.size.iter().zip(Dim::ALL).filter(|(_, dim)| Operand::Sum.moves(*dim));
    let finished = tiles * elements == sums.map(|(size, _)| *size as usize).product::<usize>();
    let crossed = (tiles * elements * bits[usize::from(finished)] / 8) as f64;
    [crossed, if finished { 0.0 } else { crossed }]
}

#[test]
fn a_walk_through_all_steps_counts_the_same_accesses() {
    let architecture = Architecture {
        rows: 1,
        cols: 1,
        bits: [8, 8, 32],
        rf_word: [8; 3],
        buffer_word: 8,
        dram_word: 8,
        rf_bits: [1 << 30; 3],
        buffer_bits: 1 << 40,
        ..flat16()
    };
    let mut dice = Dice(1);
    for _ in 0..2_000 {
        let mapping = random(&mut dice);
        assert_eq!(faults(&mapping, &architecture), Vec::<String>::new(), "{mapping}");
        let cost = evaluate(&architecture, &mapping);
        for operand in [Operand::Input, Operand::Weight] {
            let hold = mapping.hold[operand as usize];
            let moved = |reach| {
                let (tiles, elements) = walked(&mapping, operand, reach);
                (tiles * elements) as f64
            };
            // A boundary below a loop that leaves the tile as it is moves up.
            let rf = mapping.reach(operand, hold.rf);
            let expected = [moved(rf), moved(mapping.reach(operand, hold.buffer.max(rf)))];
            let i = operand as usize;
            assert_eq!([cost.rf[i].writes, cost.dram[i].reads], expected, "{} of\n{mapping}", operand.name());
            assert_eq!([cost.buffer[i].reads, cost.buffer[i].writes], expected);
            let (reads, _) = walked(&mapping, operand, 0);
            assert_eq!(cost.rf[i].reads, reads as f64, "{} of\n{mapping}", operand.name());
        }
        let hold = mapping.hold[Operand::Sum as usize];
        let [registers, buffer] = [hold.rf, hold.buffer].map(|reach| spilled(&mapping, reach, [32, 8]));
        let i = Operand::Sum as usize;
        let terms = |spilled: [f64; 2]| spilled.map(|words| words + mapping.steps() as f64);
        let taken_up = if mapping.layer.reduces() { terms([registers[0], 0.0]) } else { [registers[0], 0.0] };
        assert_eq!([cost.rf[i].reads, cost.rf[i].writes], [taken_up[0], terms(registers)[1]], "{mapping}");
        let expected = [buffer[0] + registers[1], registers[0] + buffer[1]];
        assert_eq!([cost.buffer[i].reads, cost.buffer[i].writes], expected, "{mapping}");
        assert_eq!([cost.dram[i].writes, cost.dram[i].reads], buffer, "{mapping}");
        assert!(cost.cycles >= mapping.steps() as f64);
    }
}
