//! Broken programs on the generated hardware, in both simulators: it stops in a defined state, names the cause, breaks no
//! rule of AXI4, and runs the next program, without a reset between the two, as if nothing had happened.

use compiler::{compile, Compiled, Options};
use cosim::executor::{self, Outcome};
use cosim::memory::Timing;
use model::random::images;
use model::reference::run;
use model::{Graph, Tensor};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::error::Report;
use spec::isa::code::Instruction;
use spec::isa::table::{self, Queue};
use spec::random::Rng;
use testbenches::rtl::{config, random_network, Engine};

/// A good program, its hardware and what it should compute.
struct Bench {
    accelerator: Accelerator,
    engine: Box<dyn Simulator>,
    graph: Graph,
    input: Tensor,
    good: Compiled,
    /// Whether the hardware has been reset.
    started: bool,
}

impl Bench {
    /// On both simulators.
    fn all() -> [Bench; 2] {
        Engine::ALL.map(Bench::new)
    }

    fn new(engine: Engine) -> Bench {
        let accelerator = config("tiny");
        let graph = random_network(&accelerator, 4, 8_000).expect("tiny has all three chunks");
        let good = compile(&accelerator, &graph, &Options { images: 2, ..Options::default() });
        let good = good.unwrap_or_else(|report| panic!("{report}"));
        let (engine, input) = (engine.start(&accelerator), images(4, &graph, 2));
        Bench { engine, input, accelerator, graph, good, started: false }
    }

    fn run(
        &mut self,
        accelerator: &Accelerator,
        program: &spec::program::Program,
    ) -> Result<Outcome, Report> {
        let timing = Timing::Fixed { latency: 20 };
        let reset = !std::mem::replace(&mut self.started, true);
        let options =
            executor::Options { timing, max_cycles: 400_000, watchdog: 2_000, reset, ..Default::default() };
        executor::run(self.engine.as_mut(), accelerator, program, &self.input, &options)
    }

    /// Runs the good program with `break_it` applied; the report, after the good one has run well again.
    fn broken(&mut self, break_it: impl FnOnce(&mut spec::program::Program)) -> String {
        let mut program = self.good.program.clone();
        break_it(&mut program);
        let accelerator = self.accelerator.clone();
        let report = self.run(&accelerator, &program).map(|_| ()).expect_err("a broken program is stopped");
        self.still_works();
        report.to_string()
    }

    fn still_works(&mut self) {
        let (accelerator, program) = (self.accelerator.clone(), self.good.program.clone());
        let outcome = self.run(&accelerator, &program).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(outcome.outputs[0].1, run(&self.graph, &self.input).expect("the input fits"));
    }
}

/// Index of the first word with `opcode` in the first stream of `queue` that has one.
fn find(program: &spec::program::Program, queue: Queue, opcode: u32) -> (usize, usize) {
    let is = |word: &u64| table::OPCODE.extract(*word) == i64::from(opcode);
    let streams = (queue as usize..program.streams.len()).step_by(3);
    let mut found = streams.filter_map(|stream| Some((stream, program.streams[stream].iter().position(is)?)));
    found.next().expect("the program has such a word")
}

fn word(opcode: u32, values: &[i64]) -> u64 {
    Instruction::new(opcode, values).expect("legal operands").encode()
}

#[test]
fn the_hardware_names_what_is_wrong_and_recovers() {
    Bench::all().iter_mut().for_each(names_what_is_wrong_and_recovers);
}

fn names_what_is_wrong_and_recovers(bench: &mut Bench) {
    bench.still_works();

    let text = bench.broken(|program| {
        let (stream, index) = find(program, Queue::Execute, table::EXEC);
        program.streams[stream][index] = 0;
    });
    assert!(text.contains("illegal instruction, queue"), "{text}");

    let text = bench.broken(|program| {
        let (stream, index) = find(program, Queue::Load, table::CFG);
        program.streams[stream][index] = word(table::CFG, &[200, 1]);
    });
    assert!(text.contains("illegal instruction, queue"), "{text}");

    for (queue, cause) in
        [(Queue::Load, "read outside the window"), (Queue::Store, "write outside the window")]
    {
        let opcode = if queue == Queue::Load { table::LD } else { table::ST };
        let text = bench.broken(|program| {
            let (stream, index) = find(program, queue, opcode);
            program.streams[stream].insert(index, word(table::CFG, &[0, 1 << 38]));
        });
        assert!(text.contains(cause), "{text}");
    }

    // The last byte of all: a burst that ends where addresses wrap.
    let text = bench.broken(|program| {
        let (stream, index) = find(program, Queue::Load, table::LD);
        program.streams[stream].insert(index, word(table::CFG, &[0, (1 << table::DRAM_BITS) - 1]));
    });
    assert!(text.contains("read outside the window"), "{text}");

    let text = bench.broken(|program| {
        let (stream, index) = find(program, Queue::Load, table::SIGNAL);
        program.streams[stream][index] = word(table::FENCE, &[]);
    });
    assert!(text.contains("no progress"), "{text}");

    let mut foreign = bench.accelerator.clone();
    foreign.hash ^= 1;
    let mut program = bench.good.program.clone();
    program.config_hash = foreign.hash;
    let text =
        bench.run(&foreign, &program).map(|_| ()).expect_err("a foreign program is stopped").to_string();
    assert!(text.contains("another configuration"), "{text}");
    bench.still_works();
}

/// Streams in which the first load queue signals `rounds` times 60 counts before its execute queue takes any.
fn ahead(program: &mut spec::program::Program, rounds: i64) {
    let (counted, last) = (1, 2);
    let burst = |opcode: u32| {
        let words = std::iter::repeat_n(word(opcode, &[counted]), 60);
        [word(table::LOOP, &[rounds])].into_iter().chain(words).chain([word(table::ENDLOOP, &[])])
    };
    program.streams.iter_mut().for_each(Vec::clear);
    let end = word(table::END, &[]);
    program.streams[0] = burst(table::SIGNAL).chain([word(table::SIGNAL, &[last]), end]).collect();
    program.streams[1] =
        [word(table::WAIT, &[last])].into_iter().chain(burst(table::WAIT)).chain([end]).collect();
}

#[test]
fn a_queue_may_run_ahead_by_the_signals_of_a_deep_network() {
    Bench::all().iter_mut().for_each(lets_a_queue_run_ahead);
}

fn lets_a_queue_run_ahead(bench: &mut Bench) {
    let (accelerator, mut program) = (bench.accelerator.clone(), bench.good.program.clone());
    ahead(&mut program, 20);
    bench.run(&accelerator, &program).unwrap_or_else(|report| panic!("{report}"));
    let text = bench.broken(|program| ahead(program, (1 << 16) / 60 + 1));
    assert!(text.contains("token signalled too often"), "{text}");
}

#[test]
fn random_words_never_hang_the_hardware() {
    Bench::all().iter_mut().for_each(never_hangs);
}

fn never_hangs(bench: &mut Bench) {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let mut program = bench.good.program.clone();
        for (i, stream) in program.streams.iter_mut().enumerate() {
            *stream = (0..rng.size(1, 60)).map(|_| random_word(&mut rng, Queue::ALL[i % 3])).collect();
        }
        let accelerator = bench.accelerator.clone();
        if let Err(report) = bench.run(&accelerator, &program) {
            let text = report.to_string();
            assert!(!text.contains("at fault") && !text.contains("not over"), "seed {seed}: {text}");
        }
        bench.still_works();
    }
}

/// A word of the queue, mostly legal.
fn random_word(rng: &mut Rng, queue: Queue) -> u64 {
    if rng.percent(2) {
        return rng.bits();
    }
    let rows: Vec<_> = table::INSTRUCTIONS.iter().filter(|row| row.queues.contains(&queue)).collect();
    let row = rng.choose(&rows);
    let values: Vec<i64> = row
        .fields
        .iter()
        .map(|field| {
            let (lo, hi) = field.range();
            if field.name == "reg" {
                rng.range(0, queue.registers().len() as i64 - 1)
            } else {
                rng.range(lo.max(-40), hi.min(40))
            }
        })
        .collect();
    word(row.opcode, &values)
}
