//! A tenth of `make fuzz` on small configurations, and the negative controls: a planted mistake must be found, and
//! what is left of it after shrinking must still fail, for the same reason.
//!
//! `FUZZ_SEED` gives the campaign another seed.

use cosim::memory::Timing;
use mapper::nests::MOST_TAPS;
use mapper::{Dim, Mapping};
use model::format::Written;
use spec::isa::code::Instruction;
use spec::isa::table::{self, Queue};
use spec::program::Program;
use std::path::PathBuf;
use testbenches::fuzz::repro::{self, Found};
use testbenches::fuzz::{Bench, Campaign, Case, Configuration, Kind, Sabotage};
use testbenches::rtl::{config, Engine};

#[test]
fn random_networks_agree_in_bits_and_cycles() {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    Engine::ALL.into_iter().for_each(|engine| agree(&Campaign { engine, ..Campaign::tenth(seed) }));
}

fn agree(campaign: &Campaign) {
    let seed = campaign.seed;
    let summary = campaign.run();
    println!("{:?}: {summary}", campaign.engine);
    assert!(summary.failures.is_empty(), "FUZZ_SEED={seed}: {} failures", summary.failures.len());
    let wanted = campaign.networks * campaign.configurations.len();
    assert!(summary.passed == wanted, "FUZZ_SEED={seed}: {} of {wanted} networks ran", summary.passed);
    assert!((1..wanted).contains(&summary.random_memory), "FUZZ_SEED={seed}: one kind of memory only");
}

#[test]
fn random_mappings_agree_in_bits_and_cycles() {
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    for (engine, mappings) in [(Engine::Native, 40), (Engine::Verilator, 4)] {
        let campaign = Campaign { engine, ..Campaign::tenth(seed).mapped(mappings) };
        agree(&campaign);
    }
}

/// The accelerator `tiny`, with a mistake in every program.
fn tiny(sabotage: Option<Sabotage>) -> Bench {
    let accelerator = config("tiny");
    Bench { engine: Engine::Native.start(&accelerator), accelerator, sabotage }
}

/// Cases of `tiny`, as `draw` makes them.
fn cases(timing: Timing, draw: fn(&Configuration, u64) -> Case) -> impl Iterator<Item = Case> {
    let configuration = Configuration::Committed("tiny");
    (100..300).map(move |seed| Case { timing, ..draw(&configuration, seed) })
}

/// The first network that fails on `bench`, made small.
fn found(bench: &mut Bench) -> Found {
    found_among(bench, cases(Timing::Fixed { latency: 7 }, Case::draw))
}

/// The first of `cases` that fails on `bench`, made small.
fn found_among(bench: &mut Bench, mut cases: impl Iterator<Item = Case>) -> Found {
    let failed = cases.find_map(|case| {
        let graph = case.graph(&bench.accelerator);
        let failure = bench.run(&case, &graph).err().filter(|failure| failure.kind != Kind::Refused)?;
        Some(repro::shrink(bench, &case, &graph, failure))
    });
    failed.expect("the planted mistake is found")
}

/// Every `EXEC` finds `value` in the register `name`.
fn always(program: &mut Program, name: &str, value: i64) {
    let register = Queue::Execute.registers().iter().position(|register| register.name == name);
    let register = register.expect("a chunk has this register") as i64;
    let constant = Instruction::new(table::CFG, &[register, value]).expect("legal operands").encode();
    let sets = |word: u64| {
        let word = Instruction::decode(word, Queue::Execute);
        word.is_some_and(|word| word.row.opcode == table::CFG && word.get("reg") == register)
    };
    let streams = program.streams.iter_mut().skip(Queue::Execute as usize).step_by(3);
    streams.flatten().filter(|word| sets(**word)).for_each(|word| *word = constant);
}

/// The compiler forgets that a residual is to be added.
fn forget_residuals(program: &mut Program) {
    always(program, "residual", 0);
}

#[test]
fn a_forgotten_residual_is_found_and_brought_down_to_one_layer() {
    let mut bench = tiny(Some(forget_residuals));
    let found = found(&mut bench);
    let (case, small) = &found.small;
    assert_eq!(found.failure.kind, Kind::Differs, "{}", found.failure.text);
    assert_eq!((small.len(), case.images), (1, 1), "{small:?}");
    assert!(small.layers().all(|(_, layer)| layer.residual.is_some() && layer.macs() <= 16), "{small:?}");

    // The files say the same network, and it still fails, but not without the mistake.
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    let text = found.save(&folder, &bench.accelerator);
    let folder = folder.join(found.drawn.0.seed.to_string());
    let read = |name: &str| std::fs::read(folder.join(name)).expect("the file was written");
    let yaml = String::from_utf8(read("network.yaml")).expect("YAML is text");
    let written = Written::parse("network.yaml", &yaml)
        .and_then(|written| written.with_weights("network.safetensors", &read("network.safetensors")));
    let again = written.unwrap_or_else(|report| panic!("{report}"));
    assert!(text.contains("nasa verify -c "), "{text}");
    assert_eq!(bench.run(case, &again).err().map(|failure| failure.kind), Some(Kind::Differs));
    bench.sabotage = None;
    assert!(bench.run(case, &again).is_ok());
}

/// The drain nests forget a flag of all their levels.
fn forget_flag(program: &mut Program, flag: u32) {
    let forgotten = |word: u64| {
        let word =
            Instruction::decode(word, Queue::Execute).filter(|word| word.row.opcode == table::BOUND)?;
        let [nest, level, flags, bound] = ["nest", "level", "flags", "bound"].map(|name| word.get(name));
        let flags = flags & !i64::from(flag);
        let of_drain = nest == table::NestKind::Drain as i64;
        of_drain
            .then(|| Instruction::new(table::BOUND, &[nest, level, flags, bound]).expect("legal operands"))
    };
    let streams = program.streams.iter_mut().skip(Queue::Execute as usize).step_by(3);
    streams.flatten().for_each(|word| *word = forgotten(*word).map_or(*word, |word| word.encode()));
}

/// The drain nests forget which of their beats are to be added up.
fn forget_sums(program: &mut Program) {
    forget_flag(program, table::FLAG_REDUCE);
}

/// The first mapping that gives other results with a mistake in its program, made small.
fn wrong_mapping(sabotage: Sabotage, draw: fn(&Configuration, u64) -> Case) -> Mapping {
    let mapped = cases(Timing::Fixed { latency: 7 }, draw);
    let found = found_among(&mut tiny(Some(sabotage)), mapped);
    assert_eq!(found.failure.kind, Kind::Differs, "{}", found.failure.text);
    let mappings = found.small.0.mappings(&config("tiny"), &found.small.1).expect("drawn mappings");
    mappings[0].mapping.clone()
}

#[test]
fn stored_sums_that_are_not_added_are_found() {
    let mapping = wrong_mapping(|program| forget_flag(program, table::FLAG_PASS), Case::draw_mapped);
    assert!(mapping.loops[mapping.a.level..].iter().any(|l| l.dim.is_reduction()), "{mapping}");
    let mapping = wrong_mapping(|program| always(program, "s_read", 0), Case::draw_mapped);
    assert!(mapping.outer.iter().any(|l| l.dim.is_reduction()), "{mapping}");
}

/// Where sums go from part to part, the first one reads them too, before anyone has written them.
fn read_too_early(program: &mut Program) {
    let register = |name: &str| Queue::Execute.registers().iter().position(|register| register.name == name);
    let writes = [register("s_write").expect("a chunk has this register") as i64, 1];
    let writes = Instruction::new(table::CFG, &writes).expect("legal operands").encode();
    if program.streams.iter().flatten().any(|word| *word == writes) {
        always(program, "s_read", 1);
    }
}

#[test]
fn sums_that_are_read_before_they_are_written_are_found() {
    // What is there is another image's, which one of zeros would not show.
    let draw =
        |configuration: &Configuration, seed| Case { images: 2, ..Case::draw_mapped(configuration, seed) };
    let mapping = wrong_mapping(read_too_early, draw);
    assert!(mapping.outer.iter().any(|l| l.dim.is_reduction()), "{mapping}");
}

#[test]
fn beats_that_are_not_added_up_are_found() {
    let mapping = wrong_mapping(forget_sums, Case::draw_mapped);
    assert!(!mapping.unroll.counted(&mapping.layer).0.is_empty(), "{mapping}");
}

/// Kernels have taps beyond those of the last part.
fn forget_the_end_of_kernels(program: &mut Program) {
    always(program, "x_fx", i64::from(MOST_TAPS));
}

/// Runs cases on `tiny` with a mapping that is `meant`, and again with a forgotten end of kernels, which has to be found.
fn uneven_cuts_of_the_kernel(meant: fn(&Mapping) -> bool) {
    let mut bench = tiny(None);
    let (mut ran, mut found) = (0, 0);
    for seed in 0..20_000 {
        let timing = Timing::Fixed { latency: 7 };
        let case = Case { timing, ..Case::draw_mapped(&Configuration::Committed("tiny"), seed) };
        let graph = case.graph(&bench.accelerator);
        let mappings = case.mappings(&bench.accelerator, &graph).expect("drawn mappings");
        if !mappings.iter().any(|named| named.mapping.is_ragged(Dim::FX) && meant(&named.mapping)) {
            continue;
        }
        bench.sabotage = None;
        match bench.run(&case, &graph) {
            Ok(_) => ran += 1,
            Err(failure) if failure.kind == Kind::Refused => continue,
            Err(failure) => panic!("{case}: {}", failure.text),
        }
        bench.sabotage = Some(forget_the_end_of_kernels);
        found += u32::from(bench.run(&case, &graph).is_err_and(|failure| failure.kind == Kind::Differs));
    }
    // Of most ops the term of a weight of 0 is 0, whatever the input.
    assert!(ran > 3 && found > 0, "{ran} cases, {found} of them need to know where their kernels end");
}

#[test]
fn windows_slide_over_uneven_cuts_of_the_kernel() {
    uneven_cuts_of_the_kernel(Mapping::slides);
}

/// The last part has no whole number of windows.
#[test]
fn columns_have_beats_of_their_own_where_windows_cannot_slide() {
    uneven_cuts_of_the_kernel(|mapping| mapping.unroll.slides() && !mapping.slides());
}

/// Whether results of random mappings that have something are wrong with a mistake in their programs, on an array whose
/// halves are served at once.
fn is_needed(has: fn(&Mapping) -> bool, sabotage: Sabotage) -> bool {
    let (accelerator, configuration) = (config("halves"), Configuration::Committed("halves"));
    let engine = Engine::Native.start(&accelerator);
    let mut bench = Bench { accelerator, engine, sabotage: None };
    (0..5_000).any(|seed| {
        let case = Case { timing: Timing::Fixed { latency: 7 }, ..Case::draw_mapped(&configuration, seed) };
        let graph = case.graph(&bench.accelerator);
        let mappings = case.mappings(&bench.accelerator, &graph).expect("drawn mappings");
        if !mappings.iter().any(|named| has(&named.mapping)) {
            return false;
        }
        bench.sabotage = None;
        let right = bench.run(&case, &graph).err();
        if let Some(failure) = right {
            assert_eq!(failure.kind, Kind::Refused, "{case}: {}", failure.text);
            return false;
        }
        bench.sabotage = Some(sabotage);
        bench.run(&case, &graph).is_err_and(|failure| failure.kind == Kind::Differs)
    })
}

#[test]
fn what_saves_beats_of_inputs_is_needed() {
    let clears: Sabotage = |program| always(program, "x_clear", 0);
    assert!(is_needed(|m| m.clears, clears), "entries that are not cleared");
    let tag: Sabotage = |program| always(program, "x_tag", 0);
    assert!(is_needed(|m| m.clears, tag), "columns of padding that are not left out");
    let halves: Sabotage = |program| always(program, "x_halves", 0);
    assert!(is_needed(|m| m.unroll.halves() > 1, halves), "halves that take the same bytes");
    let ring: Sabotage = |program| always(program, "x_ring", (1 << table::RF_BITS) - 1);
    assert!(is_needed(|m| m.rolls, ring), "entries beyond the last slot");
}

/// Every weight and parameter in DRAM loses its lowest bit.
fn damage_constants(program: &mut Program) {
    program.constants.iter_mut().flat_map(|segment| &mut segment.bytes).for_each(|byte| *byte &= !1);
}

#[test]
fn damaged_weights_are_found() {
    let found = found(&mut tiny(Some(damage_constants)));
    assert_eq!(found.failure.kind, Kind::Differs, "{}", found.failure.text);
    assert_eq!(found.small.1.len(), 1);
}

/// The hardware never signals: whoever waits does so for ever.
fn drop_signals(program: &mut Program) {
    let fence = Instruction::new(table::FENCE, &[]).expect("legal operands").encode();
    let words = program.streams.iter_mut().flatten();
    words
        .filter(|word| table::OPCODE.extract(**word) == i64::from(table::SIGNAL))
        .for_each(|word| *word = fence);
}

#[test]
fn a_run_that_hangs_is_found() {
    let found = found(&mut tiny(Some(drop_signals)));
    assert_eq!(found.failure.kind, Kind::Stopped, "{}", found.failure.text);
    assert_eq!(found.small.1.len(), 1);
}
