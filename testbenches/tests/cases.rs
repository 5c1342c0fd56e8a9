//! The corpus `testbenches/cases` through every executor: reference, NumPy, the emulator of the instruction set, and
//! the generated hardware in the native simulator. Every element of every layer is the same in all of them.

use compiler::{compile, Options};
use cosim::memory::Timing;
use model::format::Written;
use model::random::{images, with_tensors};
use model::reference::run_all;
use model::{Graph, Tensor};
use spec::accelerator::Accelerator;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use testbenches::emulator::Emulator;
use testbenches::fuzz::bench::difference;
use testbenches::fuzz::{Bench, Case, Configuration};
use testbenches::oracle;
use testbenches::rtl::{config, Engine};

const IMAGES: u32 = 2;
const CONFIGURATION: &str = "tiny";

/// A case of the corpus.
struct Entry {
    name: String,
    seed: u64,
    graph: Graph,
    input: Tensor,
    /// What the reference says of every layer.
    expected: Vec<Tensor>,
}

impl Entry {
    fn read(path: &Path) -> Entry {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(path).expect("readable");
        let seed = text.lines().find_map(|line| line.strip_prefix("# seed: ")?.parse().ok());
        let seed = seed.unwrap_or_else(|| panic!("{name} has no line `# seed: NUMBER`"));
        let written = Written::parse(&path.display().to_string(), &text);
        let graph = written.and_then(|written| with_tensors(written, seed));
        let graph = graph.unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(graph.name, name, "a network is called like its file");
        let input = images(seed, &graph, IMAGES as usize);
        let expected = run_all(&graph, &input).expect("images that fit");
        Entry { name, seed, graph, input, expected }
    }

    /// Compares a layer of another executor with the reference.
    fn check(&self, executor: &str, layer: usize, found: &Tensor) {
        let name = &self.graph.layer(model::LayerId(layer)).name;
        let wrong = difference(found, &self.expected[layer]);
        assert!(wrong.is_none(), "{executor}: `{}`, layer `{name}` {}", self.name, wrong.unwrap_or_default());
    }
}

/// All cases, by name.
fn corpus() -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let files = fs::read_dir(folder).expect("the corpus").map(|entry| entry.expect("readable").path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    files.sort();
    files.iter().map(|path| Entry::read(path)).collect()
}

/// The emulator on the compiled program.
fn emulate(accelerator: &Accelerator, entry: &Entry) {
    let options = Options { images: IMAGES, dump: true, ..Options::default() };
    let compiled = compile(accelerator, &entry.graph, &options);
    let compiled = compiled.unwrap_or_else(|report| panic!("{}: {report}", entry.name));
    let mut emulator = Emulator::new(accelerator, &compiled.program, &entry.input.data, entry.seed);
    emulator.run().unwrap_or_else(|error| panic!("{}: {error}", entry.name));
    let mut compared = BTreeSet::new();
    for place in &compiled.program.outputs {
        let layer = entry.graph.find(&place.name).expect("an output is a layer's").0;
        let shape = entry.graph.layer(model::LayerId(layer)).out_shape;
        let found = Tensor::new(IMAGES as usize, shape, emulator.output(place, IMAGES));
        entry.check("emulator", layer, &found);
        compared.insert(layer);
    }
    assert_eq!(compared.len(), entry.graph.len(), "{}: every layer was compared", entry.name);
}

#[test]
fn every_executor_computes_the_same() {
    let corpus = corpus();
    assert!(corpus.len() >= 12, "the corpus is missing");

    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cases");
    let folders: Vec<PathBuf> = corpus.iter().map(|entry| root.join(&entry.name)).collect();
    for (entry, folder) in corpus.iter().zip(&folders) {
        oracle::write(folder, &entry.graph, &entry.input);
    }
    oracle::run(&folders, &root, &[]);
    for (entry, folder) in corpus.iter().zip(&folders) {
        for (id, layer) in entry.graph.layers() {
            entry.check("NumPy", id.0, &oracle::dumped(folder, &layer.name));
        }
    }

    let accelerator = config(CONFIGURATION);
    corpus.iter().for_each(|entry| emulate(&accelerator, entry));

    Engine::ALL.into_iter().for_each(|engine| run_corpus(&corpus, engine));
}

/// The corpus on a simulator.
fn run_corpus(corpus: &[Entry], engine: Engine) {
    let accelerator = config(CONFIGURATION);
    let mut bench = Bench { engine: engine.start(&accelerator), accelerator, sabotage: None };
    for entry in corpus {
        let case = Case {
            configuration: Configuration::Committed(CONFIGURATION),
            seed: entry.seed,
            images: IMAGES,
            dump: true,
            timing: Timing::Fixed { latency: 40 },
            drawn: false,
        };
        let ran = bench.run(&case, &entry.graph);
        let ran = ran.unwrap_or_else(|failure| panic!("RTL: `{}`: {}", entry.name, failure.text));
        let elements: usize = entry.expected.iter().map(|tensor| tensor.data.len()).sum();
        assert_eq!(ran.elements, elements as u64, "{}: every element was compared", entry.name);
    }
}

#[test]
fn the_corpus_has_every_op_in_every_form_and_its_outputs_vary() {
    let mut forms = BTreeSet::new();
    for entry in corpus() {
        for (id, layer) in entry.graph.layers() {
            let form = match () {
                () if layer.name.starts_with("pool") => "pool",
                () if layer.is_depthwise() => "depthwise",
                () if layer.groups > 1 => "grouped",
                () if layer.kernel == [layer.in_shape.h, layer.in_shape.w] => "fully connected",
                () if layer.kernel == [1, 1] => "pointwise",
                () => "full",
            };
            forms.insert(format!("{} {form}", layer.op.name()));
            let values: BTreeSet<i8> = entry.expected[id.0].data.iter().copied().collect();
            let is_single = layer.clamp.0 == layer.clamp.1;
            assert!(values.len() > 1 || is_single, "`{}`: all of `{}` is equal", entry.name, layer.name);
        }
    }
    assert_eq!(forms.len(), 3 * 5 + 1, "{forms:?}");
}
