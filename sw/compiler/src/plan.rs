//! A mapping for every layer, and which activations stay in the buffer: the output of a layer that its chunk
//! reads right afterwards, in the same iteration, is not fetched from DRAM where all of it fits a region.

use crate::banks::{Region, Regions};
use crate::stages::Stages;
use crate::unmapped::Unmapped;
use crate::{LayerPlan, Options};
use mapper::check::faults;
use mapper::cut::Ways;
use mapper::parts::parts;
use mapper::search::{search_within, Found};
use mapper::stationary::Stationary;
use mapper::tiling::{Capacity, Footprint, Shortage};
use mapper::unroll::Unroll;
use mapper::{Dim, Mapping, Work};
use model::graph::Use;
use model::{Graph, LayerId, Source};
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use std::collections::HashMap;

/// What is decided about a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// How it is computed.
    pub mapping: Mapping,
    /// Predicted cycles of one full `EXEC`.
    pub cycles: u64,
    /// Mappings that the search looked at.
    pub evaluations: u64,
    /// Whether its input is the output of the layer that its chunk runs right before, still in the buffer.
    pub resident: bool,
    /// Whether all of its output stays in the buffer for the layer that its chunk runs next.
    pub kept: bool,
    /// Whether its output goes to DRAM.
    pub stored: bool,
    /// Bytes that beats may read beside what is placed.
    pub slack: u32,
}

impl LayerPlan {
    /// Which of the layer's `EXEC`s for an image finishes output channel `channel` of output row `y` and column `x`.
    pub fn part_of(&self, [channel, y, x]: [u32; 3]) -> Option<usize> {
        let outputs = self.mapping.layer.size[Dim::K];
        let at = [(Dim::G, channel / outputs), (Dim::K, channel % outputs), (Dim::OY, y), (Dim::OX, x)];
        parts(&self.mapping).iter().rposition(|part| part.makes(&at))
    }
}

/// Everything that is decided about layers.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In the graph's order.
    pub layers: Vec<Planned>,
}

/// Plans every layer.
///
/// # Errors
/// Names every layer without a legal mapping, and what it is short of.
pub fn plan(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    stages: &Stages,
    banks: &[Regions],
    ways: Ways,
) -> Result<Plan, Report> {
    let mut report = Report::default();
    let mut planner = Planner { accelerator, graph, stages, options, ways, found: HashMap::new() };
    let mut layers: Vec<Option<Planned>> = vec![None; graph.len()];
    for (chunk, regions) in banks.iter().enumerate() {
        let order = stages.layers_of(chunk);
        let mut resident = false;
        for (i, layer) in order.iter().enumerate() {
            let next = order.get(i + 1).copied();
            let mut kept = next.is_some_and(|next| planner.stays(stages, regions, chunk, *layer, next));
            let mut planned = planner.layer(*layer, chunk, regions, resident, kept);
            // A layer that only fits with its reductions cut needs the room for its sums.
            if kept && planned.is_err() && planner.wanted(*layer).is_none() {
                kept = false;
                planned = planner.layer(*layer, chunk, regions, resident, kept);
            }
            match planned {
                Ok(planned) => layers[*layer] = Some(planned),
                Err(error) => report.0.extend(error.0),
            }
            resident = kept;
        }
    }
    report.or(())?;
    Ok(Plan { layers: layers.into_iter().map(|layer| layer.expect("every layer has a chunk")).collect() })
}

impl Plan {
    /// What the user is told about each layer.
    pub fn describe(&self, graph: &Graph, stages: &Stages) -> Vec<LayerPlan> {
        let one = |((id, layer), planned): ((LayerId, &model::Layer), &Planned)| {
            let parts = parts(&planned.mapping).len() as u32;
            LayerPlan {
                name: layer.name.clone(),
                chunk: stages.chunk[id.0],
                stage: stages.stage[id.0],
                macs: layer.macs(),
                mapping: planned.mapping.clone(),
                parts,
                predicted: planned.cycles * u64::from(parts),
                evaluations: planned.evaluations,
                input_resident: planned.resident,
                stored: planned.stored,
            }
        };
        graph.layers().zip(&self.layers).map(one).collect()
    }
}

/// A search's question; layers often repeat.
type Question = (usize, Work, [u32; 5]);

struct Planner<'a> {
    accelerator: &'a Accelerator,
    graph: &'a Graph,
    stages: &'a Stages,
    options: &'a Options,
    ways: Ways,
    found: HashMap<Question, Result<Found, Vec<Shortage>>>,
}

impl Planner<'_> {
    /// Whether all of `layer`'s output can wait in the buffer for `next`.
    fn stays(&self, stages: &Stages, regions: &Regions, chunk: usize, layer: usize, next: usize) -> bool {
        let reads = self.graph.layer(LayerId(next)).input == Source::Layer(LayerId(layer));
        let bytes = self.graph.layer(LayerId(layer)).out_shape.elements() as u64;
        let whole = self.wanted(layer).is_none_or(|wanted| wanted.has_output_rows() && !wanted.spills())
            && self.wanted(next).is_none_or(Mapping::has_input_rows);
        let slack = self.slack(layer, chunk).max(self.slack(next, chunk));
        let fits = |region: &Region| bytes + u64::from(slack) <= u64::from(region.bytes);
        reads && whole && stages.stage[layer] == stages.stage[next] && regions.activations.iter().all(fits)
    }

    /// The mapping that the user gives for `layer`, legal or not.
    fn wanted(&self, layer: usize) -> Option<&Mapping> {
        self.options.mappings.as_ref()?.get(layer)
    }

    /// The most bytes that beats of `layer` may read beside the point.
    fn slack(&self, layer: usize, chunk: usize) -> u32 {
        let (work, chunk) = (Work::from(self.graph.layer(LayerId(layer))), &self.accelerator.chunks[chunk]);
        let line_bytes = self.accelerator.buffer.line_bytes;
        if let Some(given) = self.wanted(layer) {
            return given.slack(line_bytes);
        }
        let fixed = self.options.fixed.map_or(&[][..], Stationary::dataflows);
        let dataflows =
            mapper::dataflow::DATAFLOWS.iter().chain(fixed).filter(|dataflow| (dataflow.suits)(chunk, &work));
        let overshoot = |unroll: &Unroll| {
            let post_lanes = chunk.post_lanes;
            Footprint { work: &work, unroll, line_bytes, post_lanes }.overshoot(work.size[Dim::G])
        };
        let slacks = dataflows.map(|dataflow| overshoot(&dataflow.unroll(chunk, line_bytes, &work)));
        slacks.max().unwrap_or(line_bytes)
    }

    fn layer(
        &mut self,
        layer: usize,
        chunk: usize,
        regions: &Regions,
        resident: bool,
        kept: bool,
    ) -> Result<Planned, Report> {
        let slack = self.slack(layer, chunk);
        let mut capacity = regions.capacity(&self.accelerator.chunks[chunk], slack);
        capacity.inputs = if resident { u32::MAX } else { capacity.inputs };
        capacity.outputs = if kept { u32::MAX } else { capacity.outputs };
        let found = match self.wanted(layer) {
            Some(mapping) => (mapping.clone(), self.given(mapping, layer, chunk, &capacity)?, 0),
            None => {
                let found = self.searched(layer, chunk, &capacity)?;
                (found.mapping, found.cycles, found.evaluations)
            }
        };
        let stored = self.is_stored(layer, kept);
        let (mapping, cycles, evaluations) = found;
        Ok(Planned { mapping, cycles, evaluations, resident, kept, stored, slack })
    }

    /// Cycles of a full `EXEC` of a mapping that the user gives, if it is legal.
    fn given(
        &self,
        mapping: &Mapping,
        layer: usize,
        chunk: usize,
        capacity: &Capacity,
    ) -> Result<u64, Report> {
        let (described, chunk) = (self.graph.layer(LayerId(layer)), &self.accelerator.chunks[chunk]);
        let faults = if mapping.layer == Work::from(described) {
            faults(mapping, self.accelerator, chunk, capacity)
        } else {
            vec!["it was made for another layer".to_string()]
        };
        if !faults.is_empty() {
            let message = format!("the mapping of layer `{}` is not legal", described.name);
            let error = faults.into_iter().fold(Diagnostic::new("mapping", message), Diagnostic::note);
            return Err(error.help("change it, or let `nasa map` find one for this accelerator").into());
        }
        let engine = mapper::nests::engine(mapping);
        Ok(mapper::exec::cycles(self.accelerator, chunk, &engine.nests, &engine.registers))
    }

    fn searched(&mut self, layer: usize, chunk: usize, capacity: &Capacity) -> Result<Found, Report> {
        let layer = self.graph.layer(LayerId(layer));
        let work = Work::from(layer);
        let Capacity { inputs, outputs, weights, residuals, parameters, .. } = *capacity;
        let question = (chunk, work, [inputs, outputs, weights, residuals, parameters]);
        let (accelerator, array) = (self.accelerator, &self.accelerator.chunks[chunk]);
        let (objective, fixed, ways) = (self.options.objective, self.options.fixed, self.ways);
        let within = |fixed| search_within(accelerator, array, &work, capacity, objective, fixed, ways);
        let answer = self.found.entry(question).or_insert_with(|| {
            within(fixed).or_else(|shortages| fixed.map_or(Err(shortages), |_| within(None)))
        });
        answer.clone().map_err(|shortages| {
            let (accelerator, graph, stages) = (self.accelerator, self.graph, self.stages);
            Unmapped { accelerator, graph, stages, layer, chunk, shortages: &shortages }.diagnostic().into()
        })
    }

    /// Whether anyone reads the output of `layer` from DRAM.
    fn is_stored(&self, layer: usize, kept: bool) -> bool {
        let consumers = self.graph.consumers(LayerId(layer));
        let wanted = self.options.dump || self.graph.output == LayerId(layer);
        let served = |(_, role): &&(LayerId, Use)| kept && *role == Use::Input;
        wanted || consumers.len() > consumers.iter().filter(served).take(1).count()
    }
}
