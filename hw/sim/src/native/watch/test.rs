//! The native simulator tells of random hierarchies what the interpreter tells, whatever is watched of them.

use hdl::random::{hierarchy, Random};
use hdl::verilog::scopes;
use num::Bits;

use super::*;
use crate::native::cpu::Cpu;
use crate::{InputId, Interpreter};

type Told = Vec<(usize, Vec<u64>)>;

/// What a simulator tells in each of some cycles, in the order of the values; everything in cycle 10.
fn told(engine: &mut dyn Watch, seed: u64, flipped: Option<usize>) -> Vec<Told> {
    let random = &mut Random::new(seed);
    let mut all = Vec::new();
    for cycle in 0..40 {
        for port in 0..engine.module().inputs().len() {
            let width = engine.module().inputs()[port].width;
            let value = random.bits(width);
            if random.below(3) > 0 {
                let one = Bits::from_u64(width, u64::from(flipped == Some(cycle)));
                engine.set_bits(InputId(port), &value.xor(&one));
            }
        }
        let mut told = Vec::new();
        // The first cycles pass unwatched.
        match cycle {
            0..10 => engine.step(1),
            _ => engine.step_noting(cycle == 10, &mut |value, words| told.push((value, words.to_vec()))),
        }
        told.sort();
        all.push(told);
    }
    all
}

/// The first cycle in which different things were told, and one of them.
fn difference(a: &[Told], b: &[Told]) -> Option<(usize, String)> {
    let cycle = (0..a.len()).find(|cycle| a[*cycle] != b[*cycle])?;
    let only = |a: &Told, b: &Told| format!("{:?}", a.iter().find(|value| !b.contains(value)));
    Some((cycle, only(&a[cycle], &b[cycle]) + " and " + &only(&b[cycle], &a[cycle])))
}

#[test]
fn exactly_what_changes_is_told_whole_or_in_part() {
    let mut count = 0;
    for seed in 0..20 {
        let module = hierarchy(seed, 40);
        let scopes = scopes(&module);
        let random = &mut Random::new(seed);
        // Every instance, every other one, one alone.
        let one = random.below(scopes.len());
        let choices: [Box<dyn Fn(usize) -> bool>; 3] =
            [Box::new(|_| true), Box::new(|scope| scope % 2 == 0), Box::new(|scope| scope == one)];
        for choice in choices {
            let is_chosen: Vec<bool> = (0..scopes.len()).map(choice).collect();
            let mut reference = Interpreter::watching(&module, &scopes, &is_chosen);
            let expected = told(&mut reference, seed, None);
            count += expected.iter().map(Vec::len).sum::<usize>();
            for cpu in [Cpu::host(), Cpu::without_code()] {
                let mut native = Native::watching_with(&module, &scopes, &is_chosen, cpu);
                let widths = &native.watched().widths;
                assert_eq!(*widths, reference.watched().widths, "the same values");
                let same = difference(&told(&mut native, seed, None), &expected);
                assert_eq!(same, None, "seed {seed}, {cpu:?}");
            }
        }
    }
    assert!(count > 30_000, "only {count} values were told");
}

#[test]
fn one_input_bit_in_one_cycle_is_noticed() {
    let module = hierarchy(3, 40);
    let scopes = scopes(&module);
    let all = vec![true; scopes.len()];
    let expected = told(&mut Interpreter::watching(&module, &scopes, &all), 3, None);
    let found = told(&mut Native::watching(&module, &scopes, &all), 3, Some(20));
    assert_eq!(difference(&found, &expected).map(|(cycle, _)| cycle), Some(20));
}
