//! A flow that begins with a search. The network that is found, and the one that the same search finds among other ops, are
//! trained, rounded to integers and proven on the hardware; the table at the end has both, with what they cost on machines
//! of equal area.
//!
//! Whatever can be refused is refused before the first epoch. Searches and trainings go on after their last whole epoch;
//! everything else is a step that is remembered.

use super::proof::Proof;
use super::table;
use crate::commands::compare::Compare;
use crate::commands::device::Device;
use crate::commands::search::Search;
use crate::commands::train::{Quantize, Train};
use crate::commands::{Done, Engine};
use crate::flow_file::{Given, Searched};
use crate::steps::Steps;
use crate::{files, flow};
use nas::run::folder::CHECKPOINT;
use nas::run::quantize::SAMPLES;
use nas::search::CostKind;
use nas::SearchConfig;
use serde_json::{json, Map, Value};
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::op::Op;
use std::path::{Path, PathBuf};

/// Searches, trains, rounds and proves; results go to `out`.
///
/// # Errors
/// Bad input, a loss that is no longer finite, a folder with a run of another configuration.
pub fn run(proof: &Proof, flow: &Path, searched: &Searched, out: &Path) -> Result<Done, Report> {
    let contenders = contenders(searched)?;
    let comparison =
        |networks| Compare::on_equal_area(proof.config.clone(), searched.areas.clone(), networks);
    check(proof, flow, &contenders, &comparison(Vec::new()))?;
    let (mut proven, mut failures) = (Vec::new(), Report::default());
    for Contender { name, ops, .. } in &contenders {
        let folder = out.join(name);
        proof.console.say(format!("{name}: {}", folder.display()));
        let learnt = learn(proof, &searched.space, ops, &folder)?;
        let done = proof.run(&learnt.given, &folder)?;
        failures.0.extend(done.failures.0);
        proven.push(Proven { name, learnt, proof: done.json });
    }
    let networks: Map<String, Value> = proven.iter().map(|one| (one.name.to_string(), one.json())).collect();
    if !failures.0.is_empty() {
        return Ok(Done::failing(json!({ "networks": networks }), failures));
    }
    let compared = compare(proof, searched, &proven, out, comparison)?;
    let about = table::About { config: proof.config, space: &searched.space, count: proof.count };
    let report = table::text(&about, &proven, &compared.json)?;
    let file = out.join("report.md");
    files::write(&file, report.as_bytes())?;
    proof.console.show(&report);
    let json = json!({"networks": networks, "compare": compared.json});
    Ok(Done::well(json).with_products(vec![file]))
}

/// A network that is to be found.
struct Contender {
    name: &'static str,
    /// Ops of its blocks, where they are not those of the space.
    ops: Vec<String>,
    config: SearchConfig,
}

/// A network of integers, and how it came about.
struct Learnt {
    given: Given,
    search: Value,
    train: Value,
    quantize: Value,
}

/// One that ran on the hardware.
pub struct Proven {
    pub name: &'static str,
    learnt: Learnt,
    proof: Value,
}

impl Proven {
    /// All that is known of it.
    pub fn json(&self) -> Value {
        let Learnt { search, train, quantize, .. } = &self.learnt;
        json!({"search": search, "train": train, "quantize": quantize, "proof": self.proof})
    }
}

fn contenders(searched: &Searched) -> Result<Vec<Contender>, Report> {
    let space = &searched.space;
    let config = SearchConfig::parse(&files::name(space), &files::read_text(space)?)?;
    let mut all = vec![Contender { name: "searched", ops: Vec::new(), config: config.clone() }];
    if !searched.baseline.is_empty() {
        let ops: Vec<String> = searched.baseline.iter().map(|op| op.name().to_string()).collect();
        all.push(Contender { name: "baseline", config: config.with_ops(ops.clone())?, ops });
    }
    Ok(all)
}

/// Whether everything is there that is needed after hours of training.
fn check(proof: &Proof, flow: &Path, contenders: &[Contender], comparison: &Compare) -> Result<(), Report> {
    let accelerator = flow::accelerator(proof.config)?;
    let mut report = Report::default();
    for Contender { config, .. } in contenders {
        let of_space = |op: &&Op| **op == Op::Conv || config.space.ops.iter().any(|name| name == op.name());
        let ops = Op::ALL.iter().filter(of_space);
        let faults = ops.filter_map(|op| unfit(&accelerator, *op, config.bits.of(*op)));
        report.0.extend(faults.map(|fault| fault.in_file(&config.file)));
    }
    report.0.dedup();
    if let Some(count) = proof.count.filter(|count| *count as usize > SAMPLES) {
        let error =
            Diagnostic::new("run", format!("a searched network comes with {SAMPLES} images, not {count}"));
        report.push(error.in_file(&files::name(flow)).help(format!("set count to {SAMPLES} or fewer")));
    }
    if proof.engine == Some(Engine::Verilator) {
        report.0.extend(cosim::verilator::check_tools().err().map(|error| error.diagnostic()));
    }
    report.0.extend(comparison.budget(&accelerator).err().into_iter().flat_map(|faults| faults.0));
    say_other_machine(proof, &accelerator, &contenders[0].config);
    report.or(())
}

/// What keeps layers of an op from running, if anything: stem and classifier are convolutions in every network.
fn unfit(accelerator: &Accelerator, op: Op, bits: u32) -> Option<Diagnostic> {
    let Some((_, chunk)) = accelerator.chunk_of(op) else {
        let message =
            format!("accelerator `{}` has no {} for {} layers", accelerator.name, op.chunk(), op.name());
        let help = format!("add chunks.{} to it, or leave {} out of the space", op.chunk(), op.name());
        return Some(Diagnostic::new("run", message).help(help));
    };
    let message = format!("{} weights of {bits} bits do not fit the {}", op.name(), chunk.name());
    let note = format!("on accelerator `{}` they have {} bits at most", accelerator.name, chunk.weight_bits);
    let help = format!("set bits.{} of the space to {} or fewer", op.name(), chunk.weight_bits);
    (bits > chunk.weight_bits).then(|| Diagnostic::new("run", message).note(note).help(help))
}

/// Says where a network is searched for another machine than it is proven on.
fn say_other_machine(proof: &Proof, accelerator: &Accelerator, config: &SearchConfig) {
    let of_costs = config.cost.accelerator.as_deref().filter(|_| config.cost.kind == CostKind::Mapper);
    if let Some(Ok(other)) = of_costs.map(flow::accelerator) {
        if other.hash != accelerator.hash {
            let (other, this) = (&other.name, &accelerator.name);
            proof.console.say(format!(
                "the search weighs what networks cost on `{other}`; they are proven on `{this}`"
            ));
        }
    }
}

fn learn(proof: &Proof, space: &Path, ops: &[String], folder: &Path) -> Result<Learnt, Report> {
    let console = proof.console;
    let [search, trained, network] = ["search", "train", "network"].map(|name| folder.join(name));
    // What computes beside the processor was chosen for the whole flow.
    let found = Search {
        config: space.into(),
        out: search,
        resume: true,
        ops: ops.into(),
        device: Device::default(),
    }
    .run(console)?;
    let config = table::file_of(&found.json, "training")?;
    let train =
        Train { config: config.clone(), out: trained.clone(), resume: true, device: Device::default() }
            .run(console)?;
    let steps = Steps::new(console, folder, None)?;
    let quantized = steps.step("quantize", &[&config, &trained.join(CHECKPOINT)], || {
        Quantize { run: trained.clone(), out: network.clone() }.run(console)
    })?;
    // What is remembered names no folder: the flow's may have been moved since.
    let file = |key: &str| table::file_of(&quantized.json, key).map(|name| network.join(name));
    let [network, images, labels] = ["network", "samples", "labels"].map(file);
    let given = Given { network: network?, images: images?, labels: Some(labels?) };
    Ok(Learnt { given, search: found.json, train: train.json, quantize: quantized.json })
}

/// What the networks cost on machines of the configuration's area, each with the chunks that it needs.
fn compare(
    proof: &Proof,
    searched: &Searched,
    all: &[Proven],
    out: &Path,
    comparison: impl Fn(Vec<String>) -> Compare,
) -> Result<Done, Report> {
    let mut inputs: Vec<PathBuf> = searched.areas.iter().chain([proof.config]).cloned().collect();
    let mut named = Vec::new();
    for Proven { name, learnt, .. } in all {
        let network = &learnt.given.network;
        named.push(format!("{name}={}", network.display()));
        inputs.extend([network.clone(), flow::weights(network)?]);
    }
    let steps = Steps::new(proof.console, out, None)?;
    steps.step("compare", &inputs.iter().collect::<Vec<_>>(), || comparison(named).run(proof.console))
}
