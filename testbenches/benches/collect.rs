//! Collects what the last `make bench` measured into `docs/benchmarks.md`: every figure beside its target and the
//! command that measures it, and the machine. What was not measured is said to be missing.

use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A line of the table.
struct Row {
    what: String,
    figure: Option<String>,
    target: &'static str,
    /// The bench that measures it; PyTorch's part is `pytorch.py`.
    bench: &'static str,
}

fn main() {
    let found = Found { target: root().join("target") };
    let text = page(&found);
    print!("{text}");
    let path = root().join("docs/benchmarks.md");
    std::fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Files that benchmarks have left.
struct Found {
    target: PathBuf,
}

impl Found {
    fn json(&self, path: &str) -> Option<Value> {
        serde_json::from_str(&std::fs::read_to_string(self.target.join(path)).ok()?).ok()
    }

    /// Median seconds of one of criterion's benchmarks.
    fn seconds(&self, id: &str) -> Option<f64> {
        let estimates = self.json(&format!("criterion/{id}/new/estimates.json"))?;
        Some(estimates["median"]["point_estimate"].as_f64()? * 1e-9)
    }

    /// Operations a second, by the throughput of one of criterion's benchmarks.
    fn rate(&self, id: &str) -> Option<f64> {
        let benchmark = self.json(&format!("criterion/{id}/new/benchmark.json"))?;
        Some(benchmark["throughput"]["Elements"].as_f64()? / self.seconds(id)?)
    }

    /// Median seconds of the same in PyTorch.
    fn pytorch(&self, id: &str) -> Option<f64> {
        self.json("benchmarks/pytorch.json")?["seconds"][id].as_f64()
    }

    /// Cycles a second of a simulation.
    fn simulated(&self, config: &str, kind: &str) -> Option<f64> {
        self.json("benchmarks/simulate.json")?[config][kind].as_f64()
    }
}

fn page(found: &Found) -> String {
    let mut text = String::from(
        "<!-- Written by `make bench`. Do not edit. -->\n# Benchmarks\n\nEvery figure is of the last run of its bench. ",
    );
    let _ = writeln!(text, "{}\n", machine(found));
    let sections = [
        ("Generator", "From the text of a description to the text of all Verilog files, checks included.", generator(found)),
        (
            "Simulation",
            "The same recorded inputs on the same Verilated model, from a plain C++ test bench and, through the shim,\n\
             from Rust; and a whole run: control port, memory model, AXI rules and trace in Rust. The fastest of 31\n\
             runs of each, which take turns, and the median of the ratios of neighbouring runs.",
            simulation(found),
        ),
        (
            "The native simulator",
            "Beside Verilator at its fastest (`-O3`, its C++ at `-O3`), in turns. The accelerators run fashion-hybrid with 16\n\
             images in flight; the plain array is 16x16 PEs of three stages that never wait.",
            native(found),
        ),
        (
            "Mapper",
            "Cycles, energy and all accesses of a mapping, on one core, nothing remembered; a bound below every mapping of an\n\
             unrolling, on one core, of the 64 of each layer with the fewest steps; the search of the whole space on `flat16`;\n\
             all layers of fashion-hybrid on `edge`, mapped and compiled; begin and end of each instruction in a run of that\n\
             program, 16 images in flight.",
            mapper(found),
        ),
        ("Reference executor", "On all cores.", reference(found)),
        (
            "Training",
            "Two threads, but where one is said. A layer is its forward pass and both gradients, 16 images, maps of 16x16;\n\
             a step is forward, backward and optimiser, on 64 images for fashion-hybrid, on 16 of 32x32 for MobileNetV2\n\
             (whose first block has a pointwise layer before, too). PyTorch's adder is `unfold` and `cdist` with p = 1, whose\n\
             gradients are signs where ours are AdderNet's; of its two memory formats the faster one counts.",
            training(found),
        ),
    ];
    for (title, prose, rows) in sections {
        let _ = writeln!(text, "## {title}\n{prose}\n\n| | measured | target | bench |\n|---|--:|--:|---|");
        for row in rows {
            let figure = row.figure.unwrap_or_else(|| "not measured".into());
            let _ = writeln!(text, "| {} | {figure} | {} | `{}` |", row.what, row.target, row.bench);
        }
        text.push('\n');
    }
    text.push_str("A single bench: `cargo bench --workspace --bench NAME`; PyTorch's part: `python sw/nas/benches/pytorch.py`.\n");
    text
}

/// What it was measured on, and when.
fn machine(found: &Found) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let model = model.map_or("unknown processor", |(_, name)| name.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let torch = found.json("benchmarks/pytorch.json");
    let torch = torch.as_ref().and_then(|json| json["torch"].as_str()).unwrap_or("not installed");
    let versions = [("rustc", "--version"), ("verilator", "--version"), ("g++", "-dumpfullversion")];
    let [rustc, verilator, gcc] = versions.map(|(tool, argument)| says(tool, argument));
    let date = says("date", "-uI");
    format!("Machine: {model}, {cores} cores. {rustc}; {verilator}; g++ {gcc}; PyTorch {torch}. {date}.")
}

/// The first line that a tool prints.
fn says(tool: &str, argument: &str) -> String {
    let output = Command::new(tool).arg(argument).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or("unknown").trim().to_string()
}

fn generator(found: &Found) -> Vec<Row> {
    let row = |what: &str, id: &str, target| Row {
        what: what.into(),
        figure: found.seconds(id).map(time),
        target,
        bench: "generate",
    };
    vec![
        row("`edge`: 3 chunks of 8x8", "generate/edge", ""),
        row("3 chunks of 32x32", "generate/huge", "< 2 s"),
    ]
}

fn simulation(found: &Found) -> Vec<Row> {
    let mut rows = Vec::new();
    for config in ["tiny", "edge"] {
        let speed = |kind| found.simulated(config, kind);
        let ratio = |kind| speed(kind).map(|value| format!("{value:.3}"));
        let mut add = |what: &str, figure, target| {
            rows.push(Row { what: format!("`{config}`, {what}"), figure, target, bench: "simulate" })
        };
        add("plain C++", speed("plain").map(|value| format!("{value:.0} cycles/s")), "");
        add("shim", speed("shim").map(|value| format!("{value:.0} cycles/s")), "");
        add("shim / plain C++", ratio("shim_ratio"), ">= 0.95");
        add("shim / plain C++, median", ratio("shim_median"), "");
        add("whole run / plain C++", ratio("run_ratio"), "");
        add("whole run / plain C++, median", ratio("run_median"), "");
    }
    rows
}

fn native(found: &Found) -> Vec<Row> {
    let json = found.json("benchmarks/native.json").unwrap_or_default();
    let mut rows = Vec::new();
    for (key, name, speed, whole) in [
        ("edge", "`edge`", ">= 3", "<= 0.05"),
        ("large", "`large`", ">= 3", ""),
        ("array", "plain array", ">= 6", ""),
    ] {
        let of = &json[key];
        let mut add = |what: &str, figure: Option<String>, target| {
            rows.push(Row { what: format!("{name}, {what}"), figure, target, bench: "native" })
        };
        let rate = |engine: usize| {
            Some(format!("{:.0} kcycles/s", of["cycles"].as_f64()? / of["run"][engine].as_f64()? / 1e3))
        };
        add("native, build", of["build"][0].as_f64().map(time), "< 0.5 s");
        add("Verilator, build", of["build"][1].as_f64().map(time), "");
        add("native", rate(0), "");
        add("Verilator", rate(1), "");
        add("native / Verilator, speed", of["speed"].as_f64().map(|ratio| format!("{ratio:.2}")), speed);
        add(
            "native / Verilator, build and run",
            of["whole"].as_f64().map(|ratio| format!("{ratio:.4}")),
            whole,
        );
        if let Some(memory) = of["memory"].as_i64() {
            add("native, memory", Some(format!("{memory} MiB")), "");
        }
    }
    let long = &json["long"];
    let growth = long["growth"].as_i64().map(|growth| format!("{growth} MiB"));
    let what = format!("`large`, growth over {} cycles", long["cycles"].as_u64().unwrap_or(0));
    rows.push(Row { what, figure: growth, target: "0 MiB", bench: "native" });
    rows
}

fn mapper(found: &Found) -> Vec<Row> {
    let row = |what: &str, figure, target, bench| Row { what: what.into(), figure, target, bench };
    let rate = |id: &str| Some(format!("{:.2} million/s", found.rate(id)? * 1e-6));
    let bounds = found.rate("mapper/bound").map(|rate| format!("{rate:.0}/s"));
    let seconds = |id: &str| found.seconds(id).map(time);
    vec![
        row("evaluations of mappings of ResNet-18", rate("mapper/evaluate"), ">= 1 million/s", "evaluate"),
        row("bounds of unrollings of ResNet-18", bounds, "", "mapping"),
        row("search of the whole space, ResNet-18", seconds("mapper/whole-space"), "< 10 s", "mapping"),
        row("fashion-hybrid mapped and compiled", seconds("mapper/network"), "", "mapping"),
        row("prediction of a run", seconds("mapper/events"), "", "mapping"),
        row("cycles of that run", rate("mapper/events"), "", "mapping"),
    ]
}

fn reference(found: &Found) -> Vec<Row> {
    let row = |what: String, figure| Row { what, figure, target: "", bench: "reference" };
    let mut rows = Vec::new();
    for network in ["fashion-hybrid", "random"] {
        let rate = found.rate(&format!("images/{network}"));
        rows.push(row(format!("{network} network"), rate.map(|rate| format!("{rate:.0} images/s"))));
    }
    for op in ["conv", "shift", "adder"] {
        for kind in ["3x3", "pointwise", "depthwise"] {
            let rate = found.rate(&format!("reference/{op}/{kind}"));
            rows.push(row(format!("{op} {kind}"), rate.map(|rate| format!("{:.2} GMAC/s", rate * 1e-9))));
        }
    }
    rows
}

fn training(found: &Found) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut add = |what: String, id: &str, target, is_speed: bool| {
        let (ours, theirs) = (found.seconds(id), found.pytorch(id));
        let ratio = match is_speed {
            true => quotient(theirs, ours).map(|ratio| format!(", {ratio}x as fast")),
            false => quotient(ours, theirs).map(|ratio| format!(", {ratio}x its time")),
        };
        let theirs =
            theirs.map_or("PyTorch not measured".into(), |theirs| format!("PyTorch {}", time(theirs)));
        let figure = ours.map(|ours| format!("{}; {theirs}{}", time(ours), ratio.unwrap_or_default()));
        rows.push(Row { what, figure, target, bench: "training" });
    };
    let forms = ["full", "pointwise", "depthwise"];
    for (form, target) in forms.into_iter().zip([">= 25x as fast", ">= 25x as fast", ">= 15x as fast"]) {
        add(format!("adder layer, {form}"), &format!("layer/adder-{form}"), target, true);
    }
    for (form, target) in forms.into_iter().zip(["<= 1.6x its time", "<= 1.2x its time", "<= 1.2x its time"])
    {
        add(format!("convolution, {form}"), &format!("layer/conv-{form}"), target, false);
    }
    add("step of MobileNetV2".into(), "step/mobilenet-v2-float", "<= 1.3x its time", false);
    add("step of fashion-hybrid".into(), "step/hybrid-float", "<= 1.3x its time", false);
    add("step, every layer a convolution".into(), "step/convolutions-float", "<= 1.3x its time", false);
    add("step of fashion-hybrid, quantised".into(), "step/hybrid-rounded", "", false);
    for (op, what) in [("conv", "convolution"), ("adder", "adder layer")] {
        for form in forms {
            let [both, alone] =
                ["", "-alone"].map(|suffix| found.seconds(&format!("layer/{op}-{form}{suffix}")));
            let figure = quotient(alone, both).map(|ratio| format!("{ratio}x as fast"));
            let what = format!("{what}, {form}, beside one thread");
            rows.push(Row { what, figure, target: ">= 1.5x as fast", bench: "training" });
        }
    }
    rows
}

fn quotient(above: Option<f64>, below: Option<f64>) -> Option<String> {
    Some(format!("{:.3}", above? / below?))
}

fn time(seconds: f64) -> String {
    match seconds < 0.1 {
        true => format!("{:.2} ms", seconds * 1e3),
        false => format!("{seconds:.2} s"),
    }
}
