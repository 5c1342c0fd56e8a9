//! The operations of one iteration: transfers and executions of every chunk, in an order in which they would
//! be right one after another. Which of them overlap is not decided here: regions are used in turns, like
//! rings, and the hazards find what has to wait.

use crate::banks::Regions;
use crate::descriptors::{place, row_bytes, transfer, Placed};
use crate::dram::{Dram, Frames};
use crate::plan::{Part, Plan};
use crate::ring::Ring;
use crate::stages::Stages;
use mapper::nests::engine;
use mapper::{Dim, Registers};
use model::{Graph, LayerId, Source};
use spec::accelerator::Accelerator;
use spec::isa::table::{Queue, SUM_BYTES};
use spec::nest::Nest;
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
        let row = row_bytes(&work);
        let slack = next.map_or(0, |next| self.plan.layers[next].slack).max(planned.slack);
        let parts = planned.parts();
        let all = row * work.size[Dim::OY];
        let whole = planned.kept.then(|| {
            let sums = self.sum_bytes(layer, planned.mapping.tile[Dim::OY]);
            let address = self.activations[to].take(all + sums, slack);
            placed.sums = address + all;
            address
        });
        let ranges = parts.iter().filter(|part| part.y == parts[0].y).count();
        for (i, part) in parts.iter().enumerate() {
            let range = i % ranges;
            if i < ranges || !planned.one_range() {
                self.constants(layer, range, &mut placed);
            } else {
                placed.parameter_rows = 0;
            }
            if range == 0 {
                self.begin_strip(layer, part, [from, to], whole, &mut placed);
            }
            self.execute(layer, part, &placed, format!("part {} of {}", i + 1, parts.len()));
            if range == ranges - 1 && planned.stored {
                self.store(layer, part, &placed);
            }
        }
        (self.written, self.output) = (to, whole.unwrap_or(0));
    }

    /// Loads weights and parameters of a range of channels.
    fn constants(&mut self, layer: usize, range: usize, placed: &mut Placed) {
        let (line, mapping) = (self.line(), &self.plan.layers[layer].mapping);
        let constants = self.dram.constants[layer][range];
        let chunk = self.accelerator.chunk_of(self.graph.layer(LayerId(layer)).op);
        let post_lanes = chunk.expect("every layer has a chunk").1.post_lanes;
        let bytes = mapping.w_bytes() as u32;
        placed.parameter_rows = mapping.p_rows();
        let parameters = mapping.p_rows() * spec::isa::table::PARAMETER_BYTES as u32 * post_lanes;
        placed.parameters = self.parameters.take(parameters, line);
        self.load(layer, "parameters", constants.parameters, placed.parameters, parameters, None);
        placed.weights = self.weights.take(bytes, line);
        self.load(layer, "weights", constants.weights, placed.weights, bytes, None);
    }

    /// Loads input and residual of a strip, and finds a place for its output.
    fn begin_strip(
        &mut self,
        layer: usize,
        part: &Part,
        [from, to]: [usize; 2],
        whole: Option<u32>,
        placed: &mut Placed,
    ) {
        let planned = &self.plan.layers[layer];
        let (work, line) = (planned.mapping.layer, self.line());
        let (row, described) = (row_bytes(&work), self.graph.layer(LayerId(layer)));
        if !planned.resident {
            let pitch = work.in_channels() * work.input[1];
            let (first, end) = work.input_rows(part.y.0, part.y.1);
            let bytes = (end - first) * pitch;
            let address = self.activations[from].take(bytes, planned.slack);
            placed.input = i64::from(address) - i64::from(first * pitch);
            placed.input_rows = (first, end);
            self.load(layer, "input", u64::from(first * pitch), address, bytes, Some(described.input));
        }
        if let Some(residual) = described.residual {
            placed.residual = self.residuals.take(part.y.1 * row, line);
            let (from, bytes) = (u64::from(part.y.0 * row), part.y.1 * row);
            self.load(layer, "residual", from, placed.residual, bytes, Some(residual));
        }
        if let Some(address) = whole {
            placed.output = address + part.y.0 * row;
        } else {
            let (results, sums) = (part.y.1 * row, self.sum_bytes(layer, part.y.1));
            placed.output = self.activations[to].take(results + sums, line);
            placed.sums = placed.output + results;
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
            queue: Queue::Load,
            layer,
            what: format!("load {what}"),
            registers: transfer(Queue::Load, dram + frames.map_or(0, |frames| frames.address), buffer, bytes),
            frames,
            nests: None,
            accesses: vec![Access { write: true, bytes: buffer..buffer + bytes }],
            tensor,
        });
    }

    fn store(&mut self, layer: usize, part: &Part, placed: &Placed) {
        let source = Source::Layer(LayerId(layer));
        let frames = *self.dram.of(source);
        let row = row_bytes(&self.plan.layers[layer].mapping.layer);
        let (dram, bytes) = (frames.address + u64::from(part.y.0 * row), part.y.1 * row);
        self.operations.push(Operation {
            queue: Queue::Store,
            layer,
            what: "store output".to_string(),
            registers: transfer(Queue::Store, dram, placed.output, bytes),
            frames: Some(frames),
            nests: None,
            accesses: vec![Access { write: false, bytes: placed.output..placed.output + bytes }],
            tensor: Some(source),
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
            queue: Queue::Execute,
            layer,
            what: format!("exec {what}"),
            registers: engine.registers,
            frames: None,
            nests: Some(engine.nests),
            accesses,
            tensor: None,
        });
    }

    fn touched(&self, layer: usize, part: &Part, placed: &Placed) -> Vec<Access> {
        let work = &self.plan.layers[layer].mapping.layer;
        let pitch = work.in_channels() * work.input[1];
        let (first, end) = placed.input_rows;
        let start = (placed.input + i64::from(first * pitch)) as u32;
        let strip = part.y.1 * row_bytes(work);
        let access = |write, from: u32, bytes: u32| Access { write, bytes: from..from + bytes };
        let mut all = vec![
            access(false, start, (end - first) * pitch),
            access(false, placed.weights, self.plan.layers[layer].mapping.w_bytes() as u32),
            access(true, placed.output, strip),
        ];
        let parameters = self.operations.iter().rev().find(|op| op.what == "load parameters");
        if let Some(parameters) = parameters.filter(|_| placed.parameter_rows > 0) {
            all.push(access(false, placed.parameters, parameters.accesses[0].bytes.len() as u32));
        }
        if work.residual {
            all.push(access(false, placed.residual, strip));
        }
        let sums = self.sum_bytes(layer, part.y.1);
        if sums > 0 {
            all.extend([false, true].map(|write| access(write, placed.sums, sums)));
        }
        all
    }
}
