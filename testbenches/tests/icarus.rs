//! The same top and the same program under Icarus Verilog, with a memory model and a driver in Verilog: a second
//! simulator gives the same bits.

use compiler::{compile, Options};
use cosim::dram::{dram, tensor};
use model::random::images;
use model::reference::run_all;
use std::path::Path;
use std::process::Command;
use testbenches::rtl::{config, difference, random_network};

#[test]
fn a_program_gives_the_same_bits_under_icarus() {
    let accelerator = config("tiny");
    let graph = random_network(&accelerator, 4, 8_000).expect("tiny has all three chunks");
    let input = images(4, &graph, 2);
    let options = Options { images: 2, dump: true, mappings: None };
    let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let program = &compiled.program;

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("icarus");
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    let mut sources = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("icarus/bench.v")];
    for file in hdl::verilog::print(&top) {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.text).expect("a writable folder");
        sources.push(path);
    }
    let bytes = dram(program, &input);
    let words: Vec<String> =
        bytes.chunks_exact(8).map(|word| word.iter().rev().map(|b| format!("{b:02x}")).collect()).collect();
    std::fs::write(folder.join("dram.hex"), words.join("\n")).expect("a writable folder");

    let defines = [("WORDS", words.len()), ("PROGRAM", program.base as usize), ("LIMIT", 200_000)];
    let mut iverilog = Command::new("iverilog");
    iverilog.current_dir(&folder).args(["-g2001", "-o", "bench.vvp", "-s", "bench"]);
    iverilog.args(defines.map(|(name, value)| format!("-D{name}={value}"))).args(&sources);
    succeed(&mut iverilog);
    let said = succeed(Command::new("vvp").current_dir(&folder).arg("bench.vvp"));
    assert!(said.contains("DONE"), "{said}");

    let result = std::fs::read_to_string(folder.join("result.hex")).expect("the bench writes it");
    let lines = result.lines().filter(|line| !line.starts_with("//"));
    let left: Vec<u8> = lines
        .flat_map(|line| {
            let word = u64::from_str_radix(line.trim(), 16).unwrap_or_else(|_| panic!("X in DRAM: {line}"));
            word.to_le_bytes()
        })
        .collect();
    let reference = run_all(&graph, &input).expect("the input fits");
    for place in &program.outputs {
        let layer = graph.find(&place.name).expect("an output is a layer's");
        assert_eq!(difference(&tensor(&left, place, 2), &reference[layer.0]), None, "layer {}", place.name);
    }
}

/// Runs a tool and returns what it said.
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("Icarus Verilog is installed (make setup)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}
