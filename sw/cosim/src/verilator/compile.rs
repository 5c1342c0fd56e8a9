//! From Verilog to a shared object.
//!
//! Verilator splits its C++ so that no file is huge; we join small ones again, because every file costs most of
//! a second for the headers, and compile a few at a time. Code that runs once per model is not optimised. The
//! run-time library of Verilator is compiled once per work folder.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use super::cache;
use super::error::{at, BuildError};
use super::recording::RECORDING;
use super::shim::CLASS;

/// Optimisation of what runs every cycle. Measured on the smallest accelerator: -O0 compiles in 11 s and runs at
/// 30 kcycles/s, -O1 in 17 s at 70, -O2 in 21 s at 70. Verilator has done the rest.
pub const FAST: &str = "-O1";
/// Optimisation of what runs once.
pub const SLOW: &str = "-O0";
/// What the compiler is told besides. A model's functions call one another directly, as in a program, and not through
/// the table by which a shared object's could be replaced.
pub(super) const COMPILER: &[&str] = &[
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-semantic-interposition",
    "-std=gnu++17",
    "-DVM_COVERAGE=0",
    "-DVM_SC=0",
    "-w",
    "-fno-strict-aliasing",
];
/// What the linker is told. All of a model's code runs in every cycle, and `edge`'s is a megabyte: aligned to 64 KiB, not
/// to a page, it is as fast as in a program (`cargo bench --bench simulate` compares them). Some processors map neighbouring
/// pages by one entry of their tables where they are so aligned.
const LINKER: &[&str] = &["-Wl,-z,max-page-size=65536"];
/// C++ files are joined up to this size.
const UNIT_BYTES: u64 = 500_000;
/// What Verilator is asked for. Warnings do not stop a build of any module that a user describes; that our own
/// Verilog has none is the lint test's business.
pub const VERILATOR: &[&str] = &[
    "--cc",
    "-O3",
    "--x-assign",
    "0",
    "--x-initial",
    "0",
    "--noassert",
    "-Wno-fatal",
    "--output-split",
    "20000",
    "--output-split-cfuncs",
    "1000",
];
/// Parts of Verilator's run-time library, the last one for recording only.
const RUNTIME: &[&str] = &["verilated", "verilated_threads", "verilated_fst_c"];

/// Whether what builds models is installed.
///
/// # Errors
/// [`BuildError::MissingTool`] where it is not; others where it does not work.
pub fn check_tools() -> Result<(), BuildError> {
    Tools::find().map(drop)
}

/// The installed tools.
pub(super) struct Tools {
    /// Verilator's include folder.
    include: PathBuf,
    /// Its version.
    version: String,
    /// Optimisation of what runs every cycle.
    pub fast: &'static str,
    /// Whether models can record their runs. That costs speed even while they do not, so only some can.
    pub records: bool,
}

impl Tools {
    /// Finds them, or names the package that is missing.
    pub fn find() -> Result<Tools, BuildError> {
        let verilator = |argument: &str, value: &str| {
            let mut command = Command::new("verilator");
            command.arg(argument);
            if !value.is_empty() {
                command.arg(value);
            }
            run(&mut command)
        };
        let version = verilator("--version", "")?.trim().to_owned();
        let root = PathBuf::from(verilator("--getenv", "VERILATOR_ROOT")?.trim());
        run(Command::new("g++").arg("--version"))?;
        Ok(Tools { include: root.join("include"), version, fast: FAST, records: false })
    }

    /// Those of models that can record their runs.
    pub fn recording() -> Result<Tools, BuildError> {
        let tools = Tools::find()?;
        match run(Command::new("g++").args(["-E", "-include", "zlib.h", "-x", "c++", "/dev/null"])) {
            Ok(_) => Ok(Tools { records: true, ..tools }),
            Err(_) => Err(BuildError::MissingTool { tool: "zlib.h", package: "zlib1g-dev" }),
        }
    }

    /// Everything about a build but the Verilog, for the key of the cache.
    pub fn options(&self) -> String {
        let recording = if self.records { format!(" {RECORDING:?}") } else { String::new() };
        format!("{} {} {COMPILER:?} {LINKER:?} {VERILATOR:?}{recording}", self.version, self.fast)
    }

    fn defines(&self) -> [&'static str; 2] {
        match self.records {
            true => ["-DVM_TRACE=1", "-DVM_TRACE_FST=1"],
            false => ["-DVM_TRACE=0", "-DVM_TRACE_FST=0"],
        }
    }

    /// The parts of the run-time library that are needed.
    fn runtime(&self) -> &'static [&'static str] {
        &RUNTIME[..if self.records { 3 } else { 2 }]
    }

    /// Compiles the Verilog files and the shim in `folder` into `folder/model.so`.
    pub fn build(&self, folder: &Path, top: &str, library: &Path) -> Result<(), BuildError> {
        let objects = folder.join("obj");
        let mut command = Command::new("verilator");
        let recording = if self.records { RECORDING } else { &[] };
        command.current_dir(folder).args(VERILATOR).args(recording).args([
            "--prefix",
            CLASS,
            "--Mdir",
            "obj",
            "--top-module",
        ]);
        run(command.arg(top).args(files_with(folder, "v")?))?;
        let units = self.units(folder, &objects)?;
        let outputs = self.compile_all(&objects, units)?;
        let runtime = self.runtime().iter().map(|part| library.join(format!("{part}.o")));
        let mut link = Command::new("g++");
        link.args(["-shared", "-o"])
            .arg(folder.join(cache::MODEL))
            .args(outputs)
            .args(runtime)
            .arg("-pthread")
            .args(LINKER)
            .args(self.records.then_some("-lz"));
        run(&mut link)?;
        // The C++ is large and of no further use; the Verilog stays.
        fs::remove_dir_all(&objects).map_err(at(&objects))
    }

    /// Compiles Verilator's run-time library into `folder`.
    pub fn build_runtime(&self, folder: &Path) -> Result<(), BuildError> {
        let units = self.runtime().iter().map(|part| {
            (self.include.join(format!("{part}.cpp")), folder.join(format!("{part}.o")), self.fast)
        });
        self.compile_all(folder, units.collect()).map(drop)
    }

    /// Joins Verilator's files into units of compilation: source, object, optimisation.
    fn units(&self, folder: &Path, objects: &Path) -> Result<Vec<Unit>, BuildError> {
        let mut files = files_with(objects, "cpp")?;
        files.push(folder.join("shim.cpp"));
        let is_slow = |path: &PathBuf| {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            name.contains("__Slow") || name.contains("__Syms") || name == "shim.cpp"
        };
        let (slow, fast): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(is_slow);
        let mut units = Vec::new();
        for (files, optimisation, kind) in [(fast, self.fast, "fast"), (slow, SLOW, "slow")] {
            for (i, group) in groups(files)?.into_iter().enumerate() {
                let source = objects.join(format!("unit_{kind}_{i}.cpp"));
                let includes = group.iter().map(|file| format!("#include \"{}\"\n", file.display()));
                fs::write(&source, includes.collect::<String>()).map_err(at(&source))?;
                units.push((source.clone(), source.with_extension("o"), optimisation));
            }
        }
        Ok(units)
    }

    /// Compiles as many units at a time as there are processors; gives the objects.
    fn compile_all(&self, include: &Path, units: Vec<Unit>) -> Result<Vec<PathBuf>, BuildError> {
        let objects = units.iter().map(|(_, object, _)| object.clone()).collect();
        let waiting = Mutex::new(units.into_iter());
        let failure = Mutex::new(None);
        let jobs = std::thread::available_parallelism().map_or(2, usize::from);
        let next = || waiting.lock().ok().and_then(|mut units| units.next());
        let work = || {
            while let Some(unit) = next() {
                if let Err(error) = self.compile(include, &unit) {
                    if let Ok(mut failure) = failure.lock() {
                        failure.get_or_insert(error);
                    }
                    break;
                }
            }
        };
        std::thread::scope(|scope| (0..jobs).for_each(|_| drop(scope.spawn(work))));
        match failure.into_inner() {
            Ok(None) => Ok(objects),
            Ok(Some(error)) => Err(error),
            Err(_) => unreachable!("no compile job panics"),
        }
    }

    fn compile(&self, include: &Path, (source, object, optimisation): &Unit) -> Result<(), BuildError> {
        let mut command = Command::new("g++");
        command.arg(optimisation).args(COMPILER).args(self.defines()).arg("-I").arg(include);
        command.arg("-I").arg(&self.include).arg("-I").arg(self.include.join("vltstd"));
        run(command.arg("-c").arg(source).arg("-o").arg(object)).map(drop)
    }
}

/// What is compiled at once: source, object, optimisation.
type Unit = (PathBuf, PathBuf, &'static str);

/// The files of a folder with an extension, sorted.
fn files_with(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, BuildError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.extension() == Some(OsStr::new(extension)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Neighbouring files in groups of limited size.
fn groups(files: Vec<PathBuf>) -> Result<Vec<Vec<PathBuf>>, BuildError> {
    let mut groups: Vec<Vec<PathBuf>> = Vec::new();
    let mut size = u64::MAX;
    for file in files {
        let bytes = fs::metadata(&file).map_err(at(&file))?.len();
        if size.saturating_add(bytes) > UNIT_BYTES {
            groups.push(Vec::new());
            size = 0;
        }
        size += bytes;
        if let Some(group) = groups.last_mut() {
            group.push(file);
        }
    }
    Ok(groups)
}

/// Runs a program to its end; gives what it wrote to its standard output.
fn run(command: &mut Command) -> Result<String, BuildError> {
    /// Of a failed program's output this much is shown.
    const SHOWN: usize = 4000;
    let output = command.output().map_err(|error| missing(command, &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let said = text + &String::from_utf8_lossy(&output.stderr);
    let start = said.char_indices().rev().nth(SHOWN).map_or(0, |(at, _)| at);
    Err(BuildError::Failed { command: format!("{command:?}"), output: said[start..].to_owned() })
}

fn missing(command: &Command, error: &std::io::Error) -> BuildError {
    let tool = command.get_program().to_string_lossy().into_owned();
    if error.kind() != std::io::ErrorKind::NotFound {
        return BuildError::Failed { command: tool, output: error.to_string() };
    }
    match tool.as_str() {
        "verilator" => BuildError::MissingTool { tool: "verilator", package: "verilator" },
        _ => BuildError::MissingTool { tool: "g++", package: "g++" },
    }
}
