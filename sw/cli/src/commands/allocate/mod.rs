//! `nasa allocate`: an accelerator for a network, on the area that another one has. By the paper's equation all chunks take
//! equally long for as many terms a PE; a search maps the layers on arrays of many shapes and takes those whose pipeline has
//! the least of what is asked for.

mod equation;
mod search;

use super::Done;
use crate::console::Console;
use crate::flow;
use clap::{Args, ValueEnum};
use mapper::areas;
use mapper::nasa::allocate::RATIO;
use spec::error::{Diagnostic, Report};
use std::path::PathBuf;

/// How an area is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The paper's equation.
    Equation,
    /// Arrays of many shapes, scored by our mapper.
    Search,
}

/// What areas are counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Unit {
    /// Standard cells with register files.
    #[default]
    Um2,
    /// Standard cells without register files.
    Um2Logic,
    /// LUTs with register files.
    Lut,
    /// LUTs without register files.
    LutLogic,
}

impl Unit {
    /// As the mapper knows it.
    pub(super) fn of(self) -> areas::Unit {
        match self {
            Unit::Um2 => areas::Unit::Um2,
            Unit::Um2Logic => areas::Unit::Um2Logic,
            Unit::Lut => areas::Unit::Lut,
            Unit::LutLogic => areas::Unit::LutLogic,
        }
    }
}

/// Divides the area of an accelerator among its chunks as a network needs them.
#[derive(Args)]
#[command(
    after_help = "Example: nasa allocate --layers sw/zoo/nasa-sample/layers.yaml -c hw/configs/edge.yaml -o nasa.yaml --area 168\n\n\
    Each chunk gets PEs in proportion to the terms of an image that it computes, so that all take equally long: the paper's\n\
    equation (docs/paper-model.md). An array has as many rows as the square that fits its PEs, and as many columns as then\n\
    fit. A chunk without layers is left out. Everything else is taken from CONFIG.\n\n\
    --method search tries arrays of many shapes, with areas of PEs that were measured on the generated Verilog\n\
    (docs/allocation.md), and takes those whose steady state has the least of --objective."
)]
pub struct Allocate {
    /// Network file.
    #[arg(short, long, required_unless_present = "layers")]
    network: Option<PathBuf>,
    /// Table of layers, in place of a network.
    #[arg(long, value_name = "TABLE", conflicts_with = "network")]
    layers: Option<PathBuf>,
    /// Accelerator description to begin with.
    #[arg(short, long)]
    config: PathBuf,
    /// Where the new description goes; its name becomes the accelerator's.
    #[arg(short, long, value_name = "CONFIG")]
    out: PathBuf,
    /// Area of all PEs, in PEs with multipliers; what CONFIG has where left out.
    #[arg(long, value_name = "PES", value_parser = positive)]
    area: Option<f64>,
    /// How the area is divided.
    #[arg(long, value_enum, default_value_t = Method::Equation)]
    method: Method,
    /// Area of a PE with a multiplier, in shift or adder PEs; 1.88 where left out.
    #[arg(long, value_parser = positive)]
    ratio: Option<f64>,
    /// What the search looks for; edp where left out.
    #[arg(long, value_enum)]
    objective: Option<super::map::Objective>,
    /// What the search counts areas in; um2 where left out.
    #[arg(long, value_enum)]
    unit: Option<Unit>,
    /// Table of areas, in place of the one that comes with the program.
    #[arg(long, value_name = "TABLE")]
    areas: Option<PathBuf>,
}

impl Allocate {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        self.check()?;
        let accelerator = flow::accelerator(&self.config)?;
        match self.method {
            Method::Equation => self.by_equation(console, accelerator, self.ratio.unwrap_or(RATIO)),
            Method::Search => self.by_search(console, &accelerator),
        }
    }

    /// Flags that do not go with the method.
    fn check(&self) -> Result<(), Report> {
        let by_search = "it is what the search looks at; choose --method search";
        let by_equation = "areas are measured ones; leave it out";
        let (method, flags) = match self.method {
            Method::Equation => (
                "equation",
                vec![
                    (self.objective.is_some(), "--objective", by_search),
                    (self.unit.is_some(), "--unit", by_search),
                    (self.areas.is_some(), "--areas", by_search),
                ],
            ),
            Method::Search => ("search", vec![(self.ratio.is_some(), "--ratio", by_equation)]),
        };
        let error = |(_, flag, help): (bool, &str, &str)| {
            let message = format!("{flag} does not go with the method `{method}`");
            Diagnostic::new("allocate", message).help(help)
        };
        Report(flags.into_iter().filter(|(is_given, ..)| *is_given).map(error).collect()).or(())
    }

    /// The name that the new accelerator has from its file.
    fn name(&self) -> String {
        self.out.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// A number above 0, and so far from what numbers can hold that no product of them is infinite.
pub(super) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if (1e-6..=1e6).contains(&number) => Ok(number),
        _ => Err("this must be a number between 0.000001 and 1000000".to_string()),
    }
}
