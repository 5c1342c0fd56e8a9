//! `nasa generate`: the Verilog of an accelerator, and what a user needs beside it.

use super::Done;
use crate::console::Console;
use crate::{flow, folder, package};
use clap::Args;
use serde_json::json;
use spec::error::Report;
use std::path::PathBuf;

/// Writes the Verilog of an accelerator, its register map and packaging files.
#[derive(Args)]
#[command(after_help = "Example: nasa generate -c hw/configs/tiny.yaml -o rtl-out/tiny")]
pub struct Generate {
    /// Accelerator description.
    #[arg(short, long)]
    pub config: PathBuf,
    /// Folder to write to.
    #[arg(short, long, value_name = "DIR")]
    pub out: PathBuf,
}

impl Generate {
    pub fn run(&self, console: &Console) -> Result<Done, Report> {
        let accelerator = flow::accelerator(&self.config)?;
        let verilog = console.busy("generating", || flow::verilog(&accelerator))?;
        let names: Vec<String> = verilog.iter().map(|file| file.name.clone()).collect();
        let extras = package::files(&accelerator, &names);
        let contents: Vec<(String, String)> =
            verilog.into_iter().map(|file| (file.name, file.text)).chain(extras).collect();
        folder::replace(&self.out, &contents)?;
        console.say(format!("{}: {} modules of `{}`", self.out.display(), names.len(), accelerator.name));
        let hash = format!("{:016x}", accelerator.hash);
        let json = json!({"config": accelerator.name, "hash": hash, "folder": self.out, "modules": names});
        let products = contents.iter().map(|(name, _)| self.out.join(name)).collect();
        Ok(Done::well(json).with_products(products))
    }
}
