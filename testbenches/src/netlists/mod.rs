//! The campaign of netlists: random hierarchies on random inputs in all engines of `sim`, every output in every cycle,
//! and some of them in Verilator on the printed Verilog.
//!
//! A netlist is its seed, so a campaign is a range of seeds; one that was interrupted goes on at the seed that its last
//! line names. `engines` says what agreement is, `coverage` what has been seen.

pub mod coverage;
mod engines;
mod kinds;
mod structure;

use std::collections::{BTreeSet, VecDeque};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

pub use self::coverage::Coverage;
use spec::error::grouped;

/// Netlists that are built at once for Verilator: much of a build is the same for one and for many.
const BATCH: usize = 10;

/// Values of a netlist for Verilator, at most: a C++ compiler takes minutes for a large one.
const LARGEST: usize = 6000;

/// Failures after which the campaign ends: the rest would be more of the same.
const MOST_FAILURES: usize = 3;

/// Netlists that a worker takes at once.
const TAKEN: u64 = 50;

/// What is to be run.
pub struct Campaign {
    /// The first seed.
    pub seed: u64,
    /// Netlists in all engines of `sim`.
    pub netlists: u64,
    /// So many of them in Verilator as well: the first that are not too large.
    pub verilated: u64,
    /// Netlists that are worked on at once.
    pub workers: usize,
    /// Where built models are kept.
    pub cache: PathBuf,
}

/// What came of it.
#[derive(Default)]
pub struct Summary {
    /// Netlists that agree in all engines of `sim`.
    pub passed: u64,
    /// Those that agree with Verilator.
    pub verilated: u64,
    /// Those that Verilator itself breaks down on.
    pub passed_over: u64,
    /// Cycles of all of them.
    pub cycles: u64,
    /// Failures, in words.
    pub failures: Vec<String>,
    /// What was seen.
    pub coverage: Coverage,
    /// First seeds of what is done.
    done: BTreeSet<u64>,
}

/// A piece of work.
enum Task {
    Netlists(Range<u64>),
    Verilator(Vec<u64>),
}

/// Ranges of at most so many numbers.
fn parts(all: Range<u64>, size: u64) -> impl Iterator<Item = Range<u64>> {
    all.clone().step_by(size as usize).map(move |first| first..(first + size).min(all.end))
}

impl Campaign {
    /// So many netlists from a seed on, of which a hundredth is given to Verilator as well.
    pub fn new(netlists: u64, seed: u64) -> Campaign {
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        Campaign { seed, netlists, verilated: netlists.div_ceil(100), workers, cache: crate::rtl::cache() }
    }

    /// Runs all of it, and says every now and then how far it is.
    pub fn run(&self) -> Summary {
        let started = Instant::now();
        let all = self.seed..self.seed + self.netlists;
        let is_small = |seed: &u64| engines::values(&engines::netlist(*seed)) <= LARGEST;
        let small: Vec<u64> = all.clone().filter(is_small).take(self.verilated as usize).collect();
        // Builds for Verilator come first: they are the longest.
        let verilator = small.chunks(BATCH).map(|seeds| Task::Verilator(seeds.to_vec()));
        let tasks: VecDeque<Task> = verilator.chain(parts(all, TAKEN).map(Task::Netlists)).collect();
        let waiting = Mutex::new(tasks);
        let total = Mutex::new(Summary::default());
        let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let work = || {
            while let Some(task) = next() {
                let (part, first) = self.part(task);
                let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                total.add(part);
                if total.failures.len() >= MOST_FAILURES {
                    break;
                }
                if let Some(first) = first {
                    total.done.insert(first);
                    self.tell(&total, started);
                }
            }
        };
        std::thread::scope(|scope| (0..self.workers.max(1)).for_each(|_| drop(scope.spawn(work))));
        total.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of a task; where it was of netlists, its first seed.
    fn part(&self, task: Task) -> (Summary, Option<u64>) {
        let mut part = Summary::default();
        match task {
            Task::Netlists(seeds) => {
                let first = seeds.start;
                seeds.for_each(|seed| engines::native(seed, &mut part));
                (part, Some(first))
            }
            Task::Verilator(seeds) => {
                engines::verilator(&seeds, &self.cache, &mut part);
                println!("{} netlists agree with Verilator", part.verilated);
                (part, None)
            }
        }
    }

    /// A line after every thousand netlists: how far it is, and where to go on after an interruption.
    fn tell(&self, total: &Summary, started: Instant) {
        if total.passed % 1000 < TAKEN {
            let all = parts(self.seed..self.seed + self.netlists, TAKEN).map(|part| part.start);
            let next = all.filter(|first| !total.done.contains(first)).min();
            println!(
                "{} of {} netlists agree, {} s; all before seed {} are done",
                grouped(total.passed),
                grouped(self.netlists),
                started.elapsed().as_secs(),
                next.unwrap_or(self.seed + self.netlists)
            );
        }
    }
}

impl Summary {
    fn add(&mut self, other: Summary) {
        other.failures.iter().for_each(|failure| println!("FAILED: {failure}"));
        self.passed += other.passed;
        self.verilated += other.verilated;
        self.passed_over += other.passed_over;
        self.cycles += other.cycles;
        self.failures.extend(other.failures);
        self.coverage.add(&other.coverage);
    }

    /// The last line.
    pub fn line(&self) -> String {
        format!(
            "{} netlists agree in all engines, {} of them with Verilator ({} passed over), {} cycles; {} failures",
            grouped(self.passed),
            grouped(self.verilated),
            self.passed_over,
            grouped(self.cycles),
            self.failures.len()
        )
    }
}
