//! Mappings of the whole space: read and written, refused with what is missing, and named by what they keep.

use mapper::space::check::faults;
use mapper::space::text::{parse, print, Named};
use mapper::space::{evaluate, Architecture, Mapping};

const GOOD: &str = "\
format: nasa-loops/1
layers:
- name: a
  layer: {N: 2, G: 1, K: 20, C: 6, OY: 8, OX: 8, FY: 3, FX: 3, stride: [1, 2], input: [10, 17]}
  rows: [FY3, C3]
  cols: [K10]
  loops: [OX8, FX3, K2, C2, OY8, N2]
  inputs: {rf: 1, buffer: 4}
  weights: {rf: 4, buffer: 6}
  sums: {rf: 2, buffer: 3}
";

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

fn good() -> Mapping {
    parse("m.yaml", GOOD).unwrap_or_else(|report| panic!("{report}"))[0].mapping.clone()
}

#[test]
fn what_is_written_is_read() {
    let named = vec![Named { name: "a".into(), mapping: good() }];
    let text = print(&named);
    assert_eq!(parse("m.yaml", &text), Ok(named));
    // A layer of a table whose input is all padding, or larger than any dimension.
    for input in ["input: [0, 0]", "input: [4294836225, 17]"] {
        let mappings = parse("m.yaml", &GOOD.replacen("input: [10, 17]", input, 1));
        assert!(mappings.is_ok_and(|mappings| parse("m.yaml", &print(&mappings)) == Ok(mappings)), "{input}");
    }
    assert!(text.ends_with(GOOD.split_once("layers").expect("layers").1), "{text}");
}

#[test]
fn a_mapping_is_shown_as_a_nest() {
    let expected = "\
buffer: weights
for N in 0..2
  for OY in 0..8
    buffer: inputs
    registers: weights
    for C in 0..2
      buffer: sums
      for K in 0..2
        registers: sums
        for FX in 0..3
          registers: inputs
          for OX in 0..8
            along rows: FY3 C3
            along columns: K10
";
    assert_eq!(good().to_string(), expected);
}

#[test]
fn what_is_illegal_is_named_with_what_is_missing() {
    let architecture = flat16();
    assert_eq!(faults(&good(), &architecture), Vec::<String>::new());
    let rows: [(&str, &str, &str); 9] = [
        (
            "[FY3, C3]",
            "[FY3, C6]",
            "18 lie along 16 rows: 2 too many; the loops over C run 2 times, 1 times cover 6 in steps of 6",
        ),
        ("[K10]", "[K17]", "17 lie along 16 columns: 1 too many"),
        ("OX8, FX3", "OX7, FX3", "OX is covered up to 7 of 8: 1 are missing"),
        ("K2, C2", "K3, C2", "the loops over K run 3 times, 2 times cover 20 in steps of 10"),
        (
            "inputs: {rf: 1",
            "inputs: {rf: 5",
            "the register files hold 5 loops of the inputs, more than the buffer with 4",
        ),
        ("{rf: 1, buffer: 4}", "{rf: 1, buffer: 7}", "the buffer holds 7 loops of the inputs, there are 6"),
        (
            "sums: {rf: 2, buffer: 3}",
            "sums: {rf: 5, buffer: 5}",
            "128 sums do not fit a PE's register file: 448 of 512 bytes are missing",
        ),
        (
            "inputs: {rf: 1",
            "inputs: {rf: 4",
            "34 inputs do not fit a PE's register file: 2 of 34 bytes are missing",
        ),
        ("weights: {rf: 4", "weights: {rf: 6", ""),
    ];
    for (from, to, message) in rows {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let mapping = &parse("m.yaml", &text).unwrap_or_else(|report| panic!("{report}"))[0].mapping;
        assert_eq!(faults(mapping, &architecture).join("; "), message, "{to}");
    }
    let small = Architecture { buffer_bits: 8 * 1_000, ..architecture };
    let message = "306 bytes of inputs, 1,080 of weights and 640 of sums do not fit the buffer: \
                   1,026 of 2,026 bytes are missing";
    assert_eq!(faults(&good(), &small), [message]);
}

#[test]
fn what_is_malformed_is_named() {
    for (from, to, message) in [
        ("loops/1", "loops/9", "unknown format"),
        ("OX8, ", "OX1, ", "`OX1` is no factor"),
        ("OX8, ", "Q8, ", "`Q8` is no factor"),
        ("OX8, ", "OX65535, OX65535, OX65535, ", "`loops` multiplies to too much"),
        ("buffer: 4", "bufer: 4", "unknown key `bufer`"),
        ("N: 2", "N: 0", "`N` must be between 1 and"),
        ("stride: [1, 2]", "stride: [1]", "`stride` must be a list of 2 numbers"),
        ("stride: [1, 2]", "stride: [0, 2]", "`stride` must be between 1 and"),
        ("  cols: [K10]\n", "", "a layer has no `cols`"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let report = parse("m.yaml", &text).err().map(|report| report.to_string()).unwrap_or_default();
        assert!(report.contains(message) && report.contains("m.yaml:"), "{message}: {report}");
    }
}

#[test]
fn a_layer_may_be_repeated_but_not_changed() {
    let again = GOOD.split_once("layers:\n").expect("layers").1;
    assert_eq!(parse("m.yaml", &format!("{GOOD}{again}")).map(|mappings| mappings.len()), Ok(2));
    let changed = again.replacen("OX8, FX3", "FX3, OX8", 1);
    let report = parse("m.yaml", &format!("{GOOD}{changed}")).err().map(|report| report.to_string());
    assert!(report.is_some_and(|report| report.contains("m.yaml:11:") && report.contains("another mapping")));
}

#[test]
fn the_class_follows_from_the_accesses() {
    // Four channels in and out of 8 x 8 pixels: what is kept is what all loops below its boundary leave as it is.
    let of = |loops: &str, [x, w, a]: [usize; 3]| {
        let text = format!(
            "format: nasa-loops/1\nlayers:\n- name: a\n  \
             layer: {{N: 1, G: 1, K: 4, C: 4, OY: 8, OX: 8, FY: 1, FX: 1, stride: [1, 1], input: [8, 8]}}\n  \
             rows: []\n  cols: []\n  loops: [{loops}]\n  inputs: {{rf: {x}, buffer: 4}}\n  \
             weights: {{rf: {w}, buffer: 4}}\n  sums: {{rf: {a}, buffer: 4}}\n"
        );
        let mapping = &parse("m.yaml", &text).unwrap_or_else(|report| panic!("{report}"))[0].mapping;
        assert_eq!(faults(mapping, &flat16()), Vec::<String>::new());
        evaluate(&flat16(), mapping).class(mapping.layer.macs() as f64).to_string()
    };
    assert_eq!(of("OX8, OY8, K4, C4", [0, 0, 0]), "WS");
    assert_eq!(of("C4, K4, OX8, OY8", [0, 0, 0]), "OS");
    assert_eq!(of("K4, C4, OX8, OY8", [0, 0, 0]), "IS");
    assert_eq!(of("C4, K4, OX8, OY8", [1, 0, 0]), "RS", "inputs and sums stay four steps each");
}
