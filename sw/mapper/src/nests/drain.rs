//! The drain nest: a tile's partial sums become vectors of results, each written where its channels, column
//! and row lie in the output. Reductions outside the tile are passes over the same results.

use super::level;
use crate::layout::pitches;
use crate::mapping::Mapping;
use crate::unroll::channel;
use crate::work::Dim;
use spec::isa::table::{NestKind::Drain, FLAG_PASS, FLAG_REDUCE, FLAG_TILE};
use spec::nest::{Level, Nest};

/// The nest of a full `EXEC`.
pub fn nest(mapping: &Mapping) -> Nest {
    let mut parameters = Parameters::of(mapping);
    let (reductions, apart) = mapping.unroll.counted(&mapping.layer);
    let mut levels: Vec<Level> = reductions
        .iter()
        .map(|(digit, along)| level(Drain, digit.size, FLAG_REDUCE, &[(*along, digit.pes.into())]))
        .collect();
    levels.push(lane_beats(mapping, &mut parameters));
    for (digit, along) in apart {
        let mut strides = moved(mapping, digit.dim, digit.step.into());
        strides.extend([(along, digit.pes.into()), ("param", parameters.next(digit.dim))]);
        levels.push(level(Drain, digit.size, 0, &strides));
    }
    let mut acc = 1;
    for (index, l) in mapping.loops.iter().enumerate() {
        let inside = index < mapping.a.level;
        if l.dim.is_reduction() {
            levels.extend((!inside).then(|| level(Drain, l.bound, FLAG_TILE | FLAG_PASS, &[])));
            continue;
        }
        let mut strides = moved(mapping, l.dim, i64::from(mapping.step(index)));
        strides.extend([("acc", if inside { acc } else { 0 }), ("param", parameters.next(l.dim))]);
        levels.push(level(Drain, l.bound, if inside { 0 } else { FLAG_TILE }, &strides));
        acc *= i64::from(l.bound);
    }
    Nest { levels }
}

/// The beats of one run of neighbouring results.
fn lane_beats(mapping: &Mapping, parameters: &mut Parameters) -> Level {
    let lanes = i64::from(mapping.unroll.beats.results);
    let channel = channel(&mapping.layer, Dim::K);
    let mut strides = moved(mapping, channel, lanes);
    strides.extend([("lane", lanes), ("param", parameters.next(channel))]);
    level(Drain, mapping.unroll.result_pieces(&mapping.layer), 0, &strides)
}

/// What moving `step` elements along an output dimension changes, but for parameters.
///
/// Where there may be more groups than the part has, they are followed, to drop what is beyond.
fn moved(mapping: &Mapping, dim: Dim, step: i64) -> Vec<(&'static str, i64)> {
    let [_, group, pixel, row] = pitches(&mapping.held_outputs());
    let (bytes, position) = match dim {
        Dim::OY => (step * row, Some("y")),
        Dim::OX => (step * pixel, Some("x")),
        Dim::G => (step * group, None),
        _ => (step, None),
    };
    let position = match dim {
        dim if dim == channel(&mapping.layer, Dim::K) => Some("k"),
        Dim::G if mapping.follows_groups() => Some("g"),
        _ => position,
    };
    let mut strides = vec![("y_addr", bytes), ("r_addr", bytes)];
    strides.extend(position.map(|position| (position, step)));
    strides
}

/// A factor of a parameter row's number: of the channels of the part, innermost first.
pub struct ParameterDigit {
    /// Groups or output channels of a group.
    dim: Dim,
    /// Values.
    pub bound: u32,
    /// Elements of the dimension from one to the next.
    step: u32,
}

/// What the rows of parameters of an `EXEC` are numbered by: everything that changes the channels of a beat of results.
pub fn parameter_digits(mapping: &Mapping) -> Vec<ParameterDigit> {
    let is_channel = |dim: Dim| matches!(dim, Dim::G | Dim::K);
    let pieces = ParameterDigit {
        dim: channel(&mapping.layer, Dim::K),
        bound: mapping.unroll.result_pieces(&mapping.layer),
        step: mapping.unroll.beats.results,
    };
    let (_, apart) = mapping.unroll.counted(&mapping.layer);
    let apart = apart.iter().filter(|(digit, _)| is_channel(digit.dim));
    let apart =
        apart.map(|(digit, _)| ParameterDigit { dim: digit.dim, bound: digit.size, step: digit.step });
    let loops = mapping.loops.iter().enumerate().filter(|(_, l)| is_channel(l.dim));
    let loops = loops.map(|(i, l)| ParameterDigit { dim: l.dim, bound: l.bound, step: mapping.step(i) });
    [pieces].into_iter().chain(apart).chain(loops).collect()
}

/// Gives the levels of the nest their strides along the parameter rows, in the order of [`parameter_digits`].
struct Parameters {
    left: std::vec::IntoIter<ParameterDigit>,
    rows: i64,
}

impl Parameters {
    fn of(mapping: &Mapping) -> Parameters {
        Parameters { left: parameter_digits(mapping).into_iter(), rows: 1 }
    }

    /// The stride of the next level, which runs over `dim`.
    fn next(&mut self, dim: Dim) -> i64 {
        if !matches!(dim, Dim::G | Dim::K) {
            return 0;
        }
        let rows = self.rows;
        self.rows *= self.left.next().map_or(1, |digit| i64::from(digit.bound));
        rows
    }
}

/// The output channel of the part that lane `lane` of parameter row `row` belongs to: position along G and K.
/// It may lie beyond the part's end.
pub fn channel_of(mapping: &Mapping, row: u32, lane: u32) -> Option<[u32; 2]> {
    let digits = parameter_digits(mapping);
    let (mut at, mut rest) = ([0, 0], row);
    for digit in &digits {
        at[usize::from(digit.dim == Dim::K)] += rest % digit.bound * digit.step;
        rest /= digit.bound;
    }
    let unroll = &mapping.unroll;
    let piece = row % mapping.unroll.result_pieces(&mapping.layer) * unroll.beats.results;
    if lane >= unroll.beats.results || piece + lane >= unroll.lanes(&mapping.layer).pes {
        return None;
    }
    at[usize::from(channel(&mapping.layer, Dim::K) == Dim::K)] += lane;
    Some(at)
}
