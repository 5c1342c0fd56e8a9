//! Writes the integers of a trained run: `quantize RUN_FOLDER NETWORK_FOLDER`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [run, out] = &args[..] else {
        eprintln!("usage: quantize RUN_FOLDER NETWORK_FOLDER");
        return ExitCode::from(2);
    };
    match nas::quantize(Path::new(run), Path::new(out)) {
        Ok(found) => {
            let percent = |share: f64| 100.0 * share;
            println!("epochs {}, test images {}", found.epochs, found.images);
            println!("float {:.2} %", percent(found.float_accuracy));
            println!("integers, by the reference executor {:.2} %", percent(found.integer_accuracy));
            ExitCode::SUCCESS
        }
        Err(report) => {
            eprint!("{report}");
            ExitCode::from(2)
        }
    }
}
