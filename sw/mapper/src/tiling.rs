//! Which part of a layer one `EXEC` computes. Inputs, results, weights and parameters of the part lie in the
//! global buffer, so a layer that is too large is cut into strips of output rows (whose inputs overlap) and
//! into ranges of groups or of output channels. A given mapping may cut other dimensions as well.

use crate::layout::elements;
use crate::mapping::Mapping;
use crate::unroll::Unroll;
use crate::work::{Dim, Sizes, Work};
use spec::accelerator::{Accelerator, Chunk};
use spec::error::grouped;

/// Bytes of the global buffer that a layer may use for each kind of data. Where a layer is cut, half of the
/// space is for the next part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Inputs; `u32::MAX` where they are in the buffer already.
    pub inputs: u32,
    /// Results, and partial sums that are not finished.
    pub outputs: u32,
    /// Weights.
    pub weights: u32,
    /// Residuals.
    pub residuals: u32,
    /// Requantise parameters.
    pub parameters: u32,
    /// Rows of the chunk's parameter memory.
    pub parameter_rows: u32,
}

impl Capacity {
    /// What a layer may use before the buffer has been divided for a whole network: each chunk has an even share, of
    /// which inputs, results and weights have a quarter each, residuals and parameters the last one.
    pub fn even(accelerator: &Accelerator, chunk: &Chunk) -> Capacity {
        let quarter = accelerator.buffer.bytes() / accelerator.chunks.len() as u32 / 4;
        Capacity {
            inputs: quarter,
            outputs: quarter,
            weights: quarter,
            residuals: quarter / 2,
            parameters: quarter / 2,
            parameter_rows: chunk.post_rows,
        }
    }
}

impl Capacity {
    /// Half of it, but for what is in the buffer anyway.
    pub fn half(&self) -> Capacity {
        let half = |bytes: u32| if bytes == u32::MAX { bytes } else { bytes / 2 };
        let Capacity { inputs, outputs, weights, residuals, parameters, parameter_rows } = *self;
        let [inputs, outputs, weights] = [inputs, outputs, weights].map(half);
        let [residuals, parameters] = [residuals, parameters].map(half);
        Capacity { inputs, outputs, weights, residuals, parameters, parameter_rows }
    }
}

/// Where inputs lie.
pub const INPUTS: &str = "the buffer for inputs";
/// Where results and partial sums lie.
pub const RESULTS: &str = "the buffer for results";
/// Where residuals lie.
pub const RESIDUALS: &str = "the buffer for residuals";
/// The resource that using fewer columns can save.
pub const WEIGHTS: &str = "the buffer for weights";

/// What does not fit, and by how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The resource: `buffer for inputs`.
    pub resource: &'static str,
    /// What the smallest legal part needs.
    pub needed: u64,
    /// What there is.
    pub available: u64,
    /// What the numbers count: `bytes`.
    pub unit: &'static str,
    /// What the smallest legal part is.
    pub part: String,
}

impl Shortage {
    /// What the user can do about it; of the buffer, only who divides it knows.
    pub fn help(&self, chunk: &Chunk) -> Option<String> {
        let Shortage { resource, needed, .. } = self;
        match *resource {
            "post_rows" => Some(format!("set chunks.{}.post_rows: {needed}", chunk.name())),
            "nest_depth" => Some(format!("set nest_depth: {needed}")),
            _ => None,
        }
    }

    /// The sentence for the user.
    pub fn sentence(&self) -> String {
        let [needed, available, short] =
            [self.needed, self.available, self.needed - self.available.min(self.needed)].map(grouped);
        let Shortage { resource, unit, part, .. } = self;
        format!("{resource}: {part} needs {needed} {unit}, there are {available} ({short} short)")
    }
}

/// The bytes that strips and ranges take.
pub struct Footprint<'a> {
    /// The layer.
    pub work: &'a Work,
    /// How it lies on the array.
    pub unroll: &'a Unroll,
    /// Bytes of a line of the buffer.
    pub line_bytes: u32,
    /// Lanes of a row of parameters.
    pub post_lanes: u32,
}

impl Footprint<'_> {
    /// Bytes of the inputs of `rows` output rows at most.
    pub fn inputs(&self, rows: u32) -> u64 {
        let window = (rows - 1) * self.work.stride[0] + self.work.size[Dim::FY];
        let rows = u64::from(window.min(self.work.input[0]));
        rows * u64::from(self.work.input[1]) * u64::from(self.work.in_channels())
    }

    /// Bytes behind its inputs that beats may read where `groups` are computed at a time: the rest of a line, and groups
    /// that the last part has no more. Where a group is one channel, beats end with the channels.
    pub fn overshoot(&self, groups: u32) -> u32 {
        let (all, channels) = (self.work.size[Dim::G], self.work.size[Dim::C]);
        let covered = u64::from(self.rounds(Dim::G, groups)) * u64::from(self.unroll.size(Dim::G));
        let last = u64::from((all - 1) / groups * groups);
        let beyond = if channels == 1 { 0 } else { (last + covered - u64::from(all)) * u64::from(channels) };
        u32::try_from(beyond + u64::from(self.line_bytes)).unwrap_or(u32::MAX)
    }

    /// Loops over `size` elements of a dimension, whose neighbours work at once as far as they lie on the array.
    fn rounds(&self, dim: Dim, size: u32) -> u32 {
        size.div_ceil(self.unroll.size(dim))
    }

    /// Bytes of `rows` output rows.
    pub fn outputs(&self, rows: u32) -> u64 {
        u64::from(rows) * u64::from(self.work.size[Dim::OX]) * u64::from(self.work.out_channels())
    }

    /// Bytes of the weights of a part.
    pub fn weights(&self, size: &Sizes) -> u64 {
        let entry = u64::from(self.unroll.entry_bytes(self.work));
        let moving = Dim::ALL.into_iter().filter(|dim| dim.moves_weight());
        moving.map(|dim| u64::from(self.rounds(dim, size[dim]))).product::<u64>() * entry
    }

    /// Bytes of all weights and parameters, which are loaded at least.
    pub fn constants(&self) -> u64 {
        let size = &self.work.size;
        self.weights(size) + self.parameters(self.parameter_rows(size[Dim::G], size[Dim::K]))
    }

    /// Rows of parameters of a range of groups and of outputs of a group.
    pub fn parameter_rows(&self, groups: u32, outputs: u32) -> u32 {
        let (_, apart) = self.unroll.counted(self.work);
        let apart = apart.iter().filter(|(digit, _)| matches!(digit.dim, Dim::G | Dim::K));
        let vectors: u32 = apart.map(|(digit, _)| digit.size).product();
        let rounds = self.rounds(Dim::G, groups) * self.rounds(Dim::K, outputs);
        rounds * vectors * self.unroll.result_pieces(self.work)
    }

    /// Bytes of so many rows of parameters.
    pub fn parameters(&self, rows: u32) -> u64 {
        u64::from(rows) * spec::isa::table::PARAMETER_BYTES as u64 * u64::from(self.post_lanes)
    }
}

/// The largest part that fits: as few strips, then as few ranges as possible.
///
/// # Errors
/// Where even one row of outputs, or the outputs of one round of the array, do not fit.
pub fn part(print: &Footprint, capacity: &Capacity) -> Result<Sizes, Shortage> {
    let mut size = print.work.size;
    size[Dim::OY] = strip(print, capacity)?;
    (size[Dim::G], size[Dim::K]) = range(print, capacity)?;
    Ok(size)
}

/// What a mapping is short of, if anything.
pub fn shortage(print: &Footprint, capacity: &Capacity, mapping: &Mapping) -> Option<Shortage> {
    let outputs = mapping.held_outputs();
    let needs = [elements(&mapping.held_inputs()), mapping.result_bytes(&outputs), elements(&outputs)];
    let part = || "what is there at once".to_string();
    let strip = strip_shortage(print, capacity, needs, 1, &part);
    strip.or_else(|| range_shortage(print, capacity, &mapping.tile, u64::from(mapping.held_weights()), 1))
}

/// What a strip is short of that takes so many bytes for inputs, results and residuals, of which `share` are there at
/// once.
fn strip_shortage(
    print: &Footprint,
    capacity: &Capacity,
    [inputs, results, residuals]: [u64; 3],
    share: u64,
    part: &dyn Fn() -> String,
) -> Option<Shortage> {
    let residuals = if print.work.residual { residuals } else { 0 };
    let needs = [
        (INPUTS, inputs, capacity.inputs),
        (RESULTS, results, capacity.outputs),
        (RESIDUALS, residuals, capacity.residuals),
    ];
    let (resource, needed, available) =
        needs.into_iter().find(|(_, needed, available)| needed * share > u64::from(*available))?;
    Some(Shortage { resource, needed, available: available.into(), unit: "bytes", part: part() })
}

/// What `share` ranges of groups and of outputs of a group are short of at a time, with the weights of so many parts.
fn range_shortage(
    print: &Footprint,
    capacity: &Capacity,
    size: &Sizes,
    parts: u64,
    share: u64,
) -> Option<Shortage> {
    let rows = print.parameter_rows(size[Dim::G], size[Dim::K]);
    let needs = [
        (WEIGHTS, print.weights(size) * parts * share, capacity.weights, "bytes"),
        ("the buffer for parameters", print.parameters(rows) * share, capacity.parameters, "bytes"),
        ("post_rows", u64::from(rows), capacity.parameter_rows, "rows of parameters"),
    ];
    let (resource, needed, available, unit) =
        needs.into_iter().find(|(_, needed, available, _)| *needed > u64::from(*available))?;
    let part = match parts {
        1 => "one round of the array".to_string(),
        parts => format!("one round of the array in {parts} parts"),
    };
    Some(Shortage { resource, needed, available: available.into(), unit, part })
}

fn strip(print: &Footprint, capacity: &Capacity) -> Result<u32, Shortage> {
    let height = print.work.size[Dim::OY];
    let short = |rows: u32, share: u64| {
        let needs = [print.inputs(rows), print.outputs(rows), print.outputs(rows)];
        strip_shortage(print, capacity, needs, share, &|| "one row of outputs".to_string())
    };
    let fits = |rows: u32, share: u64| short(rows, share).is_none();
    let cuts = |share: u64| (2..=height).map(|count| height.div_ceil(count)).find(|rows| fits(*rows, share));
    let whole = fits(height, 1).then_some(height);
    let rows = whole.or_else(|| cuts(2)).or_else(|| cuts(1));
    rows.ok_or_else(|| short(1, 1).expect("one row fits, so some strip does"))
}

fn range(print: &Footprint, capacity: &Capacity) -> Result<(u32, u32), Shortage> {
    let cuts = ranges(print);
    let of = |(groups, outputs): (u32, u32)| {
        let mut size = print.work.size;
        (size[Dim::G], size[Dim::K]) = (groups, outputs);
        size
    };
    let fits = |cut: &&(u32, u32), share| range_shortage(print, capacity, &of(**cut), 1, share).is_none();
    let whole = cuts.iter().take(1).find(|cut| fits(cut, 1));
    let halves = || cuts.iter().find(|cut| fits(cut, 2));
    let found = whole.or_else(halves).or_else(|| cuts.iter().find(|cut| fits(cut, 1)));
    let smallest = cuts.last().expect("there is at least the whole range");
    let short = || {
        range_shortage(print, capacity, &of(*smallest), 1, 1).expect("the smallest range is one of the cuts")
    };
    found.copied().ok_or_else(short)
}

/// Ranges of groups and of outputs of a group, the largest first.
fn ranges(print: &Footprint) -> Vec<(u32, u32)> {
    let (groups, outputs) = (print.work.size[Dim::G], print.work.size[Dim::K]);
    let [round, outputs_round] = [Dim::G, Dim::K].map(|dim| print.unroll.size(dim));
    let rounds = groups.div_ceil(round);
    // A group too many would be computed like any other, and its inputs read, so groups are cut exactly; but for those
    // that lie on the array and end with the channels.
    let ends = round > 1 && print.work.size[Dim::C] == 1;
    let exact = |count: &u32| ends || rounds.is_multiple_of(*count);
    let of_groups = |count: u32| ((rounds.div_ceil(count) * round).min(groups), outputs);
    let by_groups = (1..=rounds).filter(exact).map(of_groups);
    let tiles = outputs.div_ceil(outputs_round);
    let of_outputs = |count: u32| (round.min(groups), (tiles.div_ceil(count) * outputs_round).min(outputs));
    by_groups.chain((2..=tiles).map(of_outputs)).collect()
}
