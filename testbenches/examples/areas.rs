//! What the generated hardware takes on an FPGA: `cargo run --example areas -- edge` synthesises a configuration of
//! `hw/configs` with Yosys for UltraScale+ and prints each module's own cells, those of modules below not among them, and how
//! many instances there are. Places and routes nothing: clocks are not known here.
//!
//! Counts change from one version of Yosys to another; the version stands in the text that is printed.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use testbenches::rtl;

/// Cells by the column in which they count, and how much each counts there. LUTs that serve as memory have a column of
/// their own.
const COLUMNS: [(&str, &[(&str, u64)]); 5] = [
    ("LUT", &[("LUT1", 1), ("LUT2", 1), ("LUT3", 1), ("LUT4", 1), ("LUT5", 1), ("LUT6", 1)]),
    ("LUT as memory", &[("RAM32M", 4), ("RAM64M", 4), ("RAM32M16", 8), ("RAM64M8", 8), ("SRL16E", 1)]),
    ("FF", &[("FDRE", 1), ("FDSE", 1)]),
    ("DSP", &[("DSP48E2", 1)]),
    ("RAMB36", &[("RAMB36E2", 1)]),
];

/// How many of each cell, or instance of a module, a module has.
type Cells = BTreeMap<String, u64>;

fn main() -> ExitCode {
    let names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        eprintln!("usage: areas CONFIGURATION..., each the name of a file of hw/configs");
        return ExitCode::from(2);
    }
    let version = match Command::new("yosys").arg("-V").output() {
        Ok(output) => String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        Err(error) => {
            eprintln!("error[areas]: yosys does not start: {error}\n  = help: install it, on Debian: apt-get install yosys");
            return ExitCode::from(2);
        }
    };
    println!("{version}, synth_xilinx -family xcup");
    for name in names {
        match synthesise(&name) {
            Ok((top, modules)) => println!("\n{}", table(&name, &top, &modules)),
            Err(error) => {
                eprintln!("error[areas]: `{name}`: {error}");
                return ExitCode::from(2);
            }
        }
    }
    ExitCode::SUCCESS
}

/// The name of the top, and each module's own cells.
fn synthesise(name: &str) -> Result<(String, BTreeMap<String, Cells>), String> {
    let configs = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../hw/configs");
    if !configs.join(name).with_extension("yaml").exists() {
        return Err(
            "there is no such configuration\n  = help: name a file of hw/configs, without .yaml".to_owned()
        );
    }
    let top = accel::generate(&rtl::config(name)).map_err(|errors| errors.to_string())?;
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/areas").join(name);
    let in_folder = |error: std::io::Error| format!("{}: {error}", folder.display());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(in_folder)?;
    for file in hdl::verilog::print(&top) {
        fs::write(folder.join(&file.name), &file.text).map_err(in_folder)?;
    }
    let script = format!(
        "read_verilog *.v; synth_xilinx -family xcup -noiopad -top {}; tee -o cells.txt stat",
        top.name()
    );
    let output = Command::new("yosys").args(["-q", "-p", &script]).current_dir(&folder).output();
    let output = output.map_err(in_folder)?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("yosys fails: {said}\n  = help: its input is in {}", folder.display()));
    }
    let cells = fs::read_to_string(folder.join("cells.txt")).map_err(in_folder)?;
    Ok((top.name().to_owned(), modules(&cells)))
}

/// What `stat` says: a section a module, and in it a cell a line, its name and how many there are.
fn modules(text: &str) -> BTreeMap<String, Cells> {
    let mut modules: BTreeMap<String, Cells> = BTreeMap::new();
    let mut module = String::new();
    for line in text.lines() {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["===", "design", "hierarchy", "==="] => break,
            ["===", name, "==="] => module = name.to_owned(),
            [cell, count] => {
                if let Ok(count) = count.parse() {
                    modules.entry(module.clone()).or_default().insert(cell.to_owned(), count);
                }
            }
            _ => {}
        }
    }
    modules
}

/// How often each module occurs below one that occurs `times`.
fn count(modules: &BTreeMap<String, Cells>, module: &str, times: u64, instances: &mut BTreeMap<String, u64>) {
    *instances.entry(module.to_owned()).or_default() += times;
    for (cell, number) in
        modules.get(module).into_iter().flatten().filter(|(cell, _)| modules.contains_key(*cell))
    {
        count(modules, cell, times * number, instances);
    }
}

/// A line a module, the largest share of the LUTs first, and the sum.
fn table(name: &str, top: &str, modules: &BTreeMap<String, Cells>) -> String {
    let mut instances = BTreeMap::new();
    count(modules, top, 1, &mut instances);
    let own = |module: &str| {
        COLUMNS.map(|(_, cells)| {
            cells.iter().map(|(cell, counts)| modules[module].get(*cell).unwrap_or(&0) * counts).sum::<u64>()
        })
    };
    let mut rows: Vec<(&str, u64, [u64; 5])> =
        instances.iter().map(|(module, times)| (module.as_str(), *times, own(module))).collect();
    rows.sort_by_key(|(_, times, cells)| std::cmp::Reverse(times * (cells[0] + cells[1])));
    let line = |first: &str, times: &str, cells: [u64; 5]| {
        let cells: Vec<String> = cells.iter().map(u64::to_string).collect();
        format!("| {first} | {times} | {} |\n", cells.join(" | "))
    };
    let titles = COLUMNS.map(|(title, _)| title).join(" | ");
    let mut text = format!("`{name}`\n\n| module | instances | {titles} |\n|---|{}\n", "--:|".repeat(6));
    let mut sum = [0; 5];
    for (module, times, cells) in rows {
        text += &line(&format!("`{module}`"), &times.to_string(), cells);
        sum.iter_mut().zip(cells).for_each(|(sum, cells)| *sum += times * cells);
    }
    text + &line("all", "", sum)
}
