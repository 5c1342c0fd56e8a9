//! The weight nest, and the order of weights in memory, which is the order in which it reads them first.

use super::level;
use crate::mapping::Mapping;
use crate::unroll::{Digit, Fill::Weights};
use crate::work::Sizes;
use spec::isa::table::{NestKind::Weight, FLAG_TILE};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels = entry(mapping);
    let mut bytes = i64::from(mapping.unroll.entry_bytes(&mapping.layer));
    let mut rf = 1;
    for (index, l) in mapping.loops.iter().enumerate() {
        let inside = index < mapping.w.level;
        let moves = l.dim.moves_weight();
        if !inside || moves {
            let strides = [("addr", bytes * i64::from(moves)), ("rf", rf * i64::from(inside))];
            levels.push(level(Weight, l.bound, if inside { 0 } else { FLAG_TILE }, &strides));
        }
        if moves {
            bytes *= i64::from(l.bound);
            rf *= i64::from(l.bound);
        }
    }
    Nest { levels }
}

/// The beats of one entry: all rows, then all columns, as far as they have weights of their own.
fn entry(mapping: &Mapping) -> Vec<Level> {
    let (unroll, layer) = (&mapping.unroll, &mapping.layer);
    let rows = unroll.row_run(Weights, layer);
    let (lanes, pieces) = (i64::from(unroll.beats.weights), unroll.pieces(Weights, layer));
    let mut levels = vec![level(Weight, pieces, 0, &[("addr", lanes), ("row", lanes)])];
    let mut bytes = i64::from(unroll.run_bytes(layer));
    let mut one_by_one = |digit: &Digit, along| {
        let moves = i64::from(digit.dim.moves_weight());
        levels.push(level(Weight, digit.size, 0, &[("addr", bytes * moves), (along, digit.pes.into())]));
        bytes *= if moves == 1 { i64::from(digit.size) } else { 1 };
    };
    unroll.row_digits()[rows.digits..].iter().for_each(|digit| one_by_one(digit, "row"));
    let cols = unroll.col_run(Weights);
    unroll.col_digits()[cols.digits..].iter().for_each(|digit| one_by_one(digit, "tag"));
    levels
}

/// The weights of a full `EXEC` in memory order: `at` is given the position inside the part of every byte, in
/// all seven dimensions, which may lie beyond the part's end where it is ragged.
pub fn image(mapping: &Mapping, mut at: impl FnMut(&Sizes) -> u8) -> Vec<u8> {
    let moving = mapping.loops.iter().enumerate().filter(|(_, l)| l.dim.moves_weight());
    let loops =
        moving.map(|(index, l)| Digit { dim: l.dim, size: l.bound, pes: 0, step: mapping.step(index) });
    let (run, padding, apart) = mapping.unroll.entry_order(&mapping.layer);
    let runs = offsets(&run);
    let mut bytes = Vec::with_capacity(mapping.w_bytes() as usize);
    for start in offsets(&apart.into_iter().chain(loops).collect::<Vec<_>>()) {
        bytes.extend(runs.iter().map(|offset| at(&sum(&start, offset))));
        bytes.resize(bytes.len() + padding as usize, 0);
    }
    bytes
}

/// Where every combination of digits lies, the first digit running fastest.
fn offsets(digits: &[Digit]) -> Vec<Sizes> {
    let mut offsets = vec![Sizes([0; 7])];
    for digit in digits {
        let inner = offsets.clone();
        for value in 1..digit.size {
            let moved = |offset: &Sizes| {
                let mut offset = *offset;
                offset[digit.dim] += value * digit.step;
                offset
            };
            offsets.extend(inner.iter().map(moved));
        }
    }
    offsets
}

fn sum(a: &Sizes, b: &Sizes) -> Sizes {
    Sizes(std::array::from_fn(|i| a.0[i] + b.0[i]))
}
