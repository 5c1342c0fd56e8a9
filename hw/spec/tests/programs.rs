//! A program survives its file and its listing, and a damaged file or listing is refused with a reason.

use spec::isa::code::Instruction;
use spec::isa::table::*;
use spec::program::{text, Place, Program, Segment, Span};

fn word(opcode: u32, values: &[i64]) -> u64 {
    Instruction::new(opcode, values).expect("legal operands").encode()
}

fn place(name: &str, address: u64) -> Place {
    Place { name: name.into(), address, image_bytes: 16, shape: [4, 2, 2] }
}

fn span(stream: usize, first: usize, last: usize, what: &str) -> Span {
    Span { stream, first, last, layer: "stage 1.pw".into(), what: what.into() }
}

fn example() -> Program {
    let load = vec![
        word(CFG, &[0, 0x4000]),
        word(GUARD, &[1, 4, 1]),
        word(WAIT, &[3]),
        word(LD, &[]),
        word(END, &[]),
    ];
    let execute = vec![word(DELTA, &[0, 2, 0, -7, 9]), word(EXEC, &[1]), 0, word(END, &[])];
    Program {
        config_hash: 0xfedc_ba98_7654_3210,
        images: 3,
        base: 0x1000,
        streams: vec![load, execute, vec![]],
        constants: vec![
            Segment { address: 0x8000, bytes: (0..=99).collect() },
            Segment { address: 0x9000, bytes: vec![] },
        ],
        input: place("input", 0x10000),
        outputs: vec![place("stage 1.pw", 0x11000), place("a:b", 0x12000)],
        source: vec![span(0, 0, 3, "load weights"), span(1, 0, 1, "exec tile 0"), span(1, 2, 2, "fault")],
        dram_end: 0x20000,
    }
}

#[test]
fn a_program_survives_its_file_and_its_listing() {
    let program = example();
    assert_eq!(Program::from_bytes("a.prog", &program.to_bytes()), Ok(program.clone()));
    let listing = text::print(&program, &["clp"]);
    assert_eq!(text::parse("a.asm", &listing).map_err(|report| report.to_string()), Ok(program));
    assert!(
        listing.contains(".begin load weights | stage 1.pw\n    cfg reg=dram value=16384\n"),
        "{listing}"
    );
    assert!(
        listing.contains("    guard from=1 until=4 skip=at3\n    wait token=3\nat3:\n    ld\n.end\n"),
        "{listing}"
    );
    assert!(listing.contains("pair=0 first=-7 second=9 ; addr, rf\n"), "{listing}");
}

#[test]
fn every_truncation_and_every_flipped_byte_is_refused() {
    let bytes = example().to_bytes();
    for length in 0..bytes.len() {
        assert!(Program::from_bytes("a.prog", &bytes[..length]).is_err(), "{length}");
    }
    for i in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[i] ^= 0x10;
        assert!(Program::from_bytes("a.prog", &damaged).is_err(), "{i}");
    }
}

#[test]
fn a_refused_file_says_why() {
    let bytes = example().to_bytes();
    let why = |bytes: &[u8]| Program::from_bytes("a.prog", bytes).expect_err("refused").to_string();
    let truncated = why(&bytes[..100]);
    let expected = format!(
        "error[program]: the program is truncated\n  --> a.prog\n  100 bytes, {} expected\n",
        bytes.len()
    );
    assert!(truncated.replace(',', "").starts_with(&expected.replace(',', "")), "{truncated}");
    let mut newer = bytes.clone();
    newer[13] = b'2';
    assert!(why(&newer).contains("it is version 2; we read version 1"), "{}", why(&newer));
    assert!(why(b"\x7fELF").contains("this is not a program"));
    let mut damaged = bytes;
    damaged[60] ^= 1;
    assert!(why(&damaged).contains("the program is damaged"));
}

#[test]
fn a_hostile_length_is_refused_without_an_allocation() {
    // A body whose list of streams claims 2^60 items, with a correct length and hash.
    let mut body: Vec<u8> = [1u64, 1, 0, 0, 1 << 60].iter().flat_map(|number| number.to_le_bytes()).collect();
    body.extend([0; 64]);
    let mut fnv = spec::config::hash::Fnv::default();
    fnv.bytes(&body);
    let mut file = b"nasa-program/1\0\0".to_vec();
    file.extend((body.len() as u64).to_le_bytes());
    file.extend(fnv.value().to_le_bytes());
    file.extend(body);
    assert!(Program::from_bytes("a.prog", &file).is_err());
}

#[test]
fn a_program_for_another_configuration_is_refused() {
    let tiny = include_str!("../../configs/clp-only.yaml");
    let accelerator = spec::config::parse("clp-only.yaml", tiny).expect("a shipped description");
    let report = example().check(&accelerator).expect_err("another hash").to_string();
    assert!(report.contains("compiled for another configuration"), "{report}");
    let program = Program { config_hash: accelerator.hash, ..example() };
    assert_eq!(program.check(&accelerator), Ok(()));
}
