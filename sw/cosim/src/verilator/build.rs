//! Building: Verilog -> C++ -> shared object, once for every Verilog.
//!
//! Large designs do not fit one compiler call, so the C++ is split and compiled file by file, as many at a time
//! as there are processors. The result is moved into the cache under its hash only when complete, so that
//! an interrupted build leaves nothing behind that looks finished.

use hdl::{verilog, Module};
use spec::error::{Diagnostic, Report};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// Part of the cache key: raise it when shim or flags change what is built.
const RECIPE: &str = "1";

/// Verilator's flags. No assertions and no tracing: this is the fast path.
const VERILATOR: &[&str] = &[
    "--cc",
    "-O3",
    "--x-assign",
    "fast",
    "--x-initial",
    "fast",
    "--noassert",
    "--output-split",
    "5000",
    "--output-split-cfuncs",
    "500",
];

/// The C++ compiler's flags; -O1 builds twice as fast as -O3 and runs nearly as fast.
const COMPILER: &[&str] = &["-O1", "-fPIC", "-std=gnu++17", "-DVM_COVERAGE=0", "-DVM_SC=0", "-DVM_TRACE=0", "-w"];

/// A shared object in the cache, and the ports that it has.
#[derive(Clone, Debug)]
pub struct Built {
    /// The shared object.
    pub library: PathBuf,
    /// Ports in the order of the shim: name, width, whether it is an input.
    pub ports: Vec<(String, u32, bool)>,
}

/// Builds `top` in `cache`, or finds it there.
///
/// # Errors
/// Where a tool is missing or fails; then its own words are shown.
pub fn build(top: &Arc<Module>, cache: &Path) -> Result<Built, Report> {
    let files = verilog::print(top);
    let ports = ports(top);
    let hash = files.iter().fold(fnv(RECIPE, FNV_START), |hash, file| fnv(&file.text, fnv(&file.name, hash)));
    let folder = cache.join(format!("{}-{hash:016x}", top.name()));
    let library = folder.join("model.so");
    if library.exists() {
        return Ok(Built { library, ports });
    }
    let work = cache.join(format!("{}-{hash:016x}.{}.tmp", top.name(), std::process::id()));
    let io = |what: &str, path: &Path, error: std::io::Error| {
        Report::from(Diagnostic::new("verilator", format!("cannot {what} {}: {error}", path.display())))
    };
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).map_err(|error| io("create", &work, error))?;
    for file in &files {
        let path = work.join(&file.name);
        fs::write(&path, &file.text).map_err(|error| io("write", &path, error))?;
    }
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    translate(&work, top.name(), &names)?;
    write_shim(&work, top.name(), &ports).map_err(|error| io("write", &work, error))?;
    compile(&work)?;
    if fs::rename(&work, &folder).is_err() {
        // Another process finished the same build first.
        let _ = fs::remove_dir_all(&work);
        if !library.exists() {
            return Err(Report::from(Diagnostic::new("verilator", format!("cannot create {}", folder.display()))));
        }
    }
    Ok(Built { library, ports })
}

/// All ports, the clock and reset left out: they belong to the shim and to the module.
fn ports(top: &Module) -> Vec<(String, u32, bool)> {
    let inputs = top.inputs().iter().map(|port| (port.name.clone(), port.width, true));
    let outputs = top.outputs().iter().map(|output| (output.port.name.clone(), output.port.width, false));
    inputs.chain(outputs).collect()
}

fn translate(work: &Path, top: &str, files: &[&str]) -> Result<(), Report> {
    let mut verilator = Command::new("verilator");
    verilator.current_dir(work).args(VERILATOR).args(["--top-module", top, "--prefix", "Vmodel", "-Mdir", "."]);
    run(verilator.args(files), "verilator", "install Debian's package `verilator`, or run `make setup`").map(drop)
}

fn write_shim(work: &Path, top: &str, ports: &[(String, u32, bool)]) -> std::io::Result<()> {
    let mut header = format!("// Shim of {top}.\n#include \"Vmodel.h\"\n#define CLASS Vmodel\n#define PORTS");
    for (name, _, _) in ports {
        let _ = write!(header, " PORT({name})");
    }
    fs::write(work.join("model.h"), header + "\n")?;
    fs::write(work.join("shim.cpp"), include_str!("shim.cpp"))
}

/// Compiles every C++ file on its own, some at a time, and links them.
fn compile(work: &Path) -> Result<(), Report> {
    let help = "install Debian's packages `g++` and `verilator`, or run `make setup`";
    let root = run(Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]), "verilator", help)?;
    let include = Path::new(root.trim()).join("include");
    let entries = fs::read_dir(work).map_err(|error| Report::from(Diagnostic::new("verilator", error.to_string())))?;
    let local = entries.filter_map(|entry| Some(entry.ok()?.path()));
    let mut sources: Vec<PathBuf> = local.filter(|path| path.extension().is_some_and(|e| e == "cpp")).collect();
    sources.extend(["verilated.cpp", "verilated_threads.cpp"].map(|name| include.join(name)));
    sources.sort();

    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let jobs = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(source) = sources.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let mut compiler = Command::new("g++");
                    compiler.current_dir(work).args(COMPILER).arg("-I.").arg("-I").arg(&include);
                    compiler.arg("-I").arg(include.join("vltstd")).arg("-c").arg(source).arg("-o").arg(object(source));
                    if let (Err(report), Ok(mut failures)) = (run(&mut compiler, "g++", help), failures.lock()) {
                        failures.push(report);
                    }
                }
            });
        }
    });
    if let Some(report) = failures.into_inner().ok().and_then(|mut failures| failures.pop()) {
        return Err(report);
    }
    let mut linker = Command::new("g++");
    linker.current_dir(work).args(["-shared", "-o", "model.so", "-pthread"]).args(sources.iter().map(|s| object(s)));
    run(&mut linker, "g++", help)?;
    sources.iter().for_each(|source| {
        let _ = fs::remove_file(work.join(object(source)));
    });
    Ok(())
}

fn object(source: &Path) -> PathBuf {
    Path::new(source.file_name().unwrap_or_default()).with_extension("o")
}

/// Runs a tool; its standard output, or an error with its own words.
fn run(command: &mut Command, tool: &str, help: &str) -> Result<String, Report> {
    let output = command.output().map_err(|error| {
        Report::from(Diagnostic::new("verilator", format!("cannot start `{tool}`: {error}")).help(help))
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let first: Vec<&str> = words.lines().take(12).collect();
    Err(Report::from(Diagnostic::new("verilator", format!("`{tool}` failed:\n{}", first.join("\n")))))
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(text: &str, start: u64) -> u64 {
    text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
