//! The operations of one iteration: transfers and executions of every chunk, in an order in which they would
//! be right one after another. Which of them overlap is not decided here: regions are used in turns, like
//! rings, and the hazards find what has to wait.

use crate::banks::Regions;
use crate::descriptors::{boxed, place, row_bytes, transfer, Placed};
use crate::dram::{Dram, Frames};
use crate::plan::Plan;
use crate::ring::Ring;
use crate::stages::Stages;
use mapper::nests::engine;
use mapper::parts::{held, visits, Part, INPUTS, PARAMETERS, WEIGHTS};
use mapper::{Dim, Registers};
use model::{Graph, LayerId, Source};
use spec::accelerator::Accelerator;
use spec::isa::table::{Queue, SUM_BYTES};
use spec::nest::Nest;
use std::collections::BTreeMap;
use std::ops::Range;

/// Bytes of the buffer that an operation touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whether it writes.
    pub write: bool,
    /// The bytes.
    pub bytes: Range<u32>,
}

/// One transfer or execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation {
    /// Who does it.
    pub queue: Queue,
    /// For which layer.
    pub layer: usize,
    /// What it is, for listings.
    pub what: String,
    /// The engine's descriptor registers.
    pub registers: Registers,
    /// For transfers of activations, the tensor's frames, which depend on the iteration.
    pub frames: Option<Frames>,
    /// For executions, the nests.
    pub nests: Option<[Nest; 4]>,
    /// What it touches in the buffer.
    pub accesses: Vec<Access>,
    /// For transfers of activations, the tensor in DRAM.
    pub tensor: Option<Source>,
    /// For transfers of partial sums, their bytes in DRAM.
    pub sums: Option<Range<u64>>,
}

impl Operation {
    /// An operation of a layer that does nothing yet.
    fn new(queue: Queue, layer: usize) -> Operation {
        Operation {
            queue,
            layer,
            what: String::new(),
            registers: Registers::new(queue),
            frames: None,
            nests: None,
            accesses: Vec::new(),
            tensor: None,
            sums: None,
        }
    }
}

/// The operations of every chunk.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// By chunk.
    pub chunks: Vec<Vec<Operation>>,
}

/// The operations of one iteration.
pub fn schedule(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    banks: &[Regions],
    plan: &Plan,
    dram: &Dram,
) -> Schedule {
    let one = |(chunk, regions): (usize, &Regions)| {
        let mut builder = Builder::new(accelerator, graph, plan, dram, regions);
        let order = stages.layers_of(chunk);
        for (i, layer) in order.iter().enumerate() {
            builder.layer(*layer, order.get(i + 1).copied());
        }
        builder.operations
    };
    Schedule { chunks: banks.iter().enumerate().map(one).collect() }
}

/// What is at hand of a layer's operands.
#[derive(Default)]
struct Loaded {
    /// Where the parts begin whose parameters the chunk has.
    parameters: Option<[u32; 2]>,
    /// Where the parts begin whose weights are in the buffer, and where all of these lie.
    range: Option<[u32; 5]>,
    weights: BTreeMap<[u32; 5], u32>,
    /// First and number of the output rows whose inputs are in the buffer.
    strip: Option<(u32, u32)>,
}

/// Bytes counted from `base`.
fn moved(bytes: &Range<u32>, base: u32) -> Range<u32> {
    base + bytes.start..base + bytes.end
}

struct Builder<'a> {
    accelerator: &'a Accelerator,
    graph: &'a Graph,
    plan: &'a Plan,
    dram: &'a Dram,
    activations: [Ring; 2],
    weights: Ring,
    parameters: Ring,
    residuals: Ring,
    /// The region that the last layer wrote, and where its output begins if all of it is there.
    written: usize,
    output: u32,
    operations: Vec<Operation>,
}

impl<'a> Builder<'a> {
    fn new(
        accelerator: &'a Accelerator,
        graph: &'a Graph,
        plan: &'a Plan,
        dram: &'a Dram,
        regions: &Regions,
    ) -> Builder<'a> {
        Builder {
            accelerator,
            graph,
            plan,
            dram,
            activations: regions.activations.map(Ring::new),
            weights: Ring::new(regions.weights),
            parameters: Ring::new(regions.parameters),
            residuals: Ring::new(regions.residuals),
            written: 1,
            output: 0,
            operations: Vec::new(),
        }
    }

    fn line(&self) -> u32 {
        self.accelerator.buffer.line_bytes
    }

    fn layer(&mut self, layer: usize, next: Option<usize>) {
        let planned = &self.plan.layers[layer];
        let work = planned.mapping.layer;
        let from = if planned.resident { self.written } else { 1 - self.written };
        let to = 1 - from;
        let mut placed = Placed::default();
        if planned.resident {
            (placed.input, placed.input_rows) = (self.output.into(), (0, work.input[0]));
        }
        let slack = next.map_or(0, |next| self.plan.layers[next].slack).max(planned.slack);
        let all = row_bytes(&work) * work.size[Dim::OY];
        let whole = planned.kept.then(|| {
            let rows = planned.mapping.span(Dim::OY, planned.mapping.a.buffer);
            let sums = self.sum_bytes(layer, rows);
            let address = self.activations[to].take(all + sums, slack);
            placed.sums = address + all;
            address
        });
        let visits = visits(&planned.mapping);
        let parts: Vec<Part> = visits.iter().flat_map(|visit| visit.parts.clone()).collect();
        let (mut number, mut loaded) = (0, Loaded::default());
        for visit in &visits {
            for i in 0..visit.parts.len() {
                self.constants(layer, &parts[number..], &mut placed, &mut loaded);
                if !planned.resident {
                    self.inputs(layer, &parts[number], from, &mut placed, &mut loaded);
                }
                if i == 0 {
                    self.begin_visit(layer, &visit.outputs, to, whole, &mut placed);
                }
                let what = format!("part {} of {}", number + 1, parts.len());
                self.execute(layer, &parts[number], &placed, what);
                number += 1;
            }
            self.end_visit(layer, &visit.outputs, &placed);
        }
        (self.written, self.output) = (to, whole.unwrap_or(0));
    }

    /// Loads parameters and weights of the first of `parts`, as far as they are not there. Sums that are left for a later
    /// part need no parameters.
    fn constants(&mut self, layer: usize, parts: &[Part], placed: &mut Placed, loaded: &mut Loaded) {
        let (line, mapping, part) = (self.line(), &self.plan.layers[layer].mapping, &parts[0]);
        let constants = &self.dram.constants[layer];
        let chunk = self.accelerator.chunk_of(self.graph.layer(LayerId(layer)).op);
        let post_lanes = chunk.expect("every layer has a chunk").1.post_lanes;
        placed.parameter_rows = 0;
        let at = part.begin(PARAMETERS);
        if !part.writes && loaded.parameters.replace(at) != Some(at) {
            placed.parameter_rows = mapping.p_rows();
            let bytes = mapping.p_rows() * spec::isa::table::PARAMETER_BYTES as u32 * post_lanes;
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
    fn inputs(&mut self, layer: usize, part: &Part, from: usize, placed: &mut Placed, loaded: &mut Loaded) {
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
    fn begin_visit(
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
    fn end_visit(&mut self, layer: usize, outputs: &Part, placed: &Placed) {
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

    /// Bytes of the partial sums of `rows` output rows; none where they never leave the array unfinished.
    fn sum_bytes(&self, layer: usize, rows: u32) -> u32 {
        let mapping = &self.plan.layers[layer].mapping;
        if mapping.spills() {
            rows * row_bytes(&mapping.layer) * SUM_BYTES
        } else {
            0
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

    fn execute(&mut self, layer: usize, part: &Part, placed: &Placed, what: String) {
        let planned = &self.plan.layers[layer];
        let mut engine = engine(&planned.mapping);
        place(&mut engine.registers, planned, part, placed);
        let (lo, hi) = self.graph.layer(LayerId(layer)).clamp;
        engine.registers.set("lo", lo);
        engine.registers.set("hi", hi);
        let accesses = self.touched(layer, part, placed);
        self.operations.push(Operation {
            what: format!("exec {what}"),
            registers: engine.registers,
            nests: Some(engine.nests),
            accesses,
            ..Operation::new(Queue::Execute, layer)
        });
    }

    fn touched(&self, layer: usize, part: &Part, placed: &Placed) -> Vec<Access> {
        let work = &self.plan.layers[layer].mapping.layer;
        let pitch = work.in_channels() * work.input[1];
        let (first, end) = placed.input_rows;
        let start = (placed.input + i64::from(first * pitch)) as u32;
        let (y, rows) = part.range(Dim::OY);
        let [down, strip] = [y - placed.output_row, rows].map(|rows| rows * row_bytes(work));
        let access = |write, from: u32, bytes: u32| Access { write, bytes: from..from + bytes };
        let mut all = vec![
            access(false, start, (end - first) * pitch),
            access(false, placed.weights, self.plan.layers[layer].mapping.w_bytes() as u32),
            access(true, placed.output + down, strip),
        ];
        let parameters = self.operations.iter().rev().find(|op| op.what == "load parameters");
        if let Some(parameters) = parameters.filter(|_| placed.parameter_rows > 0) {
            all.push(access(false, placed.parameters, parameters.accesses[0].bytes.len() as u32));
        }
        if work.residual && !part.writes {
            all.push(access(false, placed.residual + down, strip));
        }
        let sums = self.sum_bytes(layer, rows);
        if sums > 0 {
            all.extend([false, true].map(|write| access(write, placed.sums + SUM_BYTES * down, sums)));
        }
        all
    }
}
