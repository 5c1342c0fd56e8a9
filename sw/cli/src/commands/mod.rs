//! The subcommands, one a file: its flags, and what it does with them.

#[cfg(feature = "train")]
mod ablate;
mod allocate;
mod compare;
#[cfg(feature = "train")]
mod costs;
#[cfg(feature = "train")]
mod device;
mod generate;
mod import;
mod listing;
mod map;
mod reference;
#[cfg(feature = "train")]
mod report;
mod run;
#[cfg(feature = "train")]
mod search;
mod simulate;
#[cfg(feature = "train")]
mod train;
mod verify;
mod whole_space;

use crate::console::Console;
use clap::Subcommand;
use serde_json::Value;
use spec::error::Report;
use std::path::PathBuf;

pub use simulate::{Engine, Hardware, Memory};

/// What a command leaves behind.
pub struct Done {
    /// The machine-readable result.
    pub json: Value,
    /// Checks that were asked for and failed; empty is success.
    pub failures: Report,
    /// Files that were written, besides what the caller named for the result.
    pub products: Vec<PathBuf>,
    /// What was shown.
    pub shown: String,
}

impl Done {
    /// Success.
    pub fn well(json: Value) -> Done {
        Done { json, failures: Report::default(), products: Vec::new(), shown: String::new() }
    }

    /// With checks that failed.
    pub fn failing(json: Value, failures: Report) -> Done {
        Done { failures, ..Done::well(json) }
    }

    /// With files that were written.
    pub fn with_products(self, products: Vec<PathBuf>) -> Done {
        Done { products, ..self }
    }
}

/// Every subcommand, in the order of the flow.
#[derive(Subcommand)]
pub enum Command {
    Generate(generate::Generate),
    #[cfg(feature = "train")]
    Costs(costs::Costs),
    #[cfg(feature = "train")]
    Search(search::Search),
    #[cfg(feature = "train")]
    Train(train::Train),
    #[cfg(feature = "train")]
    Quantize(train::Quantize),
    #[cfg(feature = "train")]
    Ablate(ablate::Ablate),
    Import(import::Import),
    Reference(reference::Reference),
    Allocate(allocate::Allocate),
    Compare(compare::Compare),
    Map(map::Map),
    Compile(listing::Compile),
    Asm(listing::Asm),
    Disasm(listing::Disasm),
    Simulate(simulate::Simulate),
    Verify(verify::Verify),
    #[cfg(feature = "train")]
    Report(report::Report),
    Run(run::Run),
}

impl Command {
    /// Runs it.
    ///
    /// # Errors
    /// Bad input.
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        match self {
            Command::Generate(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Costs(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Search(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Train(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Quantize(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Ablate(command) => command.run(console),
            Command::Import(command) => command.run(console),
            Command::Reference(command) => command.run(console),
            Command::Allocate(command) => command.run(console),
            Command::Compare(command) => command.run(console),
            Command::Map(command) => command.run(console),
            Command::Compile(command) => command.run(console),
            Command::Asm(command) => command.run(console),
            Command::Disasm(command) => command.run(console),
            Command::Simulate(command) => command.run(console),
            Command::Verify(command) => command.run(console),
            #[cfg(feature = "train")]
            Command::Report(command) => command.run(console),
            Command::Run(command) => command.run(console),
        }
    }
}
