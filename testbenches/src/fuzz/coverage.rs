//! What a campaign has seen: layers by op and form, and the properties that are worth a row. A row is a predicate; a
//! full campaign must have seen every one of them.

use super::bench::Ran;
use super::case::Case;
use compiler::LayerPlan;
use cosim::memory::Timing;
use mapper::unroll::{Axis, Unroll};
use mapper::work::Dim;
use mapper::Mapping;
use model::graph::{Layer, Padding, Source};
use model::Graph;
use spec::op::Op;
use std::fmt;

/// A name, and the layers that it is for.
type Form = (&'static str, fn(&Layer) -> bool);

/// The forms of a layer, in the order in which the first that holds counts.
const FORMS: [Form; 6] = [
    ("pool", is_pool),
    ("fc", |l| l.groups == 1 && l.kernel == [l.in_shape.h, l.in_shape.w] && l.padding == Padding::default()),
    ("depthwise", Layer::is_depthwise),
    ("grouped", |l| l.groups > 1),
    ("pointwise", |l| l.kernel == [1, 1]),
    ("full", |_| true),
];

/// A window over each channel whose weights are all 1.
fn is_pool(layer: &Layer) -> bool {
    let ones = layer.parameters.weight.iter().all(|weight| *weight == 1);
    layer.op == Op::Conv && layer.kernel != [1, 1] && layer.groups == layer.in_shape.c && ones
}

/// A layer that ran.
struct Seen<'a> {
    layer: &'a Layer,
    plan: &'a LayerPlan,
}

impl Seen<'_> {
    /// Whether a dimension along the rows or columns does not fill them a whole number of times.
    fn is_ragged(&self, axis: fn(&Unroll) -> &Axis) -> bool {
        let Mapping { unroll, layer, .. } = &self.plan.mapping;
        let ragged = |dim: Dim| !layer.size[dim].is_multiple_of(unroll.size(dim));
        axis(unroll).0.iter().any(|factor| ragged(factor.dim))
    }

    /// Whether the two dimensions, and no other, lie along the rows and along the columns.
    fn lies(&self, rows: Dim, cols: Dim) -> bool {
        let Unroll { rows: on_rows, cols: on_cols, .. } = &self.plan.mapping.unroll;
        let only = |axis: &Axis, dim: Dim| axis.0.len() == 1 && axis.0[0].dim == dim;
        only(on_rows, rows) && only(on_cols, cols)
    }

    /// Whether the last part of the dimension is smaller than the others.
    fn cuts_unevenly(&self, dim: Dim) -> bool {
        let mapping = &self.plan.mapping;
        !mapping.layer.size[dim].is_multiple_of(mapping.tile[dim])
    }
}

type LayerRow = (&'static str, fn(&Seen<'_>) -> bool);

const LAYER_ROWS: &[LayerRow] = &[
    ("stride 1", |s| s.layer.stride == [1, 1]),
    ("stride 2", |s| s.layer.stride.contains(&2)),
    ("stride 3", |s| s.layer.stride.contains(&3)),
    ("stride 4", |s| s.layer.stride.contains(&4)),
    ("strides that differ", |s| s.layer.stride[0] != s.layer.stride[1]),
    ("stride beyond the kernel", |s| (0..2).any(|i| s.layer.stride[i] > s.layer.kernel[i])),
    ("kernel not square", |s| s.layer.kernel[0] != s.layer.kernel[1]),
    ("kernel side 1", |s| has_side(s.layer, 1)),
    ("kernel side 2", |s| has_side(s.layer, 2)),
    ("kernel side 3", |s| has_side(s.layer, 3)),
    ("kernel side 4", |s| has_side(s.layer, 4)),
    ("kernel side 5", |s| has_side(s.layer, 5)),
    ("kernel side 6", |s| has_side(s.layer, 6)),
    ("kernel side 7", |s| has_side(s.layer, 7)),
    ("pool side over 7", |s| is_pool(s.layer) && s.layer.kernel.iter().any(|side| *side > 7)),
    ("pool of 16 x 16", |s| is_pool(s.layer) && s.layer.kernel == [16, 16]),
    ("strided pool", |s| is_pool(s.layer) && s.layer.stride != [1, 1]),
    ("symmetric padding", |s| s.layer.padding != Padding::default() && !is_asymmetric(s.layer)),
    ("asymmetric padding", |s| is_asymmetric(s.layer)),
    ("residual of the input", |s| s.layer.residual == Some(Source::Input)),
    ("residual of a layer", |s| matches!(s.layer.residual, Some(Source::Layer(_)))),
    ("negative multiplier", |s| s.layer.parameters.multiplier.iter().any(|m| *m < 0)),
    ("negative residual multiplier", |s| s.layer.parameters.residual_multiplier.iter().any(|m| *m < 0)),
    ("clamp narrower than int8", |s| s.layer.clamp != (-128, 127)),
    ("C along rows, K along columns", |s| s.lies(Dim::C, Dim::K)),
    ("G along rows, OX along columns", |s| s.lies(Dim::G, Dim::OX)),
    ("K along rows, OX along columns", |s| s.lies(Dim::K, Dim::OX)),
    ("C along rows, OX along columns", |s| s.lies(Dim::C, Dim::OX)),
    ("ragged on the rows", |s| s.is_ragged(|unroll| &unroll.rows)),
    ("ragged on the columns", |s| s.is_ragged(|unroll| &unroll.cols)),
    ("channels no multiple of 8", |s| !s.layer.in_shape.c.is_multiple_of(8)),
    ("cut into parts", |s| s.plan.parts > 1),
    ("cut into uneven parts", |s| [Dim::G, Dim::K, Dim::OY].iter().any(|dim| s.cuts_unevenly(*dim))),
    ("input kept in the buffer", |s| s.plan.input_resident),
    ("input read from DRAM", |s| !s.plan.input_resident),
];

/// Whether a window that is no pool has a side so long.
fn has_side(layer: &Layer, side: usize) -> bool {
    !is_pool(layer) && layer.kernel.contains(&side)
}

fn is_asymmetric(layer: &Layer) -> bool {
    let Padding { top, left, bottom, right } = layer.padding;
    top != bottom || left != right
}

type RunRow = (&'static str, fn(&Case, &Ran) -> bool);

const RUN_ROWS: &[RunRow] = &[
    ("one chunk at work", |_, ran| chunks(ran) == 1),
    ("two chunks at work", |_, ran| chunks(ran) == 2),
    ("three chunks at work", |_, ran| chunks(ran) == 3),
    ("one image", |case, _| case.images == 1),
    ("two or more images", |case, _| case.images > 1),
    ("every layer compared", |case, _| case.dump),
    ("only the output stored", |case, _| !case.dump),
    ("fixed latency 1", |case, _| case.timing == Timing::Fixed { latency: 1 }),
    ("fixed latency 2..40", |case, _| matches!(case.timing, Timing::Fixed { latency: 2..=40 })),
    ("fixed latency over 40", |case, _| matches!(case.timing, Timing::Fixed { latency: 41.. })),
    ("random latency and back-pressure", |case, _| matches!(case.timing, Timing::Random { .. })),
];

/// Chunks that have a layer.
fn chunks(ran: &Ran) -> usize {
    let mut chunks: Vec<usize> = ran.compiled.layers.iter().map(|plan| plan.chunk).collect();
    chunks.sort_unstable();
    chunks.dedup();
    chunks.len()
}

/// The counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Layers, by op and form.
    layers: [[u64; FORMS.len()]; Op::ALL.len()],
    /// Layers, by row.
    layer_rows: Vec<u64>,
    /// Runs, by row.
    run_rows: Vec<u64>,
}

impl Default for Coverage {
    fn default() -> Coverage {
        let layers = [[0; FORMS.len()]; Op::ALL.len()];
        Coverage { layers, layer_rows: vec![0; LAYER_ROWS.len()], run_rows: vec![0; RUN_ROWS.len()] }
    }
}

impl Coverage {
    /// Counts a case that passed.
    pub fn count(&mut self, case: &Case, graph: &Graph, ran: &Ran) {
        for ((_, layer), plan) in graph.layers().zip(&ran.compiled.layers) {
            let op = Op::ALL.iter().position(|op| *op == layer.op);
            let form = FORMS.iter().position(|(_, holds)| holds(layer));
            if let (Some(op), Some(form)) = (op, form) {
                self.layers[op][form] += 1;
            }
            let seen = Seen { layer, plan };
            let rows = LAYER_ROWS.iter().zip(&mut self.layer_rows);
            rows.for_each(|((_, holds), count)| *count += u64::from(holds(&seen)));
        }
        let rows = RUN_ROWS.iter().zip(&mut self.run_rows);
        rows.for_each(|((_, holds), count)| *count += u64::from(holds(case, ran)));
    }

    /// Adds what another worker has seen.
    pub fn add(&mut self, other: &Coverage) {
        let mine = self.layers.iter_mut().flatten().chain(&mut self.layer_rows).chain(&mut self.run_rows);
        let theirs = other.layers.iter().flatten().chain(&other.layer_rows).chain(&other.run_rows);
        mine.zip(theirs).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// What was never seen.
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (op, counts) in Op::ALL.iter().zip(&self.layers) {
            let cells = FORMS.iter().zip(counts);
            let never =
                cells.filter(|((form, _), count)| **count == 0 && (*form != "pool" || *op == Op::Conv));
            missing.extend(never.map(|((form, _), _)| format!("{} {form}", op.name())));
        }
        missing.extend(self.rows().filter(|(_, count)| *count == 0).map(|(name, _)| name.to_string()));
        missing
    }

    fn rows(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        let layers = LAYER_ROWS.iter().map(|(name, _)| *name).zip(self.layer_rows.iter().copied());
        layers.chain(RUN_ROWS.iter().map(|(name, _)| *name).zip(self.run_rows.iter().copied()))
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}", "layers")?;
        FORMS.iter().try_for_each(|(form, _)| write!(f, "{form:>11}"))?;
        for (op, counts) in Op::ALL.iter().zip(&self.layers) {
            write!(f, "\n{:<8}", op.name())?;
            counts.iter().try_for_each(|count| write!(f, "{count:>11}"))?;
        }
        self.rows().try_for_each(|(name, count)| write!(f, "\n{name:<34}{count:>8}"))
    }
}
