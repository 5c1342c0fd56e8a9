//! An area divided among the chunks of a network: arrays are ranked by what their layers take ([`mapper::grids`]), and the best
//! are compared by the steady state of whole programs. Areas are a table's, measured on the PEs that we generate.

use crate::console::Console;
use crate::steady::{steady, Steady};
use crate::{files, paper};
use mapper::areas::{multiplier, Areas, Unit};
use mapper::energy::Objective;
use mapper::grids::{choose, Candidate, Choice, Demand};
use mapper::nasa::layer::Layer;
use mapper::Work;
use model::Graph;
use spec::accelerator::{Accelerator, Chunk};
use spec::config;
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use std::path::Path;

/// Choices of arrays of which whole programs are made.
const FINALISTS: usize = 6;

/// The table that comes with the program.
const COMMITTED: (&str, &str) = ("hw/areas.yaml", include_str!("../../../hw/areas.yaml"));

/// An area, and what it is made of.
pub struct Budget {
    areas: Areas,
    unit: Unit,
    /// In PEs with multipliers.
    pes: f64,
    /// Area of one of them.
    multiplier: f64,
}

/// What an area was divided into.
pub struct Allocation {
    /// The accelerator.
    pub accelerator: Accelerator,
    /// Area of its PEs, in PEs with multipliers.
    pub area: f64,
    /// What an image takes on it.
    pub steady: Steady,
}

impl Budget {
    /// `pes` PEs with multipliers like those of `accelerator`; what it has, where that is left out. `table` takes the place
    /// of the one that comes with the program.
    ///
    /// # Errors
    /// A table that cannot be read, or that lacks a PE.
    pub fn new(
        accelerator: &Accelerator,
        table: Option<&Path>,
        unit: Unit,
        pes: Option<f64>,
    ) -> Result<Budget, Report> {
        let areas = match table {
            Some(path) => Areas::parse(&files::name(path), &files::read_text(path)?)?,
            None => Areas::parse(COMMITTED.0, COMMITTED.1)?,
        };
        let mut budget = Budget { areas, unit, pes: 0.0, multiplier: 1.0 };
        budget.multiplier = budget.of_pe(&multiplier(accelerator))?;
        budget.pes = match pes {
            Some(pes) => pes,
            None => budget.area(accelerator)?,
        };
        Ok(budget)
    }

    /// The area, in PEs with multipliers.
    pub fn pes(&self) -> f64 {
        self.pes
    }

    /// Area of the PEs of an accelerator, in PEs with multipliers.
    pub fn area(&self, accelerator: &Accelerator) -> Result<f64, Report> {
        let areas = accelerator.chunks.iter().map(|chunk| Ok(f64::from(chunk.pes()) * self.of_pe(chunk)?));
        Ok(areas.sum::<Result<f64, Report>>()? / self.multiplier)
    }

    fn of_pe(&self, chunk: &Chunk) -> Result<f64, Report> {
        let Chunk { weight_bits, input_rf, weight_rf, psum_rf, .. } = chunk;
        self.areas.of_pe(chunk, self.unit).ok_or_else(|| {
            let message = format!("the table of areas has no such PE of the {}", chunk.name());
            let note = format!("{weight_bits} bits of weight, register files of {input_rf}, {weight_rf} and {psum_rf} entries");
            let help = "measure it: cargo run --profile test -p nasa-testbenches --example pe_areas -- CONFIG > TABLE, and give --areas TABLE";
            Diagnostic::new("areas", message).note(note).help(help).into()
        })
    }

    /// The best arrays for `graph`; everything but arrays is as in `accelerator`, chunks without layers are left out.
    ///
    /// # Errors
    /// Where no arrays of this area can compute it.
    pub fn divide(
        &self,
        console: &Console,
        accelerator: &Accelerator,
        graph: &Graph,
        objective: Objective,
    ) -> Result<Allocation, Report> {
        check_ops(accelerator, graph)?;
        let ops: Vec<Op> =
            Op::ALL.iter().copied().filter(|op| graph.layers().any(|(_, layer)| layer.op == *op)).collect();
        let demands: Result<Vec<Demand>, Report> =
            ops.iter().map(|op| self.demand(accelerator, graph, *op)).collect();
        let demands = demands?;
        // The chunks that are left divide the buffer among themselves.
        let chunks = demands.iter().map(|demand| demand.chunk.clone()).collect();
        let machine = Accelerator { chunks, ..accelerator.clone() };
        let whole = self.pes * self.multiplier;
        let weight: f64 = demands.iter().map(Demand::weight).sum();
        let candidates = console.counting("searching arrays", |progress| {
            let of = |(i, demand): (usize, &Demand)| {
                progress(i, demands.len());
                demand.candidates(&machine, whole * demand.weight() / weight, whole)
            };
            demands.iter().enumerate().map(of).collect::<Vec<Vec<Candidate>>>()
        });
        let choices = choose(&candidates, whole, objective, FINALISTS);
        let mut best: Option<Allocation> = None;
        let mut refused = None;
        for (i, choice) in choices.iter().enumerate() {
            let machine = with_arrays(accelerator, choice)?;
            let steady = console.counting("comparing the best arrays", |progress| {
                progress(i, choices.len());
                steady(&machine, graph, objective, None)
            });
            match steady {
                Ok(steady)
                    if best
                        .as_ref()
                        .is_none_or(|best| steady.score(objective) < best.steady.score(objective)) =>
                {
                    let area = choice.area() / self.multiplier;
                    best = Some(Allocation { accelerator: machine, area, steady });
                }
                Ok(_) => {}
                Err(report) => refused = Some(report),
            }
        }
        best.ok_or_else(|| refused.unwrap_or_else(|| self.none_fit(&demands, &candidates)))
    }

    fn demand(&self, accelerator: &Accelerator, graph: &Graph, op: Op) -> Result<Demand, Report> {
        let (_, chunk) = accelerator.chunk_of(op).expect("layers without a chunk were refused");
        let works = graph.layers().filter(|(_, layer)| layer.op == op).map(|(_, layer)| Work::from(layer));
        Ok(Demand::new(chunk, works, self.of_pe(chunk)?))
    }

    /// What each chunk lacks where no arrays of the area serve all of them.
    fn none_fit(&self, demands: &[Demand], candidates: &[Vec<Candidate>]) -> Report {
        let message = format!("no arrays of {:.1} PEs with multipliers compute this network", self.pes);
        let mut error = Diagnostic::new("arrays", message);
        let mut unmapped = false;
        for (demand, tried) in demands.iter().zip(candidates) {
            let (chunk, pe) = (demand.chunk.name(), demand.pe_area / self.multiplier);
            let smallest = tried.first().map(|array| array.area / self.multiplier);
            error = error.note(match smallest {
                Some(area) => format!("the smallest array of the {chunk} that serves takes {area:.1}"),
                None if pe > self.pes => format!("one PE of the {chunk} takes {pe:.1}"),
                None => format!("on no array of the {chunk} that was tried all its layers have a mapping"),
            });
            unmapped |= smallest.is_none() && pe <= self.pes;
        }
        let help = match unmapped {
            false => "give a larger --area",
            true => "`nasa map` says what a layer lacks on an array; give a description with more of it",
        };
        error.help(help).into()
    }
}

/// Layers whose op no chunk of the accelerator computes.
pub fn check_ops(accelerator: &Accelerator, graph: &Graph) -> Result<(), Report> {
    let layers: Vec<Layer> = graph.layers().map(|(_, layer)| Layer::of(layer)).collect();
    paper::check_ops(accelerator, &layers)
}

/// `accelerator` with these arrays and no other.
fn with_arrays(accelerator: &Accelerator, choice: &Choice) -> Result<Accelerator, Report> {
    let chunks = choice.arrays.iter().map(|array| array.chunk.clone()).collect();
    // Read back, so that its hash is that of what it says.
    let yaml = config::to_yaml(&Accelerator { chunks, ..accelerator.clone() });
    config::parse("the description", &yaml)
}
