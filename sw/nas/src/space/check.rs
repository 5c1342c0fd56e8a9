//! Everything that can be wrong with a space.

use super::{Space, MOST_BLOCKS, SKIP};
use crate::config::Faults;
use spec::error::nearest;
use spec::op::Op;
use std::collections::BTreeSet;

/// The largest kernel, expansion and stride: what is more is a slip of the pen.
const MOST: usize = 16;
/// The most channels of a layer.
const MOST_CHANNELS: usize = 4096;

impl Space {
    /// Notes what is wrong with it.
    pub fn check(&self, faults: &mut Faults<'_>) {
        self.check_numbers(faults);
        self.check_choices(faults);
        let blocks = self.places([1, 1, 1]).len();
        for (name, list) in &self.forbid {
            let path = format!("space.forbid.{name}");
            check_kind(name, &path, faults);
            let last = list.iter().find(|block| !(1..=blocks).contains(*block));
            let message = format!("there is no block {}", last.copied().unwrap_or(0));
            let help = format!("count blocks from 1 to {blocks}");
            faults.require(last.is_none(), &path, message, help);
        }
        // Without ops there is nothing in any place, and that was said already.
        for place in self.places([1, 1, 1]).iter().filter(|_| !self.ops().is_empty()) {
            let message = format!("there is no path through block {}: nothing may stand there", place.number);
            let help = "allow an op there (space.forbid), or set space.skip: true";
            faults.require(!place.candidates.is_empty(), "space.forbid", message, help);
        }
    }

    fn check_numbers(&self, faults: &mut Faults<'_>) {
        let mut within = |number: usize, most: usize, path: &str| {
            let message = format!("{number} is no possible number here");
            faults.require((1..=most).contains(&number), path, message, format!("set {path} to 1..{most}"));
        };
        within(self.stem.channels, MOST_CHANNELS, "space.stem.channels");
        within(self.stem.stride, MOST, "space.stem.stride");
        within(self.header, MOST_CHANNELS, "space.header");
        for (i, stage) in self.stages.iter().enumerate() {
            let numbers = [
                ("layers", stage.layers, MOST_BLOCKS),
                ("channels", stage.channels, MOST_CHANNELS),
                ("stride", stage.stride, MOST),
            ];
            for (key, number, most) in numbers {
                within(number, most, &format!("space.stages.{i}.{key}"));
            }
        }
        let message = "a space without blocks leaves nothing to search";
        faults.require(!self.stages.is_empty(), "space.stages", message, "give at least one stage");
    }

    fn check_choices(&self, faults: &mut Faults<'_>) {
        for (i, name) in self.ops.iter().enumerate() {
            check_kind(name, &format!("space.ops.{i}"), faults);
        }
        for (key, list) in [("kernels", &self.kernels), ("expansions", &self.expansions)] {
            let path = format!("space.{key}");
            faults.require(!list.is_empty(), &path, format!("there are no {key}"), "give at least one");
            let distinct = list.iter().collect::<BTreeSet<_>>().len() == list.len();
            faults.require(distinct, &path, format!("{key} come twice"), "keep one of each");
            let outside = list.iter().find(|number| !(1..=MOST).contains(*number));
            let message = format!("{} is no possible number here", outside.copied().unwrap_or(0));
            faults.require(outside.is_none(), &path, message, format!("set {path} to 1..{MOST}"));
        }
        let even = self.kernels.iter().find(|kernel| kernel.is_multiple_of(2));
        let message = format!("a kernel of {} has no middle", even.copied().unwrap_or(0));
        faults.require(even.is_none(), "space.kernels", message, "kernels are odd: 3, 5, 7");
        let distinct = self.ops.iter().collect::<BTreeSet<_>>().len() == self.ops.len();
        faults.require(distinct, "space.ops", "an op comes twice", "keep one of each");
        faults.require(!self.ops.is_empty(), "space.ops", "there are no ops", "give at least one");
    }
}

/// Notes a name that is no op.
fn check_kind(name: &str, path: &str, faults: &mut Faults<'_>) {
    let names = || Op::ALL.iter().map(|op| op.name());
    let help = match (name, nearest(name, names())) {
        (SKIP, _) => "set space.skip: true".to_string(),
        (_, Some(near)) => format!("did you mean `{near}`?"),
        _ => format!("ops are {}", names().collect::<Vec<_>>().join(", ")),
    };
    faults.require(Op::from_name(name).is_some(), path, format!("there is no op `{name}`"), help);
}
