//! Progressive pretraining: which weights train, which only take part, and when the choice itself is learnt.
//!
//! Weights of one op spoil those of another while both are young, and a search that begins with them ends in skips.
//! So a run goes through stages, in each of which some kinds of candidates (ops, or `skip`) train and others stay
//! frozen: they are sampled, their norms learn, their weights do not.

use crate::config::Faults;
use crate::space::{Candidate, Space, SKIP};
use serde::{Deserialize, Serialize};
use spec::error::nearest;
use spec::op::Op;

/// Epochs with one rule.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// For messages and metrics.
    pub name: String,
    /// How many epochs it takes.
    pub epochs: usize,
    /// Kinds of candidates that are sampled and learn.
    pub train: Vec<String>,
    /// Kinds that are sampled while their weights stay; their norms learn.
    #[serde(default)]
    pub frozen: Vec<String>,
    /// For so many epochs only the largest expansion is sampled.
    #[serde(default)]
    pub widest: usize,
    /// Whether the choice among candidates is learnt.
    #[serde(default)]
    pub alphas: bool,
}

impl Stage {
    /// Whether the weights of `candidate` learn.
    pub fn trains(&self, candidate: Candidate) -> bool {
        self.train.iter().any(|kind| kind == candidate.kind())
    }

    /// Whether `candidate` is sampled in `epoch` of the stage, from 0; `widest` is the largest expansion.
    pub fn samples(&self, candidate: Candidate, epoch: usize, widest: usize) -> bool {
        let takes_part = self.trains(candidate) || self.frozen.iter().any(|kind| kind == candidate.kind());
        let is_narrow = matches!(candidate, Candidate::Block { expansion, .. } if expansion < widest);
        takes_part && !(is_narrow && epoch < self.widest)
    }
}

/// The stages of a space: those that would train none of its ops are left out, so that one list serves every set of
/// ops.
pub fn stages<'a>(stages: &'a [Stage], space: &Space) -> Vec<&'a Stage> {
    let trains_any = |stage: &&Stage| stage.train.iter().any(|kind| space.ops.contains(kind));
    stages.iter().filter(trains_any).collect()
}

/// The stage of `epoch`, and which of its epochs that is; the last one goes on for ever.
pub fn at<'a>(stages: &[&'a Stage], epoch: usize) -> Option<(&'a Stage, usize)> {
    let mut left = epoch;
    for stage in stages {
        if left < stage.epochs {
            return Some((stage, left));
        }
        left -= stage.epochs;
    }
    stages.last().map(|stage| (*stage, stage.epochs + left))
}

/// Notes what is wrong with the stages of a search in `space`.
pub fn check(written: &[Stage], space: &Space, faults: &mut Faults<'_>) {
    for (i, stage) in written.iter().enumerate() {
        check_stage(stage, &format!("curriculum.{i}"), space, faults);
    }
    let learns = stages(written, space).iter().any(|stage| stage.alphas && stage.epochs > 0);
    let message = "no stage learns the choice, so the result would be the first candidate everywhere";
    faults.require(learns, "curriculum", message, "set alphas: true in the last stage");
}

fn check_stage(stage: &Stage, path: &str, space: &Space, faults: &mut Faults<'_>) {
    let name = &stage.name;
    let kinds = || Op::ALL.iter().map(|op| op.name()).chain([SKIP]);
    for (key, list) in [("train", &stage.train), ("frozen", &stage.frozen)] {
        for kind in list.iter().filter(|kind| !kinds().any(|known| known == kind.as_str())) {
            let near = nearest(kind, kinds()).map(|near| format!("did you mean `{near}`?"));
            let help = near.unwrap_or_else(|| format!("name {}", kinds().collect::<Vec<_>>().join(", ")));
            let message = format!("stage `{name}` has no candidates of kind `{kind}`");
            faults.require(false, &format!("{path}.{key}"), message, help);
        }
    }
    let twice = stage.train.iter().find(|kind| stage.frozen.contains(kind));
    let message = format!("`{}` cannot learn and be frozen in stage `{name}`", twice.map_or("", |kind| kind));
    faults.require(twice.is_none(), &format!("{path}.frozen"), message, "leave it in one of the two");
    let fits = stage.widest <= stage.epochs;
    let message = format!("stage `{name}` ends before its narrow candidates begin");
    faults.require(fits, &format!("{path}.widest"), message, "set widest to at most epochs");
    if !stages(std::slice::from_ref(stage), space).is_empty() {
        let places = space.places([1, 1, 1]);
        let sampled = |c: &Candidate| stage.samples(*c, 0, space.widest());
        let empty = places.iter().find(|place| !place.candidates.iter().any(sampled));
        let message =
            format!("stage `{name}` samples nothing for block {}", empty.map_or(0, |place| place.number));
        let help = "let another op or `skip` take part, trained or frozen";
        faults.require(empty.is_none(), path, message, help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_find_their_stage() {
        let stage = |name: &str, epochs| Stage {
            name: name.into(),
            epochs,
            train: vec!["conv".into()],
            frozen: Vec::new(),
            widest: 1,
            alphas: false,
        };
        let (first, second) = (stage("first", 2), stage("second", 3));
        let found = |epoch| at(&[&first, &second], epoch).map(|(stage, at)| (stage.name.as_str(), at));
        assert_eq!(
            [found(0), found(1), found(2)],
            [Some(("first", 0)), Some(("first", 1)), Some(("second", 0))]
        );
        assert_eq!(found(9), Some(("second", 7)));
        let block = |expansion| Candidate::Block { op: Op::Conv, kernel: 3, expansion };
        assert!(
            first.samples(block(6), 0, 6) && !first.samples(block(3), 0, 6) && first.samples(block(3), 1, 6)
        );
        assert!(!first.samples(Candidate::Skip, 0, 6));
    }
}
