//! A flow that begins with a search: the network that is found, and beside it the one that the same search finds among other
//! ops, are trained, rounded to integers and proven on the hardware. The table at the end has both, with what they cost on
//! machines of equal area.
//!
//! Searches and trainings go on where they stopped, an epoch at most is lost; whatever the program is by then, they end
//! with the bits of their own configuration. Everything else is a step that is remembered.

use super::super::compare::Compare;
use super::super::search::Search;
use super::super::train::{Quantize, Train};
use super::super::Done;
use super::proof::Proof;
use crate::files;
use crate::flow;
use crate::flow_file::{Given, Searched};
use crate::steps::Steps;
use serde_json::{json, Value};
use spec::error::{grouped, Report};
use spec::op::Op;
use std::path::{Path, PathBuf};

/// A network on its way from the space to the table.
struct Contender {
    name: &'static str,
    /// Ops of its blocks; none: those of the space.
    ops: Vec<String>,
}

/// What became of one.
struct Proven {
    name: &'static str,
    network: PathBuf,
    search: Value,
    train: Value,
    quantize: Value,
    proof: Value,
}

/// Searches, trains, rounds and proves; results go to `out`.
///
/// # Errors
/// Bad input.
pub fn run(proof: &Proof, searched: &Searched, out: &Path) -> Result<Done, Report> {
    let mut contenders = vec![Contender { name: "searched", ops: Vec::new() }];
    if !searched.baseline.is_empty() {
        contenders.push(Contender { name: "baseline", ops: searched.baseline.clone() });
    }
    let mut all = Vec::new();
    for contender in contenders {
        let folder = out.join(contender.name);
        proof.console.say(format!("{}: {}", contender.name, folder.display()));
        let learnt = learn(proof, &searched.space, &contender, &folder)?;
        let done = proof.run(&learnt.given, &folder)?;
        if !done.failures.0.is_empty() {
            return Ok(done);
        }
        let Learnt { given, search, train, quantize } = learnt;
        all.push(Proven {
            name: contender.name,
            network: given.network,
            search,
            train,
            quantize,
            proof: done.json,
        });
    }
    let compared = compare(proof, &all, out)?;
    let report = report(&all, &compared.json);
    let file = out.join("report.md");
    files::write(&file, report.as_bytes())?;
    proof.console.show(&report);
    let networks = all.iter().map(|proven| (proven.name.to_string(), proven.json()));
    let json = json!({"networks": networks.collect::<serde_json::Map<_, _>>(), "compare": compared.json});
    Ok(Done::well(json).with_products(vec![file]))
}

/// A network of integers, and how it came about.
struct Learnt {
    given: Given,
    search: Value,
    train: Value,
    quantize: Value,
}

fn learn(proof: &Proof, space: &Path, contender: &Contender, folder: &Path) -> Result<Learnt, Report> {
    let console = proof.console;
    let [search, trained, network] = ["search", "train", "network"].map(|name| folder.join(name));
    let found =
        Search { config: space.into(), out: search.clone(), resume: true, ops: contender.ops.clone() }
            .run(console)?;
    let config = search.join("train.yaml");
    let train = Train { config: config.clone(), out: trained.clone(), resume: true }.run(console)?;
    let steps = Steps::new(console, folder, None)?;
    let weights = trained.join("checkpoint.safetensors");
    let quantized = steps.step("quantize", &[&config, &weights], || {
        Quantize { run: trained.clone(), out: network.clone() }.run(console)
    })?;
    let given = Given {
        network: network.join(quantized.json["network"].as_str().unwrap_or_default()),
        images: network.join("images.npy"),
        labels: Some(network.join("labels.txt")),
    };
    Ok(Learnt { given, search: found.json, train: train.json, quantize: quantized.json })
}

/// What the networks cost on machines of the configuration's area, each with the chunks that it needs.
fn compare(proof: &Proof, all: &[Proven], out: &Path) -> Result<Done, Report> {
    let mut inputs = vec![proof.config.clone()];
    for Proven { network, .. } in all {
        inputs.extend([network.clone(), flow::weights(network)?]);
    }
    let named = |proven: &Proven| format!("{}={}", proven.name, proven.network.display());
    let networks = all.iter().map(named).collect();
    let steps = Steps::new(proof.console, out, None)?;
    steps.step("compare", &inputs.iter().collect::<Vec<_>>(), || {
        Compare::on_equal_area(proof.config.clone(), networks).run(proof.console)
    })
}

impl Proven {
    fn json(&self) -> Value {
        json!({"search": self.search, "train": self.train, "quantize": self.quantize, "proof": self.proof})
    }

    /// Multiply-accumulates of the layers of an op.
    fn macs(&self, op: Op) -> u64 {
        let layers = self.proof["verify"]["layers"].as_array().into_iter().flatten();
        let of_op = layers.filter(|layer| layer["chunk"] == op.chunk());
        of_op.filter_map(|layer| layer["macs"].as_u64()).sum()
    }

    /// A line of the table; `line` is of the comparison, `first` that of the first network.
    fn row(&self, line: &Value, first: &Value) -> String {
        let percent = |key: &str| 100.0 * self.quantize[key].as_f64().unwrap_or_default();
        let minutes = |of: &Value| of["seconds"].as_f64().unwrap_or_default() / 60.0;
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let cycles = |key: &str| grouped(number(&self.proof["verify"]["cycles"][key]));
        let macs = Op::ALL.iter().map(|op| grouped(self.macs(*op) as f64));
        let macs = macs.collect::<Vec<_>>().join(" | ");
        format!(
            "| {} | {:.2} | {:.2} | {macs} | {} | {} | {} | {} | {} | {:.3} | {:.0} | {:.0} |\n",
            self.name,
            percent("float_accuracy"),
            percent("integer_accuracy"),
            cycles("predicted"),
            cycles("measured"),
            line["machine"].as_str().unwrap_or_default(),
            grouped(number(&line["cycles"]).round()),
            grouped((number(&line["energy_pj"]) / 1e3).round()),
            number(&line["edp"]) / number(&first["edp"]),
            minutes(&self.search),
            minutes(&self.train)
        )
    }
}

/// The table.
fn report(all: &[Proven], compared: &Value) -> String {
    let lines: Vec<&Value> = (compared["lines"].as_array().into_iter().flatten())
        .filter(|line| line["mapper"] == "auto")
        .collect();
    let ops: Vec<String> = Op::ALL.iter().map(|op| format!("MACs {}", op.name())).collect();
    let ops = ops.join(" | ");
    let mut text = format!(
        "| network | top-1 % | integers % | {ops} | cycles, predicted | measured | machine | cycles an image | nJ | EDP | \
        search min | training min |\n|---|{}---|{}\n",
        "--:|".repeat(4 + Op::ALL.len()),
        "--:|".repeat(5)
    );
    for (proven, line) in all.iter().zip(&lines) {
        text += &proven.row(line, lines[0]);
    }
    text + "\ntop-1 of all test images, before and after rounding to integers; cycles of the images of the proof, on the\n\
        configuration; the machine has the configuration's area, cycles and energy are those of an image in its steady state\n"
}
