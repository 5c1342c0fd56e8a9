//! `nasa compile`, `nasa asm` and `nasa disasm`: programs, and programs as text.

use super::Done;
use crate::console::Console;
use crate::{files, flow, report};
use clap::Args;
use serde_json::json;
use spec::error::Report;
use spec::program::{text, Program};
use std::path::PathBuf;

/// Compiles a network to the instruction streams of an accelerator.
#[derive(Args)]
#[command(after_help = "Example: nasa compile -c hw/configs/tiny.yaml -n net.yaml -o net.program")]
pub struct Compile {
    /// Accelerator description.
    #[arg(short, long)]
    pub config: PathBuf,
    /// Network file.
    #[arg(short, long)]
    pub network: PathBuf,
    /// Mappings to use in place of a search, as `nasa map` writes them.
    #[arg(short, long, value_name = "MAPPING")]
    pub mapping: Option<PathBuf>,
    /// Where the program goes.
    #[arg(short, long, value_name = "PROGRAM")]
    pub out: PathBuf,
    /// Images that one run processes.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub images: u32,
    /// Stores every layer's output to DRAM.
    #[arg(long)]
    pub dump: bool,
}

impl Compile {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let graph = flow::network(&self.network)?;
        let mappings = self.mapping.as_deref().map(|path| flow::mappings(path, &accelerator, &graph));
        let (images, dump, mappings) = (self.images, self.dump, mappings.transpose()?);
        let options = compiler::Options { images, dump, mappings, ..Default::default() };
        let compiled = console.busy("compiling", || flow::compile(&accelerator, &graph, &options))?;
        files::write(&self.out, &compiled.program.to_bytes())?;
        let words: usize = compiled.program.streams.iter().map(Vec::len).sum();
        console.say(format!("{}: {words} words for {} layers", self.out.display(), graph.len()));
        let layers: Vec<_> =
            compiled.layers.iter().map(|layer| report::plan_json(&accelerator, layer)).collect();
        let dram = compiled.program.dram_end;
        let json = json!({
            "network": graph.name, "config": accelerator.name, "words": words, "dram": dram, "layers": layers,
        });
        Ok(Done::well(json).with_products(vec![self.out.clone()]))
    }
}

/// Makes a program of its listing.
#[derive(Args)]
#[command(after_help = "Example: nasa asm net.asm -o net.program")]
pub struct Asm {
    /// Listing.
    listing: PathBuf,
    /// Where the program goes.
    #[arg(short, long, value_name = "PROGRAM")]
    out: PathBuf,
}

impl Asm {
    pub fn run(&self, _: &Console) -> Result<Done, Report> {
        let program = text::parse(&files::name(&self.listing), &files::read_text(&self.listing)?)?;
        files::write(&self.out, &program.to_bytes())?;
        Ok(Done::well(json!({"words": program.streams.iter().map(Vec::len).sum::<usize>()})))
    }
}

/// Lists a program: instructions with the layers that they run, and its data.
#[derive(Args)]
#[command(after_help = "Example: nasa disasm net.program -c hw/configs/tiny.yaml -o net.asm")]
pub struct Disasm {
    /// Program.
    program: PathBuf,
    /// Accelerator description; its chunks lend the streams their names.
    #[arg(short, long)]
    config: Option<PathBuf>,
    /// Where the listing goes; stdout where left out.
    #[arg(short, long, value_name = "LISTING")]
    out: Option<PathBuf>,
}

impl Disasm {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let program = Program::from_bytes(&files::name(&self.program), &files::read(&self.program)?)?;
        let accelerator = self.config.as_deref().map(flow::accelerator).transpose()?;
        if let Some(accelerator) = &accelerator {
            program.check(accelerator)?;
        }
        let chunks = accelerator.iter().flat_map(|accelerator| &accelerator.chunks);
        let listing = text::print(&program, &chunks.map(|chunk| chunk.name()).collect::<Vec<_>>());
        match &self.out {
            Some(out) => files::write(out, listing.as_bytes())?,
            None => console.show(listing),
        }
        Ok(Done::well(json!({"words": program.streams.iter().map(Vec::len).sum::<usize>()})))
    }
}
