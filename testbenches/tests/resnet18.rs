//! ResNet-18 at its full size on the generated hardware of `flat16`: every layer that differs, as the search maps it for the
//! least energy-delay product, loaded from DRAM and stored there. Every element equals the reference, every launch begins,
//! ends and counts as predicted. What came out is docs/resnet18.md, beside the figures of memories that answer at once;
//! `BLESS=1` writes it anew.

use compiler::{compile, Options};
use cosim::memory::Timing;
use mapper::energy::{picojoules, Objective};
use mapper::events::{predict, LATENCY};
use mapper::space::search::{search, Options as Ideal};
use mapper::space::text::{parse, Named};
use mapper::space::Architecture;
use model::table::{self, Row};
use spec::error::grouped;
use spec::isa::table::Queue;
use std::collections::HashMap;
use std::fmt::Write;
use testbenches::alone::network;
use testbenches::fuzz::{Bench, Case, Configuration};
use testbenches::rtl::{config, Engine};

const LAYERS: &str = include_str!("../../sw/zoo/resnet-18/layers.yaml");
/// The same layers as ZigZag maps them, and what it says of these mappings.
const ZIGZAG: &str = include_str!("../../sw/mapper/tests/zigzag/resnet18.yaml");
const FOUND: &str = include_str!("../../sw/mapper/tests/zigzag/found.csv");
/// Bits of a partial sum that it reckons with.
const SUM_BITS: u32 = 16;

const ABOUT: &str = "\
<!-- Written by `BLESS=1 cargo test -p nasa-testbenches --test resnet18`. Do not edit. -->
# ResNet-18 on `flat16`

The layers of `sw/zoo/resnet-18/layers.yaml` on `hw/configs/flat16.yaml`, 16 x 16 multipliers with 128 KiB. *Ideal* are memories that
answer at once and partial sums of 16 bits, as ZigZag 3.9.1 reckons: what it found, and what our search finds in that space
([mapping.md](mapping.md#the-whole-space)). *Hardware* is each layer by itself on the generated RTL, as `nasa map --objective edp` maps it, from the
first instruction until its results are in DRAM, whose first beat takes 40 cycles to come, partial sums of 32 bits: every element was
compared with the reference, every launch with its prediction. Layers that are the same ran once.

| layer | ZigZag, ideal: cycles | nJ | ours, ideal: cycles | nJ | hardware: cycles | nJ | busy |
|---|--:|--:|--:|--:|--:|--:|--:|
";

const WHY: &str = "
`busy` are terms by PEs and cycles. What ideal memories leave out is the rest: the first inputs and weights of a layer are waited for and its last
results stored afterwards, most of all in layers of few terms; what an `EXEC` works on lies in the buffer as a whole, beside the next
part's; weights take a beat of a line for every 16 of them. ZigZag's own mappings run on the hardware as they are only where
register files and buffer hold them ([lowered at reduced size](mapping.md#the-whole-space)).
";

/// Cycles and picojoules.
#[derive(Clone, Copy, Default)]
struct Taken {
    cycles: u64,
    picojoules: f64,
}

impl Taken {
    fn add(&mut self, other: Taken) {
        self.cycles += other.cycles;
        self.picojoules += other.picojoules;
    }

    fn cells(&self) -> String {
        format!(" {} | {} |", grouped(self.cycles), grouped((self.picojoules / 1e3).round() as u64))
    }
}

/// What ZigZag says of its mapping.
fn zigzag(named: &Named) -> Taken {
    let row = FOUND.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let row = row.into_iter().find(|row| row[0] == "resnet18" && row[1] == named.name).expect("a row");
    let number = |column: usize| row[column].parse::<f64>().expect("a number");
    Taken { cycles: number(3) as u64, picojoules: number(2) }
}

/// The best mapping of the whole space.
fn ideal(architecture: &Architecture, named: &Named) -> Taken {
    let outcome = search(architecture, &named.mapping.layer, &Ideal::default()).expect("it fits");
    let cost = &outcome.found[0].cost;
    Taken { cycles: cost.cycles as u64, picojoules: cost.picojoules() }
}

/// The layer on the hardware: what it takes, its terms, and launches that were compared.
fn run(bench: &mut Bench, row: &Row) -> (Taken, u64, u64) {
    let graph = network(row, 18);
    let accelerator = bench.accelerator.clone();
    let options = Options { objective: Objective::Edp, ..Options::default() };
    let compiled = compile(&accelerator, &graph, &options).unwrap_or_else(|report| panic!("{report}"));
    let macs = compiled.layers.iter().map(|plan| plan.macs).sum();
    let mappings = compiled.layers.into_iter().map(|plan| plan.mapping).collect();
    let case = Case {
        configuration: Configuration::Committed("flat16"),
        seed: 18,
        images: 1,
        dump: false,
        timing: Timing::Fixed { latency: LATENCY },
        drawn: false,
    };
    let ran = bench.run_mapped(&case, &graph, mappings);
    let ran = ran.unwrap_or_else(|failure| panic!("{}: {}", row.name, failure.text));
    // Its counters were equal to these.
    let run = predict(&accelerator, &ran.compiled.program, LATENCY).expect("it ended");
    let chunk = |queue: usize| &accelerator.chunks[queue / Queue::ALL.len()];
    let energy = run.events.iter().map(|event| picojoules(&accelerator, chunk(event.queue), &event.counts));
    (Taken { cycles: ran.outcome.cycles, picojoules: energy.sum() }, macs, ran.launches)
}

#[test]
fn every_layer_runs_as_predicted_and_the_page_says_so() {
    let accelerator = config("flat16");
    let architecture = Architecture::of(&accelerator, 0).with_sums(SUM_BITS);
    let pes = f64::from(accelerator.chunks[0].pes());
    let engine = Engine::Native.start(&accelerator);
    let mut bench = Bench { accelerator, engine, sabotage: None };
    let line = |page: &mut String, name: &str, taken: &[Taken; 3], macs: u64| {
        let cells: String = taken.iter().map(Taken::cells).collect();
        let busy = 100.0 * macs as f64 / pes / taken[2].cycles as f64;
        writeln!(page, "| {name} |{cells} {busy:.1} % |").expect("a string");
    };
    let rows = table::parse("layers.yaml", LAYERS).expect("the committed table is legal");
    let theirs = parse("resnet18.yaml", ZIGZAG).expect("correct mappings");
    let (mut page, mut known) = (ABOUT.to_string(), HashMap::new());
    let (mut sums, mut terms, mut launches) = ([Taken::default(); 3], 0, 0);
    for (row, named) in rows.iter().zip(&theirs) {
        let key = format!("{:?} {:?}", row.dims, row.stride);
        let (found, macs) = *known.entry(key).or_insert_with(|| {
            let (hardware, macs, compared) = run(&mut bench, row);
            launches += compared;
            ([ideal(&architecture, named), hardware], macs)
        });
        let taken = [zigzag(named), found[0], found[1]];
        line(&mut page, &row.name, &taken, macs);
        sums.iter_mut().zip(taken).for_each(|(sum, taken)| sum.add(taken));
        terms += macs;
    }
    line(&mut page, "**all**", &sums, terms);
    assert_eq!((rows.len(), theirs.len(), known.len()), (21, 21, 12));
    assert!(launches > 1_000, "{launches} launches were compared");
    page += WHY;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/resnet18.md");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, &page).expect("a page");
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(found, written)| found != written);
    assert!(page == written, "docs/resnet18.md: {differs:?}\nBLESS=1 accepts this");
}
