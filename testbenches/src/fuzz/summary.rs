//! What came of a campaign, for people to read and for tests to judge.

use super::bench::Ran;
use super::case::Case;
use super::coverage::Coverage;
use super::shares::Shares;
use cosim::memory::Timing;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::grouped;
use std::collections::BTreeMap;
use std::fmt;

/// The sums of a campaign.
#[derive(Default)]
pub struct Summary {
    /// Configurations, all kinds together.
    pub configurations: usize,
    /// The random ones among them.
    pub random_configurations: usize,
    /// Networks that ran, equal in every element and, where latency is fixed, in every cycle.
    pub passed: usize,
    /// Those before a memory of random latency.
    pub random_memory: usize,
    /// Refusals of the compiler: the kind of each reason, how often, and the first case.
    pub refusals: BTreeMap<String, (usize, String)>,
    /// Failures, in words.
    pub failures: Vec<String>,
    /// What was seen.
    pub coverage: Coverage,
    /// What drawn mappings were like.
    pub shares: Shares,
    /// Images of all runs.
    pub images: u64,
    /// Elements compared.
    pub elements: u64,
    /// Cycles of all runs.
    pub cycles: u64,
    /// Launches whose begin and end were compared with the prediction.
    pub launches: u64,
    /// Seeds of the networks: the first and the last.
    pub seeds: Option<(u64, u64)>,
}

impl Summary {
    /// Counts a case that passed.
    pub fn passed(&mut self, case: &Case, graph: &Graph, accelerator: &Accelerator, ran: &Ran) {
        self.passed += 1;
        self.random_memory += usize::from(matches!(case.timing, Timing::Random { .. }));
        if case.drawn {
            for plan in &ran.compiled.layers {
                self.shares.count(&accelerator.chunks[plan.chunk], &plan.mapping);
            }
        } else {
            self.coverage.count(case, graph, ran);
        }
        self.images += u64::from(case.images);
        self.elements += ran.elements;
        self.cycles += ran.outcome.cycles;
        self.launches += ran.launches;
        self.saw(case.seed);
    }

    /// Counts a case that the compiler refused.
    pub fn refused(&mut self, case: &Case, reason: String) {
        let entry = self.refusals.entry(kind_of(&reason)).or_insert_with(|| (0, format!("{case}: {reason}")));
        entry.0 += 1;
        self.saw(case.seed);
    }

    fn saw(&mut self, seed: u64) {
        let (first, last) = self.seeds.unwrap_or((seed, seed));
        self.seeds = Some((first.min(seed), last.max(seed)));
    }

    /// Adds the sums of other configurations.
    pub fn add(&mut self, other: Summary) {
        self.configurations += other.configurations;
        self.random_configurations += other.random_configurations;
        self.passed += other.passed;
        self.random_memory += other.random_memory;
        for (reason, (count, example)) in other.refusals {
            self.refusals.entry(reason).or_insert((0, example)).0 += count;
        }
        self.failures.extend(other.failures);
        self.coverage.add(&other.coverage);
        self.shares.add(&other.shares);
        self.images += other.images;
        self.elements += other.elements;
        self.cycles += other.cycles;
        self.launches += other.launches;
        other.seeds.into_iter().for_each(|(first, last)| {
            self.saw(first);
            self.saw(last);
        });
    }

    /// Networks that were refused.
    pub fn refused_count(&self) -> usize {
        self.refusals.values().map(|(count, _)| count).sum()
    }

    /// One line, for one configuration.
    pub fn line(&self) -> String {
        let (first, last) = self.seeds.unwrap_or_default();
        format!(
            "{} networks of seeds {first}..={last} agree, {} cycles, {} refused, {} failures",
            self.passed,
            grouped(self.cycles),
            self.refused_count(),
            self.failures.len()
        )
    }
}

/// The message of an error, or the first of its notes where it only announces them, without numbers and names, so that
/// equal reasons fall together.
fn kind_of(reason: &str) -> String {
    let mut lines = reason.lines();
    let first = lines.next().unwrap_or_default();
    let said = if first.ends_with("is not legal") { lines.next().unwrap_or(first) } else { first };
    let mut named = false;
    let kept = said.chars().filter(|c| {
        named ^= *c == '`';
        !named && *c != '`' && !c.is_ascii_digit()
    });
    kept.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.shares.mappings() {
            0 => writeln!(f, "{}\n", self.coverage)?,
            _ => writeln!(f, "{}\n", self.shares)?,
        }
        let refused = self.refused_count();
        let share = 100 * refused / (refused + self.passed).max(1);
        writeln!(f, "{refused} of {} ({share} %) refused by the compiler:", refused + self.passed)?;
        for (reason, (count, example)) in &self.refusals {
            let example = example.lines().collect::<Vec<_>>().join("\n         ");
            writeln!(f, "  {count:>4}  {reason}\n        for example {example}")?;
        }
        self.failures.iter().try_for_each(|failure| writeln!(f, "\nFAILED: {failure}"))?;
        writeln!(
            f,
            "\n{} networks ({} before random memory) on {} configurations ({} random) agree: {} images, {} \
             elements, {} cycles, {} launches in the predicted cycles; {} failures",
            self.passed,
            self.random_memory,
            self.configurations,
            self.random_configurations,
            grouped(self.images),
            grouped(self.elements),
            grouped(self.cycles),
            grouped(self.launches),
            self.failures.len()
        )
    }
}
