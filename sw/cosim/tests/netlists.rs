//! The printed Verilog means what the description means: random netlists in Verilator against the reference
//! interpreter, and under the lints of Verilator and Icarus Verilog.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cosim::verilator::Verilated;
use hdl::random::{self as netlist, Random};
use hdl::Module;
use sim::lockstep::{difference, Stimulus};
use sim::Interpreter;

const CYCLES: usize = 200;

/// The same netlists in every run, so that a change is judged by its own effect; `NETLIST_SEED=n` draws others.
fn seed() -> u64 {
    let given = std::env::var("NETLIST_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or(2026)
}

/// Verilator 5.006 stops with an internal error (`V3Gate.cpp:970`) where constants from outside reach both the
/// address and the data of a memory's only write, in about one of a hundred random hierarchies. That is for
/// its authors to mend: such a netlist is passed over, and says so.
fn is_fault_of_verilator(said: &str) -> bool {
    let is_known = said.contains("Internal Error") && said.contains("V3Gate.cpp");
    if is_known {
        println!("passed over: an internal error of Verilator");
    }
    is_known
}

fn work_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned()
}

/// A handful of netlists over common leaves, in one module so that they are built at once.
fn netlists(seed: u64) -> Arc<Module> {
    let random = &mut Random::new(seed);
    let leaves: Vec<Arc<Module>> =
        (0..3).map(|i| netlist::module(random, &format!("leaf_{i}"), 20, &[])).collect();
    let middle: Vec<Arc<Module>> =
        (0..2).map(|i| netlist::module(random, &format!("middle_{i}"), 60, &leaves)).collect();
    let mut modules: Vec<Arc<Module>> =
        (0..4).map(|i| netlist::module(random, &format!("netlist_{i}"), 80, &middle)).collect();
    modules.extend(leaves);
    netlist::side_by_side("netlists", &modules)
}

#[test]
fn verilator_agrees_with_the_interpreter() {
    let first = seed();
    println!("NETLIST_SEED={first}");
    // One that Verilator breaks down on is no failure; the campaign of many is in `testbenches`.
    agree(&netlists(first), first);
}

/// The cells in one module, each at more than one size. What a simulator makes of an address beyond a memory's end
/// is its own affair, so the memories whose addresses come from outside have depths that are powers of two.
#[test]
fn verilator_agrees_with_the_interpreter_on_the_cells() {
    use hdl::cells;
    let cells = [
        cells::fifo("fifo_one", 1, 1),
        cells::fifo("fifo_odd", 9, 7),
        cells::fifo("fifo_even", 64, 16),
        cells::skid("skid_one", 1),
        cells::skid("skid_wide", 70),
        cells::counter("counter_odd", 10),
        cells::counter("counter_even", 256),
        cells::arbiter("arbiter_one", 1),
        cells::arbiter("arbiter_odd", 5),
        cells::ram("ram_lanes", 32, 128, 8),
        cells::ram("ram_plain", 12, 2, 12),
    ];
    assert!(agree(&side_by_side("cells_run", cells), seed()), "the cells were not compared");
}

/// Both simulators on the same random inputs, in every output of every cycle; `false` where Verilator breaks down.
fn agree(module: &Arc<Module>, seed: u64) -> bool {
    let mut verilated = match Verilated::build(module, &work_dir()) {
        Ok(verilated) => verilated,
        Err(error) if is_fault_of_verilator(&error.to_string()) => return false,
        Err(error) => panic!("{error}"),
    };
    let inputs = Stimulus::random(module, seed, CYCLES);
    let found = difference(&mut Interpreter::new(module), &mut [&mut verilated], &inputs);
    assert_eq!(found, None, "NETLIST_SEED={seed}");
    true
}

/// Finished cells beside each other.
fn side_by_side<E: std::fmt::Debug>(
    name: &str,
    cells: impl IntoIterator<Item = Result<Arc<Module>, E>>,
) -> Arc<Module> {
    let cells: Vec<Arc<Module>> =
        cells.into_iter().map(|cell| cell.expect("a correct description")).collect();
    netlist::side_by_side(name, &cells)
}

#[test]
fn the_linters_have_nothing_to_say() {
    let seed = seed();
    println!("NETLIST_SEED={seed}");
    lint(&netlists(seed), &format!("lint-{seed}"));
}

#[test]
fn the_linters_have_nothing_to_say_of_the_cells() {
    use hdl::cells;
    let cells = [
        cells::fifo("fifo_one", 1, 1),
        cells::fifo("fifo_odd", 9, 7),
        cells::fifo("fifo_even", 64, 16),
        cells::skid("skid_wide", 70),
        cells::counter("counter_one", 1),
        cells::counter("counter_odd", 10),
        cells::counter("counter_even", 256),
        cells::arbiter("arbiter_one", 1),
        cells::arbiter("arbiter_odd", 5),
        cells::ram("ram_lanes", 32, 100, 8),
        cells::ram("ram_plain", 12, 1, 12),
    ];
    lint(&side_by_side("cells", cells), "lint-cells");
}

/// Both linters on the printed files of a module, in a work folder of that name.
fn lint(top: &Arc<Module>, folder: &str) {
    let folder = work_dir().join(folder);
    std::fs::create_dir_all(&folder).expect("a work folder");
    let files = hdl::verilog::print(top);
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    for file in &files {
        std::fs::write(folder.join(&file.name), &file.text).expect("a file in the work folder");
    }
    let verilator = ["verilator", "--lint-only", "-Wall", "--top-module", top.name()];
    let icarus = ["iverilog", "-g2001", "-Wall", "-t", "null", "-s", top.name()];
    for linter in [&verilator[..], &icarus[..]] {
        let mut command = Command::new(linter[0]);
        let output = command.args(&linter[1..]).args(&names).current_dir(&folder).output().expect("a linter");
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        // Icarus warns of every file without a time scale, which synchronous designs have no use for.
        let said: Vec<&str> = said.lines().filter(|line| !line.contains("timescale")).collect();
        let is_clean = output.status.success() && said.is_empty();
        assert!(is_clean || is_fault_of_verilator(&said.join("\n")), "{}:\n{}", linter[0], said.join("\n"));
    }
    std::fs::remove_dir_all(&folder).expect("the work folder");
}
