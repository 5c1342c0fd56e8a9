//! Builds the plain C++ test bench on the model that the shim runs (same Verilog, same translation, same
//! optimisation) and runs it.

use super::replay::Seen;
use cosim::verilator::{FAST, SLOW, VERILATOR};
use hdl::Module;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// The program.
pub struct Plain {
    program: PathBuf,
}

impl Plain {
    /// Translates and compiles `top` in `folder`, unless just that has been built there before.
    pub fn build(top: &Arc<Module>, folder: &Path) -> Plain {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/simulate/plain.cpp");
        let program = folder.join("obj/Vmodel");
        let files = hdl::verilog::print(top);
        let sources: String = files.iter().map(|file| file.text.as_str()).collect();
        let stamp =
            format!("{sources}{}{FAST}{SLOW}{VERILATOR:?}", fs::read_to_string(&bench).expect("plain.cpp"));
        let built = fs::read_to_string(folder.join("stamp")).is_ok_and(|old| old == stamp);
        if !(built && program.exists()) {
            fs::create_dir_all(folder).expect("a folder");
            for file in &files {
                fs::write(folder.join(&file.name), &file.text).expect("a file");
            }
            let make = format!("OPT_FAST={FAST} OPT_SLOW={SLOW} OPT_GLOBAL={FAST}");
            let mut verilator = Command::new("verilator");
            verilator.current_dir(folder).args(VERILATOR);
            verilator.args(["--exe", "--build", "-j", "0", "--prefix", "Vmodel", "--Mdir", "obj"]);
            verilator.args(["-MAKEFLAGS", &make, "--top-module", top.name()]).arg(&bench);
            verilator.args(files.iter().map(|file| &file.name));
            let output = verilator.output().expect("verilator is installed");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            fs::write(folder.join("stamp"), stamp).expect("a file");
        }
        Plain { program }
    }

    /// Replays the records in the file `stimulus`.
    pub fn replay(&self, stimulus: &Path) -> Seen {
        let output = Command::new(&self.program).arg(stimulus).output().expect("the program starts");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut numbers = text.split_whitespace().map(|number| number.parse::<u64>().expect("a number"));
        let mut next = || numbers.next().expect("three numbers");
        Seen { cycles: next(), time: Duration::from_nanos(next()), sum: next() }
    }
}
