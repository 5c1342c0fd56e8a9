//! `nasa generate`: the Verilog of an accelerator, and what a user needs beside it.

use super::Done;
use crate::console::Console;
use crate::{files, flow, package};
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
        let before = files::read_text(&self.out.join(package::FILE_LIST)).unwrap_or_default();
        for stale in
            before.lines().filter(|name| name.ends_with(".v") && !names.iter().any(|new| new == name))
        {
            if self.out.join(stale).exists() {
                files::remove(&self.out.join(stale))?;
            }
        }
        let extras = package::files(&accelerator, &names);
        let verilog = verilog.into_iter().map(|file| (file.name, file.text));
        for (name, text) in verilog.chain(extras) {
            files::write(&self.out.join(name), text.as_bytes())?;
        }
        console.say(format!("{}: {} modules of `{}`", self.out.display(), names.len(), accelerator.name));
        let hash = format!("{:016x}", accelerator.hash);
        Ok(Done::well(
            json!({"config": accelerator.name, "hash": hash, "folder": self.out, "modules": names}),
        ))
    }
}
