//! What ZigZag 3.9.1 found on flat16 for ResNet-18 and four further layers (tests/zigzag, converted by the script there),
//! scored by our model: energy and cycles agree with what ZigZag said of these mappings.

use mapper::space::check::faults;
use mapper::space::cost::busy;
use mapper::space::text::{parse, Named};
use mapper::space::{evaluate, Architecture};
use mapper::{Dim, Work};
use model::table;
use model::LayerId;

/// Table, its mappings, and the bits of a partial sum that ZigZag reckoned with.
const TABLES: [(&str, &str, u32); 3] = [
    ("resnet18", include_str!("zigzag/resnet18.yaml"), 16),
    ("small4", include_str!("zigzag/small4.yaml"), 32),
    ("small4-climbed", include_str!("zigzag/small4-climbed.yaml"), 32),
];

fn flat16() -> Architecture {
    let text = include_str!("../../../hw/configs/flat16.yaml");
    let accelerator = spec::config::parse("flat16.yaml", text).expect("the committed configuration is legal");
    Architecture::of(&accelerator, 0)
}

/// Mappings with ZigZag's picojoules and cycles.
fn rows(table: &str, text: &str) -> Vec<(Named, f64, f64)> {
    let figures: Vec<Vec<&str>> =
        include_str!("zigzag/found.csv").lines().map(|line| line.split(',').collect()).collect();
    let figure = |named: &Named, column: usize| {
        let row = figures.iter().find(|row| row[0] == table && row[1] == named.name).expect("a row");
        row[column].parse::<f64>().expect("a number")
    };
    let mappings = parse(table, text).unwrap_or_else(|report| panic!("{report}"));
    mappings.into_iter().map(|named| (named.clone(), figure(&named, 2), figure(&named, 3))).collect()
}

/// Mappings of which ZigZag says less than the port of DRAM alone needs.
const BELOW_DRAM: [&str; 3] = ["resnet18 /fc/Gemm", "small4 fc_512_1000", "small4-climbed fc_512_1000"];

/// All 32,768 weights lie in register files here, and the first 128 steps need every one of them; ZigZag lets them
/// come during all 25,088.
const EARLY: [&str; 1] = ["resnet18 /layer3/layer3.0/downsample/downsample.0/Conv"];

#[test]
fn energy_and_cycles_are_those_that_zigzag_reckons() {
    let (mut below_dram, mut early, mut all) = (Vec::new(), Vec::new(), 0);
    for (table, text, sums) in TABLES {
        let architecture = flat16().with_sums(sums);
        for (named, picojoules, cycles) in rows(table, text) {
            let name = format!("{table} {}", named.name);
            assert_eq!(faults(&named.mapping, &architecture), Vec::<String>::new(), "{name}");
            let cost = evaluate(&architecture, &named.mapping);
            let [energy, latency] =
                [cost.picojoules() / picojoules, cost.cycles / cycles].map(|ratio| 100.0 * (ratio - 1.0));
            println!("{name:60} energy {energy:+.3} % cycles {latency:+.2} %");
            assert!(energy.abs() < 1.0, "{name}: {energy:+.2} % energy");
            all += 1;
            if cycles < busy(&cost)[2] {
                below_dram.push(name);
            } else if latency.abs() >= 3.0 {
                assert!(latency > 0.0, "{name}: {latency:+.2} % cycles");
                early.push(name);
            }
        }
    }
    assert_eq!(all, 29);
    assert_eq!(below_dram, BELOW_DRAM);
    assert_eq!(early, EARLY);
}

/// The figures of the hardware stand beside these, so they had better be of the same layers.
#[test]
fn the_table_of_the_zoo_has_the_layers_that_zigzag_mapped() {
    let rows = table::parse("layers.yaml", include_str!("../../zoo/resnet-18/layers.yaml")).expect("a table");
    let theirs = parse("resnet18", TABLES[0].1).expect("correct mappings");
    assert_eq!(rows.len(), theirs.len());
    for (row, named) in rows.iter().zip(theirs) {
        let graph = row.network().expect("a network of one layer");
        let work = Work::from(graph.layer(LayerId(0)));
        let layer = &named.mapping.layer;
        let ours = [Dim::G, Dim::K, Dim::C, Dim::OY, Dim::OX, Dim::FY, Dim::FX].map(|dim| work.size[dim]);
        assert_eq!(
            (ours[..].to_vec(), work.stride),
            (layer.size[1..].to_vec(), layer.stride),
            "{}",
            row.name
        );
    }
}
