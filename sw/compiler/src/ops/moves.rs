//! What a layer loads and stores: constants, inputs, residuals and results, and partial sums that another visit finishes.
//! What is there already is not loaded again.

use super::layer::Builder;
use super::Operation;
use crate::descriptors::{copies, transfer, Copy, Placed};
use mapper::layout::{elements, pitches, Block, ROWS};
use mapper::parts::{held, Part, Visit, PARAMETERS, WEIGHTS};
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
    /// The inputs that are in the buffer.
    inputs: Option<Block>,
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
            self.load(layer, "parameters", constants.parameters[&at], placed.parameters, bytes);
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
                self.load(layer, "weights", constants.weights[&begin], address, bytes);
            }
        }
        placed.weights = loaded.weights[&part.begin(WEIGHTS)];
    }

    /// Loads the inputs of a part, if they are not there.
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
        let block = mapping.inputs_of(part);
        if loaded.inputs.replace(block) == Some(block) {
            return;
        }
        let mut room = mapping.held_inputs();
        room[ROWS] = block.size[ROWS];
        (placed.inputs, placed.input) =
            (block, self.activations[from].take(elements(&room) as u32, planned.slack));
        let input = self.graph.layer(LayerId(layer)).input;
        let copies = copies(Queue::Load, &work.inputs(), &room, &block, 1);
        self.copy(layer, "load input", copies, placed.input, input);
    }

    /// Finds a place for the outputs of a visit, loads its residual, and brings back the sums that it goes on from.
    pub(super) fn begin_visit(
        &mut self,
        layer: usize,
        visit: &Visit,
        to: usize,
        whole: Option<u32>,
        placed: &mut Placed,
    ) {
        let (mapping, line) = (&self.plan.layers[layer].mapping, self.line());
        let block = mapping.outputs_of(&visit.parts[0]);
        let mut room = mapping.held_outputs();
        room[ROWS] = block.size[ROWS];
        placed.outputs = block;
        let residual = self.graph.layer(LayerId(layer)).residual.filter(|_| !visit.writes());
        let (results, all) = (elements(&room) as u32, mapping.result_bytes(&room) as u32);
        if let Some(residual) = residual {
            placed.residual = self.residuals.take(results, line);
            let copies = copies(Queue::Load, &mapping.layer.outputs(), &room, &block, 1);
            self.copy(layer, "load residual", copies, placed.residual, residual);
        }
        if let Some(address) = whole {
            placed.output = address + block.from[ROWS] * pitches(&room)[ROWS] as u32;
        } else {
            placed.output = self.activations[to].take(all, line);
            placed.sums = placed.output + results;
        }
        if visit.reads() {
            self.move_sums(Queue::Load, layer, placed);
        }
    }

    /// Takes what a visit leaves to DRAM: results that someone reads there, or sums.
    pub(super) fn end_visit(&mut self, layer: usize, visit: &Visit, placed: &Placed) {
        if visit.writes() {
            return self.move_sums(Queue::Store, layer, placed);
        }
        let planned = &self.plan.layers[layer];
        if planned.stored {
            let (tensor, room) = (planned.mapping.layer.outputs(), planned.mapping.held_outputs());
            let copies = copies(Queue::Store, &tensor, &room, &placed.outputs, 1);
            self.copy(layer, "store output", copies, placed.output, Source::Layer(LayerId(layer)));
        }
    }

    /// Moves a box of activations between the current frame of a tensor and the buffer.
    fn copy(&mut self, layer: usize, what: &str, copies: Vec<Copy>, buffer: u32, tensor: Source) {
        let frames = *self.dram.of(tensor);
        for Copy { registers, dram, buffer: bytes } in copies {
            let queue = if what.starts_with("load") { Queue::Load } else { Queue::Store };
            let there =
                [("dram", (frames.address + dram.start) as i64), ("buffer", (buffer + bytes.start).into())];
            self.operations.push(Operation {
                what: what.to_string(),
                registers: registers.with(&there),
                frames: Some(frames),
                accesses: vec![self.access(queue == Queue::Load, moved(&bytes, buffer))],
                tensor: Some(tensor),
                ..Operation::new(queue, layer)
            });
        }
    }

    /// Takes the sums of a visit to DRAM, or back.
    fn move_sums(&mut self, queue: Queue, layer: usize, placed: &Placed) {
        let mapping = &self.plan.layers[layer].mapping;
        let sums = self.dram.sums[layer].expect("sums that leave the buffer have a place");
        let (tensor, room) = (mapping.layer.outputs(), mapping.held_outputs());
        for Copy { registers, dram, buffer } in copies(queue, &tensor, &room, &placed.outputs, SUM_BYTES) {
            let [begin, end] = [dram.start, dram.end].map(|at| sums + at);
            let there = [("dram", begin as i64), ("buffer", (placed.sums + buffer.start).into())];
            let write = queue == Queue::Load;
            self.operations.push(Operation {
                what: if write { "load sums" } else { "store sums" }.to_string(),
                registers: registers.with(&there),
                accesses: vec![self.access(write, moved(&buffer, placed.sums))],
                sums: Some(begin..end),
                ..Operation::new(queue, layer)
            });
        }
    }

    /// Loads constants.
    fn load(&mut self, layer: usize, what: &str, dram: u64, buffer: u32, bytes: u32) {
        self.operations.push(Operation {
            what: format!("load {what}"),
            registers: transfer(Queue::Load, dram, buffer, bytes),
            accesses: vec![self.access(true, buffer..buffer + bytes)],
            ..Operation::new(Queue::Load, layer)
        });
    }
}

/// Bytes counted from `base`.
fn moved(bytes: &Range<u32>, base: u32) -> Range<u32> {
    base + bytes.start..base + bytes.end
}
