//! The compute nest: the loops of the mapping themselves, with where each operand's entry lies in its tile and
//! where tiles are handed on.

use super::level;
use crate::mapping::Mapping;
use crate::work::Dim;
use spec::isa::table::{NestKind::Compute, FLAG_A_NEXT, FLAG_REDUCE, FLAG_W_NEXT, FLAG_X_NEXT, FLAG_X_ROLL};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut levels: Vec<Level> = (0..mapping.loops.len()).map(|index| one(mapping, index)).collect();
    if levels.is_empty() {
        levels.push(level(Compute, 1, 0, &[]));
    }
    Nest { levels }
}

fn one(mapping: &Mapping, index: usize) -> Level {
    let l = mapping.loops[index];
    let strides = [
        ("x", x_stride(mapping, index)),
        ("w", product(mapping, index, mapping.w.level, Dim::moves_weight)),
        ("acc", product(mapping, index, mapping.a.level, |dim| !dim.is_reduction())),
    ];
    level(Compute, l.bound, flags(mapping, index), &strides)
}

fn flags(mapping: &Mapping, index: usize) -> u32 {
    let tiles = [(mapping.x, FLAG_X_NEXT), (mapping.w, FLAG_W_NEXT), (mapping.a, FLAG_A_NEXT)];
    let mut next: u32 = tiles.iter().filter(|(hold, _)| index >= hold.level).map(|(_, flag)| flag).sum();
    if mapping.rolls && index == mapping.x.level {
        next += FLAG_X_ROLL - FLAG_X_NEXT;
    }
    // Where the sums of a tile do not finish, those of the next pass start from 0 and are added on their way out.
    let sums_up = index < mapping.a.level && mapping.loops[index].dim.is_reduction();
    next + if sums_up { FLAG_REDUCE } else { 0 }
}

/// Entries from iteration to iteration of a tile that lies in the order of its loops.
fn product(mapping: &Mapping, index: usize, tile: usize, moves: impl Fn(Dim) -> bool) -> i64 {
    if index >= tile || !moves(mapping.loops[index].dim) {
        return 0;
    }
    let inner = mapping.loops[..index].iter().filter(|l| moves(l.dim));
    inner.map(|l| i64::from(l.bound)).product()
}

/// Entries from iteration to iteration of loop `index` in the input tile, which is laid out columns, rows,
/// channels.
fn x_stride(mapping: &Mapping, index: usize) -> i64 {
    if index >= mapping.x.level {
        return 0;
    }
    let [horizontal, vertical] = mapping.x_axes();
    let dim = mapping.loops[index].dim;
    let inner = mapping.below(dim, index);
    let width = horizontal.entries();
    let stride = match dim {
        Dim::K => 0,
        Dim::FX => inner,
        Dim::OX => inner * horizontal.output_step(),
        // The next row of a window that rolls is in the next tile, if a tile is one row; else it has one channel.
        Dim::FY if mapping.rolls && mapping.x_rows() == 1 => inner * mapping.x_tile(),
        Dim::FY => inner * width,
        Dim::OY => inner * vertical.output_step() * width,
        Dim::C | Dim::G => {
            let channels = mapping.loops[..index].iter().filter(|l| matches!(l.dim, Dim::C | Dim::G));
            width * mapping.x_rows() * channels.map(|l| l.bound).product::<u32>()
        }
    };
    i64::from(stride)
}
