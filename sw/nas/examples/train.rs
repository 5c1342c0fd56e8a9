//! Trains a network: `train CONFIG.yaml RUN_FOLDER [--resume]`.

use spec::error::{Diagnostic, Report};
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (Some(config), Some(run)) = (args.first(), args.get(1)) else {
        eprintln!("usage: train CONFIG.yaml RUN_FOLDER [--resume]");
        return ExitCode::from(2);
    };
    match train(config, run, args.iter().any(|arg| arg == "--resume")) {
        Ok(summary) => {
            println!("{summary:?}");
            ExitCode::SUCCESS
        }
        Err(report) => {
            eprint!("{report}");
            ExitCode::from(2)
        }
    }
}

fn train(config: &str, run: &str, resume: bool) -> Result<nas::Summary, Report> {
    let text = std::fs::read_to_string(config)
        .map_err(|error| Diagnostic::new("train", format!("cannot be read: {error}")).in_file(config))?;
    nas::train(&nas::TrainConfig::parse(config, &text)?, Path::new(run), resume)
}
