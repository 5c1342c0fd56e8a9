//! The same top and the same program under Icarus Verilog, with a memory model and a driver in Verilog: a second
//! simulator gives the same bits. With one weight flipped it must not, or the comparison proves nothing.

use compiler::{compile, Options};
use cosim::dram::{dram, tensor};
use hdl::verilog::VerilogFile;
use model::random::images;
use model::reference::run_all;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::op::Op;
use std::path::Path;
use std::process::Command;
use testbenches::fuzz::bench::difference;
use testbenches::rtl::{config, random_network};

/// A network with an adder layer whose channels are ragged on the array and whose input is padded: the case that
/// shows idle lanes that are not silent, and padding that is left out.
fn telling_network(accelerator: &Accelerator) -> (u64, Graph) {
    let rows = accelerator.chunk_of(Op::Adder).map_or(1, |(_, chunk)| chunk.rows as usize);
    let tells = |graph: &Graph| {
        graph.layers().any(|(_, layer)| {
            let ragged = layer.groups == 1 && layer.in_shape.c % rows != 0;
            layer.op == Op::Adder
                && ragged
                && layer.padding.top > 0
                && layer.parameters.multiplier.iter().any(|m| *m != 0)
        })
    };
    let graphs = (0..2_000).filter_map(|seed| Some((seed, random_network(accelerator, seed, 4_000)?)));
    let mut telling = graphs.filter(|(_, graph)| tells(graph) && graph.layers().count() <= 3);
    telling.next().expect("some seed makes such a network")
}

/// Runs the network under Icarus with `change` made to DRAM; the first difference as an error.
fn icarus(name: &str, change: impl FnOnce(&mut [u8])) -> Result<(), String> {
    let accelerator = config("tiny");
    let (seed, graph) = telling_network(&accelerator);
    let input = images(seed, &graph, 2);
    let options = Options { images: 2, dump: true, ..Options::default() };
    let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let program = &compiled.program;
    let top = accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{errors}"));
    let files = hdl::verilog::print(&top);
    let mut bytes = dram(program, &input);
    change(&mut bytes);

    let (left, unknown) = simulate(name, &files, &bytes, program.base)?;
    let reference = run_all(&graph, &input).expect("the input fits");
    for place in &program.outputs {
        let layer = graph.find(&place.name).expect("an output is a layer's");
        if let Some(text) = difference(&tensor(&left, place, 2), &reference[layer.0]) {
            return Err(format!("`{}` {text}", place.name));
        }
    }
    unknown.map_or(Ok(()), Err)
}

/// DRAM after the run, unknown bits as 0, and the first word that has any.
fn simulate(
    name: &str,
    files: &[VerilogFile],
    dram: &[u8],
    program: u64,
) -> Result<(Vec<u8>, Option<String>), String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("icarus-{name}"));
    std::fs::create_dir_all(&folder).expect("a temporary folder");
    let mut sources = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("icarus/bench.v")];
    for file in files {
        let path = folder.join(&file.name);
        std::fs::write(&path, &file.text).expect("a writable folder");
        sources.push(path);
    }
    let hex = |word: &[u8]| word.iter().rev().map(|byte| format!("{byte:02x}")).collect::<String>();
    let words: Vec<String> = dram.chunks_exact(8).map(hex).collect();
    std::fs::write(folder.join("dram.hex"), words.join("\n")).expect("a writable folder");
    let defines = [("WORDS", words.len()), ("PROGRAM", program as usize), ("LIMIT", 100_000)];
    let mut iverilog = Command::new("iverilog");
    iverilog.current_dir(&folder).args(["-g2001", "-o", "bench.vvp", "-s", "bench"]);
    iverilog.args(defines.map(|(name, value)| format!("-D{name}={value}"))).args(&sources);
    succeed(&mut iverilog);
    let said = succeed(Command::new("vvp").current_dir(&folder).arg("bench.vvp"));
    if !said.contains("DONE") {
        return Err(said);
    }
    let result = std::fs::read_to_string(folder.join("result.hex")).expect("the bench writes it");
    let lines: Vec<&str> = result.lines().filter(|line| !line.starts_with("//")).collect();
    let unknown = lines.iter().find(|line| line.contains('x')).map(|line| format!("X in DRAM: {line}"));
    let word =
        |line: &&str| u64::from_str_radix(&line.trim().replace('x', "0"), 16).expect("a hexadecimal word");
    Ok((lines.iter().map(word).flat_map(u64::to_le_bytes).collect(), unknown))
}

/// Runs a tool and returns what it said.
fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("Icarus Verilog is installed (make setup)");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

/// The mistake must be noticed, as a difference in a layer's values.
fn noticed(result: Result<(), String>) {
    let text = result.expect_err("the mistake must be noticed");
    assert!(text.contains("differs first at ["), "{text}");
}

#[test]
fn a_program_gives_the_same_bits_under_icarus() {
    icarus("right", |_| ()).unwrap_or_else(|text| panic!("{text}"));
}

#[test]
fn one_flipped_weight_is_noticed() {
    noticed(icarus("weight", |dram| dram[0] ^= 4));
}
