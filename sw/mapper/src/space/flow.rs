//! What crosses a boundary between two memories, in closed form: how often, and how many words each time. A tile
//! lasts for the loops below its boundary and is then fetched anew. A sum is written on; where it is not finished it is as
//! wide as a partial sum each time and comes back, zeros before the first term included, as ZigZag counts them. Everything depends only on how far the loops below the boundary have come in each dimension, not
//! on their order; so evaluation, search and lower bounds share these formulas.

use super::architecture::Architecture;
use super::layer::{Dim, Layer, Operand, Sizes, DIMS};
use crate::work;

const fn at(dim: work::Dim) -> usize {
    Dim::Of(dim).index()
}

const N: usize = Dim::N.index();
const G: usize = at(work::Dim::G);
const K: usize = at(work::Dim::K);
const C: usize = at(work::Dim::C);
const OY: usize = at(work::Dim::OY);
const OX: usize = at(work::Dim::OX);
const FY: usize = at(work::Dim::FY);
const FX: usize = at(work::Dim::FX);

/// Extents that need not be whole: a dimension that does not fill its PEs counts with what it fills on average.
pub type Extents = [f64; DIMS];

/// What is fixed once the spatial unrolling is.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    /// The memories.
    pub architecture: &'a Architecture,
    /// The layer.
    pub layer: &'a Layer,
    /// Multiply-accumulates.
    pub macs: f64,
    /// Compute steps.
    pub steps: f64,
    /// PEs that have work, on average.
    pub pes: f64,
    /// All iterations of the loops over each dimension.
    temporal: Extents,
    /// PEs along each dimension, on average.
    pub lanes: Extents,
    /// For each operand the elements that PEs hold for every one that a PE holds, copies not counted.
    spread: [f64; 3],
}

/// A tile's way between two memories.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Steps that a tile lasts.
    pub period: f64,
    /// Tiles in all.
    pub runs: f64,
    /// Words of a tile in the nearer memory; of one PE where that is the register files.
    pub near: f64,
    /// Words of a tile in the memory farther away.
    pub far: f64,
    /// Bits of a tile in the nearer memory.
    pub bits: f64,
    /// Whether what is written on comes back: a sum that is not finished.
    pub returns: bool,
}

impl Flow {
    /// Words that the nearer memory takes in or gives out in all.
    pub fn near_words(&self) -> f64 {
        self.near * self.runs * self.ways()
    }

    /// Words that the memory farther away gives out or takes in in all.
    pub fn far_words(&self) -> f64 {
        self.far * self.runs * self.ways()
    }

    fn ways(&self) -> f64 {
        if self.returns {
            2.0
        } else {
            1.0
        }
    }
}

impl<'a> Frame<'a> {
    /// The frame of loops that run `temporal` times over each dimension; the array does the rest.
    pub fn new(architecture: &'a Architecture, layer: &'a Layer, temporal: &Sizes) -> Frame<'a> {
        let temporal = temporal.map(f64::from);
        let mut lanes = layer.size.map(f64::from);
        lanes.iter_mut().zip(&temporal).for_each(|(lanes, rounds)| *lanes /= rounds);
        let spread = Operand::ALL.map(|operand| elements(layer, operand, &lanes));
        let (steps, pes) = (temporal.iter().product::<f64>(), lanes.iter().product::<f64>());
        Frame { architecture, layer, macs: steps * pes, steps, pes, temporal, lanes, spread }
    }

    /// The way between register files and buffer, of a tile that spans `inside` and lasts for `period` steps.
    #[inline]
    pub fn registers(&self, operand: Operand, inside: &Extents, period: f64) -> Flow {
        let index = operand as usize;
        let (width, returns) = self.width(operand, inside);
        let bits = elements(self.layer, operand, inside) * width;
        Flow {
            period,
            runs: self.steps / period,
            near: words(bits, self.architecture.rf_word[index]),
            far: words(bits * self.spread[index], self.architecture.buffer_word),
            bits,
            returns,
        }
    }

    /// The way between buffer and DRAM.
    #[inline]
    pub fn buffer(&self, operand: Operand, inside: &Extents, period: f64) -> Flow {
        let (width, returns) = self.width(operand, inside);
        let mut whole = *inside;
        whole.iter_mut().zip(&self.lanes).for_each(|(inside, lanes)| *inside *= lanes);
        let bits = elements(self.layer, operand, &whole) * width;
        Flow {
            period,
            runs: self.steps / period,
            near: words(bits, self.architecture.buffer_word),
            far: words(bits, self.architecture.dram_word),
            bits,
            returns,
        }
    }

    /// Bits of an element that leaves a tile, and whether it is a sum that is not finished.
    fn width(&self, operand: Operand, inside: &Extents) -> (f64, bool) {
        let bits = f64::from(self.architecture.bits[operand as usize]);
        if operand != Operand::Sum {
            return (bits, false);
        }
        let finished = [C, FY, FX].iter().all(|dim| inside[*dim] >= self.temporal[*dim]);
        if finished {
            (f64::from(self.architecture.output_bits), false)
        } else {
            (bits, true)
        }
    }
}

/// Elements of `operand` that the extents `of` touch.
pub fn elements(layer: &Layer, operand: Operand, of: &Extents) -> f64 {
    let channels = of[N] * of[G];
    match operand {
        Operand::Input => {
            let rows = window(of[OY], of[FY], layer.stride[0], layer.input[0]);
            channels * of[C] * rows * window(of[OX], of[FX], layer.stride[1], layer.input[1])
        }
        Operand::Weight => of[G] * of[K] * of[C] * of[FY] * of[FX],
        Operand::Sum => channels * of[K] * of[OY] * of[OX],
    }
}

/// Input positions that `outputs` windows of `taps` touch: what neighbours share counts once, what lies between
/// windows not at all, padding neither.
fn window(outputs: f64, taps: f64, stride: u32, most: u32) -> f64 {
    let shared = (taps - f64::from(stride)).max(0.0);
    (outputs * taps - shared * (outputs - 1.0)).min(f64::from(most))
}

/// Words of `word` bits that hold `bits`; a sum of rounding errors is no word.
pub fn words(bits: f64, word: u32) -> f64 {
    let exact = bits / f64::from(word) - 1e-6;
    let whole = exact as u64 as f64;
    if whole < exact {
        whole + 1.0
    } else {
        whole
    }
}
