//! The best mappings so far, and the least bound of all that was not looked at: together they are the proof.

use super::Options;
use crate::space::cost::Cost;
use crate::space::mapping::Mapping;

/// A mapping and its cost.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// How.
    pub mapping: Mapping,
    /// Its cost.
    pub cost: Cost,
    /// What the search has least of.
    pub score: f64,
}

/// The best so far, and what is known of the rest.
#[derive(Clone, Debug)]
pub struct Best {
    /// The best first.
    pub(super) found: Vec<Found>,
    keep: usize,
    tolerance: f64,
    /// The least bound of all that was not looked at.
    pub(super) left: f64,
    /// Mappings that were scored.
    pub evaluations: u64,
    /// Branches that were visited.
    pub visited: u64,
}

impl Best {
    /// Nothing yet.
    pub(super) fn new(options: &Options) -> Best {
        Best {
            found: Vec::new(),
            keep: options.keep.max(1),
            tolerance: options.tolerance,
            left: f64::INFINITY,
            evaluations: 0,
            visited: 0,
        }
    }

    /// The same mappings to beat, for a part of the search whose bound and counts are its own.
    pub(super) fn anew(&self) -> Best {
        Best { left: f64::INFINITY, evaluations: 0, visited: 0, ..self.clone() }
    }

    /// What a mapping must score less than.
    pub(super) fn limit(&self) -> f64 {
        if self.found.len() < self.keep {
            return f64::INFINITY;
        }
        self.found.last().map_or(f64::INFINITY, |last| last.score * (1.0 - self.tolerance))
    }

    /// Whether nothing with this `bound` is looked for; what is not goes into the proof.
    pub(super) fn bounds_away(&mut self, bound: f64) -> bool {
        let away = bound >= self.limit();
        if away {
            self.leave(bound);
        }
        away
    }

    /// Notes that something with this `bound` is left alone.
    pub(super) fn leave(&mut self, bound: f64) {
        self.left = self.left.min(bound);
    }

    /// Keeps `found` where it is among the best, and new.
    pub(super) fn offer(&mut self, found: Found) {
        let worse =
            self.found.len() == self.keep && self.found.last().is_some_and(|last| found.score >= last.score);
        if worse || self.found.iter().any(|other| other.mapping == found.mapping) {
            return;
        }
        let at = self.found.partition_point(|other| other.score <= found.score);
        self.found.insert(at, found);
        self.found.truncate(self.keep);
    }

    /// Takes over what another search has found, and left.
    pub(super) fn merge(&mut self, other: Best) {
        other.found.into_iter().for_each(|found| self.offer(found));
        self.leave(other.left);
        self.evaluations += other.evaluations;
        self.visited += other.visited;
    }
}
