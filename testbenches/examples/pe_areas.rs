//! What a PE takes, with its register files and without: `cargo run --profile test -p nasa-testbenches --example pe_areas`
//! synthesises the generated Verilog of every PE of `hw/configs` with Yosys and writes `hw/areas.yaml`, which `nasa
//! allocate` reads. Of descriptions that are named as arguments the table goes to stdout, for its `--areas`.
//!
//! Yosys reads the PE's module and nothing else: what it makes of one depends a little on what it has read beside.
//!
//! Two targets: standard cells of 180 nm, the only ones that a Debian package brings (flip-flops for register files, as no
//! memory compiler comes with them), and 6-input LUTs of Xilinx 7 series. Without register files means: what is left
//! where memories are cells that take no area, or LUTs that are not memory. Nothing is placed, so clocks are not known.

use mapper::areas::multiplier;
use spec::accelerator::{Accelerator, Chunk};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const LIBERTY: &str = "/usr/share/qflow/tech/osu018/osu018_stdcells.lib";
const PACKAGE: &str = "qflow-tech-osu018";

/// Seconds after which a synthesis has hung.
const LIMIT: &str = "600";

/// LUTs of a cell that is logic, and of one that is memory.
const LOGIC: [(&str, u64); 6] =
    [("LUT1", 1), ("LUT2", 1), ("LUT3", 1), ("LUT4", 1), ("LUT5", 1), ("LUT6", 1)];
const MEMORY: [(&str, u64); 7] = [
    ("RAM32M", 4),
    ("RAM64M", 4),
    ("RAM32X1D", 2),
    ("RAM64X1D", 2),
    ("RAM128X1D", 4),
    ("SRL16E", 1),
    ("SRLC32E", 1),
];

/// What the hardware of a PE depends on.
type Key = (usize, u32, u32, u32, u32);

fn main() -> ExitCode {
    let given: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    let text = match table(&given) {
        Ok(text) => text,
        Err(error) => return fail(&error),
    };
    print!("{text}");
    // The committed table has the PEs of all committed descriptions, not those of a few.
    let file = root().join("hw/areas.yaml");
    match given.is_empty().then(|| fs::write(&file, text)) {
        None | Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => fail(&format!("{}: {error}", file.display())),
    }
}

fn fail(error: &str) -> ExitCode {
    eprintln!("error[areas]: {error}");
    ExitCode::from(2)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn table(given: &[PathBuf]) -> Result<String, String> {
    let (tool, cells) = (said("yosys", &["-V"])?, said("dpkg-query", &["-W", PACKAGE])?.replace('\t', " "));
    let mut text = format!(
        "# What PEs take; written by `cargo run --profile test -p nasa-testbenches --example pe_areas`, do not edit.\n\
         # um2: standard cells of 180 nm, register files of flip-flops; lut: 6-input LUTs without DSP; dsp_lut: LUTs with\n\
         # `dsps` DSPs. Names with `_logic` are without register files.\n\
         format: nasa-areas/1\ntool: {tool}\ncells: {cells}\nfpga: synth_xilinx -family xc7\npes:\n"
    );
    let mut seen = BTreeSet::new();
    for accelerator in accelerators(given)? {
        // Areas are counted in PEs with multipliers, which it may not have.
        for chunk in accelerator.chunks.iter().chain([&multiplier(&accelerator)]) {
            if seen.insert(key(chunk)) {
                eprintln!("{}: {} PE", accelerator.name, chunk.name());
                text += &row(&Accelerator { chunks: vec![chunk.clone()], ..accelerator.clone() }, chunk)?;
            }
        }
    }
    Ok(text)
}

/// The descriptions to measure the PEs of.
fn accelerators(given: &[PathBuf]) -> Result<Vec<Accelerator>, String> {
    let mut files = given.to_vec();
    if files.is_empty() {
        let folder = root().join("hw/configs");
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        files = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
    }
    let read = |file: &PathBuf| {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).map_err(|error| format!("{name}: {error}"))?;
        spec::config::parse(&name, &text).map_err(|report| report.to_string())
    };
    files.iter().map(read).collect()
}

fn key(chunk: &Chunk) -> Key {
    (chunk.op as usize, chunk.weight_bits, chunk.input_rf, chunk.weight_rf, chunk.psum_rf)
}

/// The line of a PE.
fn row(accelerator: &Accelerator, chunk: &Chunk) -> Result<String, String> {
    let top = accel::generate(accelerator).map_err(|errors| errors.to_string())?;
    let module = format!("{}_pe", chunk.name());
    let (_, weight_bits, input_rf, weight_rf, psum_rf) = key(chunk);
    let folder =
        root().join("target/areas").join(format!("{module}_{weight_bits}_{input_rf}_{weight_rf}_{psum_rf}"));
    let in_folder = |error: std::io::Error| format!("{}: {error}", folder.display());
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).map_err(in_folder)?;
    for file in hdl::verilog::print(&top) {
        fs::write(folder.join(&file.name), &file.text).map_err(in_folder)?;
    }
    let area = |memories: &str| area(&folder, &module, memories);
    let [um2, um2_logic] = [area("memory_map")?, area("opt")?];
    let [without, with] = [cells(&folder, &module, "-nodsp")?, cells(&folder, &module, "")?];
    let luts = |cells: &BTreeMap<String, u64>, kinds: &[(&str, u64)]| -> u64 {
        kinds.iter().map(|(cell, luts)| cells.get(*cell).unwrap_or(&0) * luts).sum()
    };
    let [lut_logic, lut_memory] = [luts(&without, &LOGIC), luts(&without, &MEMORY)];
    let dsp_lut = luts(&with, &LOGIC) + luts(&with, &MEMORY);
    let dsps = with.get("DSP48E1").unwrap_or(&0);
    Ok(format!(
        "- {{op: {}, weight_bits: {weight_bits}, input_rf: {input_rf}, weight_rf: {weight_rf}, psum_rf: {psum_rf}, \
         um2: {um2}, um2_logic: {um2_logic}, lut: {}, lut_logic: {lut_logic}, dsp_lut: {dsp_lut}, dsps: {dsps}}}\n",
        chunk.op.name(),
        lut_logic + lut_memory,
    ))
}

/// Square micrometres of standard cells; `memories` is what is done to memories.
fn area(folder: &Path, module: &str, memories: &str) -> Result<u64, String> {
    let script = format!(
        "read_verilog {module}.v; hierarchy -check -top {module}; proc; flatten; opt; memory -nomap; {memories}; opt -full; techmap; opt; \
         dfflibmap -liberty {LIBERTY}; abc -liberty {LIBERTY}; opt_clean; tee -o stat.txt stat -liberty {LIBERTY}"
    );
    let text = synthesise(folder, &script)?;
    let area = text
        .lines()
        .find_map(|line| line.split("Chip area for").nth(1)?.split(':').nth(1)?.trim().parse::<f64>().ok());
    area.map(|area| area.round() as u64).ok_or_else(|| format!("Yosys does not say the area of {module}"))
}

/// How many of each cell of an FPGA.
fn cells(folder: &Path, module: &str, options: &str) -> Result<BTreeMap<String, u64>, String> {
    let script = format!(
        "read_verilog {module}.v; synth_xilinx -family xc7 -flatten -noiopad {options} -top {module}; tee -o stat.txt stat"
    );
    let text = synthesise(folder, &script)?;
    let cell = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.to_string(), words.next()?.parse().ok()?))
    };
    Ok(text.lines().filter_map(cell).collect())
}

/// Runs a script that leaves `stat.txt` behind, and reads that.
fn synthesise(folder: &Path, script: &str) -> Result<String, String> {
    let output =
        Command::new("timeout").args([LIMIT, "yosys", "-q", "-p", script]).current_dir(folder).output();
    let output = output.map_err(|error| format!("timeout does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!(
            "yosys fails or takes more than {LIMIT} s: {said}\n  its input is in {}",
            folder.display()
        ));
    }
    fs::read_to_string(folder.join("stat.txt")).map_err(|error| error.to_string())
}

/// What a program says of itself.
fn said(program: &str, arguments: &[&str]) -> Result<String, String> {
    let help = "  = help: on Debian: apt-get install yosys qflow-tech-osu018";
    let output = Command::new(program).args(arguments).output();
    let output = output.map_err(|error| format!("{program} does not start: {error}\n{help}"))?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).trim().to_string()),
        false => Err(format!("{program} fails: {}\n{help}", String::from_utf8_lossy(&output.stderr))),
    }
}
