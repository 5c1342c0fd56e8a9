//! The terms that each of the seven points of a mapping adds to its energy and to what its cycles are at least.

use super::lattice::{Exponents, Lattice, Point};
use super::unroll::Unrolling;
use crate::space::architecture::Architecture;
use crate::space::flow::{elements, words, Extents, Frame};
use crate::space::layer::{Dim, Layer, Operand, DIMS};

/// The points: the boundary of each operand at the buffer, at the register files, and what stands still innermost.
pub const POINTS: usize = 7;
/// What stands still.
pub const STILL: usize = 6;
/// The boundary of sums at the buffer.
pub const SUM_BUFFER: usize = Operand::Sum as usize;
/// The boundary of sums at the register files.
pub const SUM_RF: usize = 3 + Operand::Sum as usize;

/// A point in one of the seven roles, and its terms.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// The point.
    pub exponents: Exponents,
    /// Its index in the lattice.
    pub point: u32,
    /// Picojoules.
    pub energy: f64,
    /// Cycles between DRAM and buffer before the first step, or after the last one.
    pub outer: f64,
    /// Cycles between buffer and register files there, and for drains in between.
    pub inner: f64,
    /// Words through the port of DRAM, the read port of the buffer and its write port.
    pub words: [f64; 3],
    /// Bits of the buffer, sums as wide as if they were finished.
    pub bits: f64,
    /// Whether sums leave this tile finished.
    pub finished: bool,
}

/// What fits of all points of `lattice`, for each of the seven, the cheapest first.
pub fn candidates(frame: &Frame<'_>, unrolling: &Unrolling, lattice: &Lattice) -> [Vec<Candidate>; POINTS] {
    let mut candidates: [Vec<Candidate>; POINTS] = Default::default();
    for (i, point) in lattice.points.iter().enumerate() {
        let none = Candidate {
            exponents: point.exponents,
            point: i as u32,
            energy: 0.0,
            outer: 0.0,
            inner: 0.0,
            words: [0.0; 3],
            bits: 0.0,
            finished: false,
        };
        for operand in Operand::ALL {
            let index = operand as usize;
            candidates[index].extend(at_buffer(frame, unrolling, operand, point, none));
            candidates[3 + index].extend(at_registers(frame, operand, point, none));
        }
        candidates[STILL].extend(standing(frame, point, none));
    }
    for list in &mut candidates {
        list.sort_by(|a, b| a.energy.total_cmp(&b.energy));
    }
    candidates
}

/// Picojoules that every mapping of an unrolling has: the terms, and a sum taken up and put down for each.
pub fn fixed(architecture: &Architecture, layer: &Layer) -> f64 {
    let taken_up = if layer.reduces() { 2.0 } else { 1.0 };
    layer.macs() as f64 * (architecture.mac + taken_up * architecture.rf_access[SUM_BUFFER])
}

/// Picojoules that no mapping of `layer` does without, whatever its unrolling: what is [`fixed`], an input or a weight
/// for every term, for one of them does not stand still, and everything over the port of DRAM once.
pub fn compulsory(architecture: &Architecture, layer: &Layer) -> f64 {
    let size = layer.size.map(f64::from);
    let once = Operand::ALL.map(|operand| {
        let bits = least_bits(architecture, layer, operand, &size);
        words(bits, architecture.dram_word) * architecture.dram_access
            + words(bits, architecture.buffer_word) * architecture.buffer_access
    });
    let [input, weight, _] = architecture.rf_access;
    fixed(architecture, layer) + layer.macs() as f64 * input.min(weight) + once.iter().sum::<f64>()
}

/// Bits of what `extents` touch, sums as wide as if they were finished.
fn least_bits(architecture: &Architecture, layer: &Layer, operand: Operand, extents: &Extents) -> f64 {
    let width = match operand {
        Operand::Sum => architecture.output_bits,
        _ => architecture.bits[operand as usize],
    };
    elements(layer, operand, extents) * f64::from(width)
}

fn at_buffer(
    frame: &Frame<'_>,
    unrolling: &Unrolling,
    operand: Operand,
    point: &Point,
    none: Candidate,
) -> Option<Candidate> {
    let architecture = frame.architecture;
    let mut whole = [0.0; DIMS];
    for (i, extent) in whole.iter_mut().enumerate() {
        let lanes = f64::from(unrolling.spatial[i]);
        *extent = (point.extents[i] * lanes).min(f64::from(frame.layer.size[i]));
    }
    let bits = least_bits(architecture, frame.layer, operand, &whole);
    if bits > architecture.buffer_bits as f64 {
        return None;
    }
    let flow = frame.buffer(operand, &point.extents, point.steps);
    let (near, dram) = (flow.near_words(), flow.far_words());
    let energy = near * architecture.buffer_access + dram * architecture.dram_access;
    let finished = !flow.returns;
    // What comes once need not come as a whole.
    let outer = if flow.runs > 1.0 { flow.near.max(flow.far) } else { 0.0 };
    let words = match operand {
        Operand::Sum if finished => [dram, near, 0.0],
        Operand::Sum => [dram, near / 2.0, near / 2.0],
        _ => [dram, 0.0, near],
    };
    Some(Candidate { energy, outer, words, bits, finished, ..none })
}

fn at_registers(frame: &Frame<'_>, operand: Operand, point: &Point, none: Candidate) -> Option<Candidate> {
    let (architecture, i) = (frame.architecture, operand as usize);
    let tile = elements(frame.layer, operand, &point.extents);
    if tile * f64::from(architecture.bits[i]) > f64::from(architecture.rf_bits[i]) {
        return None;
    }
    let flow = frame.registers(operand, &point.extents, point.steps);
    let access = architecture.buffer_access + architecture.noc_access;
    let energy = flow.near_words() * frame.pes * architecture.rf_access[i] + flow.far_words() * access;
    // The buffer's tile holds what the whole array's tiles touch; what PEs share comes from DRAM once.
    let whole: Extents = std::array::from_fn(|i| point.extents[i] * frame.lanes[i]);
    let bits = least_bits(architecture, frame.layer, operand, &whole);
    let outer = words(bits, architecture.dram_word);
    let outer = outer.min(words(flow.far * f64::from(architecture.buffer_word), architecture.dram_word));
    let mut inner = flow.near.max(flow.far);
    if operand == Operand::Sum && frame.layer.reduces() {
        // A PE's sums are read in every step; drains take turns with that.
        inner += (flow.near * (flow.runs - 1.0) - 1.0).max(0.0);
    }
    let (finished, far) = (!flow.returns, flow.far_words());
    let words = match operand {
        Operand::Sum if finished => [0.0, 0.0, far],
        Operand::Sum => [0.0, far / 2.0, far / 2.0],
        _ => [0.0, far, 0.0],
    };
    Some(Candidate { energy, outer, inner, words, finished, ..none })
}

/// Reads of inputs and weights by the PEs where the innermost loops are `point`: all of them must leave one of the two
/// as it is.
fn standing(frame: &Frame<'_>, point: &Point, none: Candidate) -> Option<Candidate> {
    let [input, weight] = [Operand::Input, Operand::Weight].map(|operand| {
        let moves = |dim: &Dim| operand.moves(*dim) && point.extents[dim.index()] > 1.0;
        !Dim::ALL.iter().any(moves)
    });
    if !input && !weight {
        return None;
    }
    let reads = |still: bool| frame.macs / if still { point.steps } else { 1.0 };
    let [of_input, of_weight, _] = frame.architecture.rf_access;
    Some(Candidate { energy: reads(input) * of_input + reads(weight) * of_weight, ..none })
}
