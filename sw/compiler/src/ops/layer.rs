//! The operations of one layer: its parts in their order, each visit to outputs between what it needs and what it leaves.

use super::moves::Loaded;
use super::{Access, Operation};
use crate::banks::Regions;
use crate::descriptors::{place, Placed};
use crate::dram::Dram;
use crate::plan::Plan;
use crate::ring::Ring;
use mapper::layout::{elements, pitches, Block, ROWS};
use mapper::nests::engine;
use mapper::parts::{visits, Part};
use mapper::Dim;
use model::{Graph, LayerId};
use spec::accelerator::Accelerator;
use spec::isa::table::{Queue, SUM_BYTES};
use std::ops::Range;

/// The operations of one chunk so far, and what is where in its regions.
pub(super) struct Builder<'a> {
    pub(super) accelerator: &'a Accelerator,
    pub(super) graph: &'a Graph,
    pub(super) plan: &'a Plan,
    pub(super) dram: &'a Dram,
    pub(super) activations: [Ring; 2],
    pub(super) weights: Ring,
    pub(super) parameters: Ring,
    pub(super) residuals: Ring,
    /// The region that the last layer wrote, and where its output begins if all of it is there.
    pub(super) written: usize,
    pub(super) output: u32,
    pub(super) operations: Vec<Operation>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(
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

    /// Bytes of a line of the buffer.
    pub(super) fn line(&self) -> u32 {
        self.accelerator.buffer.line_bytes
    }

    /// The access of bytes that are read line by line, or written.
    pub(super) fn access(&self, write: bool, bytes: Range<u32>) -> Access {
        Access { write, bytes, beyond: if write { 0 } else { self.line() - 1 } }
    }

    /// Adds the operations of `layer`; the chunk runs `next` after it.
    pub(super) fn layer(&mut self, layer: usize, next: Option<usize>) {
        let planned = &self.plan.layers[layer];
        let work = planned.mapping.layer;
        let from = if planned.resident { self.written } else { 1 - self.written };
        let to = 1 - from;
        let mut placed = Placed::default();
        if planned.resident {
            (placed.input, placed.inputs) = (self.output, Block::whole(work.inputs()));
        }
        let slack = next.map_or(0, |next| self.plan.layers[next].slack).max(planned.slack);
        // What is kept leaves no room for sums; layers that spill are not.
        let whole = planned.kept.then(|| {
            let all = elements(&work.outputs()) as u32;
            self.activations[to].take(all, slack)
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
                    self.begin_visit(layer, visit, to, whole, &mut placed);
                }
                let what = format!("part {} of {}", number + 1, parts.len());
                self.execute(layer, &parts[number], &placed, what);
                number += 1;
            }
            self.end_visit(layer, visit, &placed);
        }
        (self.written, self.output) = (to, whole.unwrap_or(0));
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

    /// What an execution reads and writes in the buffer: the inputs that are there, and the rows of outputs that it makes.
    fn touched(&self, layer: usize, part: &Part, placed: &Placed) -> Vec<Access> {
        let mapping = &self.plan.layers[layer].mapping;
        let (mut inputs, row) = (mapping.held_inputs(), pitches(&mapping.held_outputs())[ROWS] as u32);
        inputs[ROWS] = placed.inputs.size[ROWS];
        let (y, rows) = part.range(Dim::OY);
        let [down, strip] = [y - placed.outputs.from[ROWS], rows].map(|rows| rows * row);
        let access = |write, from: u32, bytes: u32| self.access(write, from..from + bytes);
        let read = access(false, placed.input, elements(&inputs) as u32);
        let mut all = vec![
            Access { beyond: self.plan.layers[layer].slack - 1, ..read },
            access(false, placed.weights, mapping.w_bytes() as u32),
            access(true, placed.output + down, strip),
        ];
        let parameters = self.operations.iter().rev().find(|op| op.what == "load parameters");
        if let Some(parameters) = parameters.filter(|_| placed.parameter_rows > 0) {
            all.push(access(false, placed.parameters, parameters.accesses[0].bytes.len() as u32));
        }
        if mapping.layer.residual && !part.writes {
            all.push(access(false, placed.residual + down, strip));
        }
        if mapping.spills() {
            let sums = |write| access(write, placed.sums + SUM_BYTES * down, SUM_BYTES * strip);
            all.extend([sums(false), sums(true)]);
        }
        all
    }
}
