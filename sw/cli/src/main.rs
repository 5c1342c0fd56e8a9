//! `nasa`: the command line. Every subcommand is a file of `commands`; what they have in common is `flow`.
//!
//! Exit status: 0 on success, 1 where a check that was asked for failed, 2 on bad input. Results go to files or
//! stdout, messages to stderr.

mod allocation;
mod commands;
mod console;
mod explained;
mod files;
mod flow;
mod flow_file;
mod folder;
mod labels;
mod mapped;
mod mappings;
mod measure;
mod package;
mod paper;
mod pictures;
mod report;
mod steady;
mod steps;
mod timeline;
mod verification;
mod waves;

use clap::Parser;
use commands::{Command, Done};
use console::Console;
use std::path::PathBuf;
use std::process::ExitCode;

/// From a network and an accelerator description to hardware, and proof that the two agree.
#[derive(Parser)]
#[command(name = "nasa", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// No messages, no progress bars.
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Writes the machine-readable result to FILE (`-`: stdout).
    #[arg(long, global = true, value_name = "FILE")]
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let console = Console::new(cli.quiet, cli.json.as_deref() == Some("-".as_ref()));
    let done = cli.command.run(&console).and_then(|done| {
        if let Some(file) = &cli.json {
            files::write_json(file, &done.json)?;
        }
        Ok(done)
    });
    match done {
        Ok(Done { failures, .. }) if failures.0.is_empty() => ExitCode::SUCCESS,
        Ok(Done { failures, .. }) => {
            console::to_stderr(&failures.to_string());
            ExitCode::from(1)
        }
        Err(report) => {
            console::to_stderr(&report.to_string());
            ExitCode::from(2)
        }
    }
}
