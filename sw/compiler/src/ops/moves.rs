//! What a layer loads and stores: constants, inputs, residuals and results, and partial sums that another visit finishes.
//! What is there already is not loaded again.

use super::layer::Builder;
use super::{Access, Operation};
use crate::descriptors::{boxed, row_bytes, transfer, Placed};
use mapper::parts::{held, Part, INPUTS, PARAMETERS, WEIGHTS};
use mapper::Dim;
use model::{LayerId, Source};
use spec::isa::table::{Queue, PARAMETER_BYTES, SUM_BYTES};
use std::collections::BTreeMap;
use std::ops::Range;

/// What is at hand of a layer's operands.
#[derive(Default)]
pub(super) struct Loaded {
    /// Where the parts begin whose parameters the chunk has.
    parameters: Option<[u32; 2]>,
    /// Where the parts begin whose weights are in the buffer, and where all of these lie.
    range: Option<[u32; 5]>,
    weights: BTreeMap<[u32; 5], u32>,
    /// First and number of the output rows whose inputs are in the buffer.
    strip: Option<(u32, u32)>,
}

impl Builder<'_> {
    /// Loads parameters and weights of the first of `parts`, as far as they are not there. Sums that are left for a later
    /// part need no parameters.
    pub(super) fn constants(
        &mut self,
        layer: usize,
        parts: &[Part],
        placed: &mut Placed,
        loaded: &mut Loaded,
    ) {
        let (line, mapping, part) = (self.line(), &self.plan.layers[layer].mapping, &parts[0]);
        let constants = &self.dram.constants[layer];
        let chunk = self.accelerator.chunk_of(self.graph.layer(LayerId(layer)).op);
        let post_lanes = chunk.expect("every layer has a chunk").1.post_lanes;
        placed.parameter_rows = 0;
        let at = part.begin(PARAMETERS);
        if !part.writes && loaded.parameters.replace(at) != Some(at) {
            placed.parameter_rows = mapping.p_rows();
            let bytes = mapping.p_rows() * PARAMETER_BYTES as u32 * post_lanes;
            placed.parameters = self.parameters.take(bytes, line);
            self.load(layer, "parameters", constants.parameters[&at], placed.parameters, bytes, None);
        }
        let range = |part: &Part| held(mapping, part, mapping.w.buffer, WEIGHTS).begin(WEIGHTS);
        let at = range(part);
        if loaded.range.replace(at) != Some(at) {
            let mut wanted: Vec<[u32; 5]> = Vec::new();
            for begin in parts.iter().take_while(|part| range(part) == at).map(|part| part.begin(WEIGHTS)) {
                wanted.extend((!wanted.contains(&begin)).then_some(begin));
            }
            let bytes = mapping.w_bytes() as u32;
            let first = self.weights.take(bytes * wanted.len() as u32, line);
            loaded.weights = wanted.into_iter().zip((first..).step_by(bytes as usize)).collect();
            for (begin, address) in loaded.weights.clone() {
                self.load(layer, "weights", constants.weights[&begin], address, bytes, None);
            }
        }
        placed.weights = loaded.weights[&part.begin(WEIGHTS)];
    }

    /// Loads the input rows of a part, if they are not there.
    pub(super) fn inputs(
        &mut self,
        layer: usize,
        part: &Part,
        from: usize,
        placed: &mut Placed,
        loaded: &mut Loaded,
    ) {
        let planned = &self.plan.layers[layer];
        let (mapping, work) = (&planned.mapping, planned.mapping.layer);
        let strip = held(mapping, part, mapping.x.buffer, INPUTS).range(Dim::OY);
        if loaded.strip.replace(strip) == Some(strip) {
            return;
        }
        let pitch = work.in_channels() * work.input[1];
        let (first, end) = work.input_rows(strip.0, strip.1);
        let bytes = (end - first) * pitch;
        let address = self.activations[from].take(bytes, planned.slack);
        placed.input = i64::from(address) - i64::from(first * pitch);
        placed.input_rows = (first, end);
        let input = self.graph.layer(LayerId(layer)).input;
        self.load(layer, "input", u64::from(first * pitch), address, bytes, Some(input));
    }

    /// Finds a place for the outputs of a visit, loads its residual, and brings back the sums that it goes on from.
    pub(super) fn begin_visit(
        &mut self,
        layer: usize,
        outputs: &Part,
        to: usize,
        whole: Option<u32>,
        placed: &mut Placed,
    ) {
        let (work, line) = (self.plan.layers[layer].mapping.layer, self.line());
        let (row, described) = (row_bytes(&work), self.graph.layer(LayerId(layer)));
        let (y, rows) = outputs.range(Dim::OY);
        placed.output_row = y;
        if let Some(residual) = described.residual.filter(|_| !outputs.writes) {
            placed.residual = self.residuals.take(rows * row, line);
            self.move_outputs(Queue::Load, layer, residual, outputs, placed.residual);
        }
        if let Some(address) = whole {
            placed.output = address + y * row;
        } else {
            let (results, sums) = (rows * row, self.sum_bytes(layer, rows));
            placed.output = self.activations[to].take(results + sums, line);
            placed.sums = placed.output + results;
        }
        if outputs.reads {
            self.move_sums(Queue::Load, layer, outputs, placed);
        }
    }

    /// Takes what a visit leaves to DRAM: results that someone reads there, or sums.
    pub(super) fn end_visit(&mut self, layer: usize, outputs: &Part, placed: &Placed) {
        if outputs.writes {
            return self.move_sums(Queue::Store, layer, outputs, placed);
        }
        if !self.plan.layers[layer].stored {
            return;
        }
        self.move_outputs(Queue::Store, layer, Source::Layer(LayerId(layer)), outputs, placed.output);
    }

    /// Loads residuals of a visit, or stores its results: `buffer` is where the first of its rows lies.
    fn move_outputs(&mut self, queue: Queue, layer: usize, tensor: Source, outputs: &Part, buffer: u32) {
        let (frames, work) = (*self.dram.of(tensor), self.plan.layers[layer].mapping.layer);
        let strip = u64::from(outputs.from[Dim::OY] * row_bytes(&work));
        let write = queue == Queue::Load;
        for (registers, bytes) in boxed(queue, &work, outputs, 1) {
            let dram = frames.address + strip + u64::from(bytes.start);
            let there = [("dram", dram as i64), ("buffer", (buffer + bytes.start).into())];
            self.operations.push(Operation {
                what: if write { "load residual" } else { "store output" }.to_string(),
                registers: registers.with(&there),
                frames: Some(frames),
                accesses: vec![Access { write, bytes: moved(&bytes, buffer) }],
                tensor: Some(tensor),
                ..Operation::new(queue, layer)
            });
        }
    }

    /// Takes the sums of a visit to DRAM, or back.
    fn move_sums(&mut self, queue: Queue, layer: usize, outputs: &Part, placed: &Placed) {
        let work = self.plan.layers[layer].mapping.layer;
        let sums = self.dram.sums[layer].expect("sums that leave the buffer have a place");
        let strip = u64::from(outputs.from[Dim::OY] * row_bytes(&work) * SUM_BYTES);
        for (registers, bytes) in boxed(queue, &work, outputs, SUM_BYTES) {
            let [begin, end] = [bytes.start, bytes.end].map(|at| sums + strip + u64::from(at));
            let there = [("dram", begin as i64), ("buffer", (placed.sums + bytes.start).into())];
            let write = queue == Queue::Load;
            self.operations.push(Operation {
                what: if write { "load sums" } else { "store sums" }.to_string(),
                registers: registers.with(&there),
                accesses: vec![Access { write, bytes: moved(&bytes, placed.sums) }],
                sums: Some(begin..end),
                ..Operation::new(queue, layer)
            });
        }
    }

    /// Loads `bytes` bytes; `dram` counts from the tensor's frame where there is one.
    fn load(&mut self, layer: usize, what: &str, dram: u64, buffer: u32, bytes: u32, tensor: Option<Source>) {
        let frames = tensor.map(|source| *self.dram.of(source));
        self.operations.push(Operation {
            what: format!("load {what}"),
            registers: transfer(Queue::Load, dram + frames.map_or(0, |frames| frames.address), buffer, bytes),
            frames,
            accesses: vec![Access { write: true, bytes: buffer..buffer + bytes }],
            tensor,
            ..Operation::new(Queue::Load, layer)
        });
    }
}

/// Bytes counted from `base`.
fn moved(bytes: &Range<u32>, base: u32) -> Range<u32> {
    base + bytes.start..base + bytes.end
}
