//! Costs of candidates: multiply-accumulates counted by hand, the mapper's own figures, tables from elsewhere.

mod common;

use mapper::energy::Objective;
use mapper::tiling::Capacity;
use mapper::work::{Sizes, Work};
use nas::cost::blocks::{Block, Blocks};
use nas::cost::{macs, mapped, text, CostTable};
use nas::space::{Candidate, Place};
use nas::SearchConfig;
use spec::op::Op;
use std::collections::BTreeSet;
use std::path::Path;

fn scene() -> (SearchConfig, Vec<Place>) {
    let config = common::search_config(Path::new("nowhere"));
    let places = config.space.places([9, 9, 1]);
    (config, places)
}

fn of(costs: &CostTable, places: &[Place], block: usize, candidate: Candidate) -> f64 {
    let place = &places[block - 1];
    costs.0[block - 1][place.candidates.iter().position(|c| *c == candidate).expect("a candidate")]
}

fn block(op: Op, kernel: usize, expansion: usize) -> Candidate {
    Candidate::Block { op, kernel, expansion }
}

#[test]
fn macs_are_counted_and_weighed() {
    let (config, places) = scene();
    let costs = macs::costs(&config, &places).expect("costs");
    // Block 3 takes 9x9x6 to 5x5x8: 81 pixels times 6x18, 25 times 18x9 (25 taps: 450), 25 times 18x8.
    let [three, five] = [81 * 6 * 18 + 25 * 18 * 9 + 25 * 18 * 8, 81 * 6 * 18 + 25 * 18 * 25 + 25 * 18 * 8];
    assert_eq!(of(&costs, &places, 3, block(Op::Conv, 3, 3)), f64::from(three));
    assert_eq!(of(&costs, &places, 3, block(Op::Shift, 5, 3)), f64::from(five) / 8.0);
    assert_eq!(of(&costs, &places, 3, block(Op::Adder, 3, 3)), f64::from(three) / 5.0);
    assert_eq!(of(&costs, &places, 3, Candidate::Skip), f64::from(25 * 6 * 8));
    assert_eq!(of(&costs, &places, 2, Candidate::Skip), 0.0);
}

/// Blocks are measured on numbers that could be wrong: no layer of any op gives the same everywhere.
#[test]
fn blocks_compute_something() {
    let folder = common::folder("costs-blocks");
    common::write_idx(&folder, 60, 30);
    let blocks = Blocks::of(&common::search_config(&folder)).expect("blocks");
    assert!(blocks.different.len() > 20, "{}", blocks.different.len());
    for Block { name, graph } in &blocks.different {
        let images = model::random::images(1, graph, 1);
        let outputs = model::reference::run_all(graph, &images).expect("outputs");
        for ((_, layer), output) in graph.layers().zip(outputs) {
            let different: BTreeSet<i8> = output.data.iter().copied().collect();
            assert!(different.len() > 10, "{name}, {}: {different:?}", layer.name);
        }
    }
}

#[test]
fn the_mapper_is_asked_for_each_layer() {
    let (config, places) = scene();
    let text = include_str!("../../../hw/configs/tiny.yaml");
    let accelerator = spec::config::parse("tiny.yaml", text).expect("the committed configuration is legal");
    let costs = mapped::costs(&config, &places, &accelerator).expect("costs");
    for (op, kernel) in [(Op::Conv, 3), (Op::Shift, 5), (Op::Adder, 3)] {
        let (_, chunk) = accelerator.chunk_of(op).expect("a chunk");
        let pad = (kernel - 1) / 2;
        // Block 4 keeps 5x5x8, so its last layer adds the input.
        let layers = [
            ([1, 24, 8, 5, 5, 1, 1], 0, false),
            ([24, 1, 1, 5, 5, kernel, kernel], pad, false),
            ([1, 8, 24, 5, 5, 1, 1], 0, true),
        ];
        let (mut cycles, mut energy) = (0, 0.0);
        for (size, padding, residual) in layers {
            let (stride, padding) = ([1; 2], [padding; 2]);
            let work = Work { size: Sizes(size), stride, padding, input: [5, 5], residual };
            let capacity = Capacity::even(&accelerator, chunk);
            let found = mapper::search::search(&accelerator, chunk, &work, &capacity, Objective::Edp);
            let found = found.expect("the layer fits");
            (cycles, energy) = (cycles + found.total, energy + found.energy);
        }
        let expected = cycles as f64 * energy / 1e6;
        assert_eq!(of(&costs, &places, 4, block(op, kernel as usize, 3)), expected, "{}", op.name());
    }
    assert_eq!(of(&costs, &places, 4, Candidate::Skip), 0.0);
    let clp = include_str!("../../../hw/configs/clp-only.yaml");
    let clp = spec::config::parse("clp-only.yaml", clp).expect("the committed configuration is legal");
    let error = mapped::costs(&config, &places, &clp).expect_err("no shifters").to_string();
    assert!(error.contains("has no chunk for shift layers") && error.contains("add chunks.slp"), "{error}");
}

#[test]
fn a_table_is_read_as_it_is_written_and_serves_fewer_ops() {
    let (config, places) = scene();
    let costs = macs::costs(&config, &places).expect("costs");
    let written = text::print(&costs, &places);
    assert!(written.starts_with("block,candidate,cost\nb01,conv_k3_e1,"), "{written}");
    assert_eq!(text::parse("costs.csv", &written, &places), Ok(costs));
    let conv = config.with_ops(vec!["conv".into()]).expect("a search");
    let fewer = conv.space.places([9, 9, 1]);
    let read = text::parse("costs.csv", &written, &fewer).expect("costs");
    assert_eq!(read, macs::costs(&conv, &fewer).expect("costs"));
}
