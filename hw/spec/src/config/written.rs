//! A description as written: each value at its key, within the key's range, with its place. What the values
//! mean together is [`check`](super::check)'s business.

use super::keys::{self, Absent, Key, Range};
use crate::error::{nearest, Diagnostic, Report};
use crate::op::Op;
use crate::yaml::{Node, Place, Source, Value};
use std::collections::BTreeMap;

/// The file's values by path, and all that is wrong so far.
pub(super) struct Written<'a> {
    pub(super) source: Source<'a>,
    pub(super) report: Report,
    found: BTreeMap<String, Found>,
}

/// What stands at a key; no value where it is out of range, which has been reported.
struct Found {
    place: Place,
    value: Option<Value>,
}

/// A section: its path in the table and in the file.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pattern: &'static str,
    path: String,
    op: Option<Op>,
}

impl Section {
    /// The file itself.
    pub(super) const ROOT: Section = Section { pattern: "", path: String::new(), op: None };

    /// A section without wildcards.
    pub(super) fn named(pattern: &'static str) -> Section {
        Section { pattern, path: pattern.into(), op: None }
    }

    /// The section of the chunk for `op`.
    pub(super) fn chunk(op: Op) -> Section {
        Section { pattern: "chunks.<chunk>", path: format!("chunks.{}", op.chunk()), op: Some(op) }
    }

    fn child(&self, key: &'static Key, name: &str) -> Section {
        let op = Op::ALL.iter().copied().find(|op| key.name() == "<chunk>" && op.chunk() == name);
        Section { pattern: key.path, path: self.path_of(name), op }
    }

    /// The path of a key of this section.
    pub(super) fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.into()
        } else {
            format!("{}.{name}", self.path)
        }
    }
}

impl<'a> Written<'a> {
    /// Reads the tree and reports each key that is unknown, doubled, missing or out of its range.
    pub(super) fn read(source: Source<'a>, root: &Node) -> Written<'a> {
        let mut written = Written { source, report: Report::default(), found: BTreeMap::new() };
        written.section(&Section::ROOT, root.place, root);
        written
    }

    /// Reads the section that is named at `place` and written at `node`.
    fn section(&mut self, section: &Section, place: Place, node: &Node) {
        let Value::Map(entries) = &node.value else {
            let (name, place) = match section.path.as_str() {
                "" => ("the file".into(), Place { line: 1, column: 1 }),
                path => (format!("`{path}`"), node.place),
            };
            let message = format!("{name} is not a section");
            let note = format!("expected keys, found {}", node.value.describe());
            let names: Vec<&str> = keys::of_section(section.pattern).flat_map(Key::spellings).collect();
            let error = self.source.error(place, message, note);
            return self.report.push(error.help(format!("its keys are {}", names.join(", "))));
        };
        for (name, node) in entries {
            match keys::find(section.pattern, &name.name) {
                None => self.unknown(section, &name.name, name.place),
                Some(_) if self.has(section, &name.name) => self.doubled(section, &name.name, name.place),
                Some(key) => self.entry(section, key, &name.name, name.place, node),
            }
        }
        let missing = |key: &&Key| key.absent == Absent::Required && !self.has(section, key.name());
        let missing: Vec<&Key> = keys::of_section(section.pattern).filter(missing).collect();
        for key in missing {
            self.missing(section, key, place);
        }
    }

    fn entry(&mut self, section: &Section, key: &'static Key, name: &str, place: Place, node: &Node) {
        if key.range == Range::Section {
            self.section(&section.child(key, name), place, node);
        } else if !fits(key, section.op, &node.value) {
            self.out_of_range(section, key, name, node);
        }
        let value = fits(key, section.op, &node.value).then(|| node.value.clone());
        let place = if key.range == Range::Section { place } else { node.place };
        self.found.insert(section.path_of(name), Found { place, value });
    }

    fn unknown(&mut self, section: &Section, name: &str, place: Place) {
        let names: Vec<&str> = keys::of_section(section.pattern).flat_map(Key::spellings).collect();
        let path = section.path_of(name);
        let error = self.source.error(place, format!("unknown key `{path}`"), "no such key here");
        self.report.push(error.help(match nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the keys here are {}", names.join(", ")),
        }));
    }

    fn doubled(&mut self, section: &Section, name: &str, place: Place) {
        let path = section.path_of(name);
        let first = self.place(&path);
        let note = format!("stands in line {} already", first.line);
        let error = self.source.error(place, format!("`{path}` is given twice"), note);
        self.report.push(error.help("remove one of the two"));
    }

    fn missing(&mut self, section: &Section, key: &Key, place: Place) {
        let message = format!("`{}` is missing", section.path_of(key.name()));
        let error = self.source.error(place, message, key.meaning);
        let range = key.range_text(section.op);
        self.report.push(error.help(format!("add `{}:` with {range}", key.name())));
    }

    fn out_of_range(&mut self, section: &Section, key: &Key, name: &str, node: &Node) {
        let message = format!("`{}` cannot be {}", section.path_of(name), node.value.describe());
        let error = self.source.error(node.place, message, key.meaning);
        self.report.push(error.help(format!("set `{name}:` to {}", key.range_text(section.op))));
    }

    /// Whether the key is written, with whatever value.
    pub(super) fn has(&self, section: &Section, name: &str) -> bool {
        self.found.contains_key(&section.path_of(name))
    }

    /// Whether the key is written with keys below it.
    pub(super) fn has_section(&self, section: &Section, name: &str) -> bool {
        self.found.get(&section.path_of(name)).is_some_and(|found| found.value.is_some())
    }

    /// Where the value at `path` stands; the first line where it is left out.
    fn place(&self, path: &str) -> Place {
        self.found.get(path).map_or(Place { line: 1, column: 1 }, |found| found.place)
    }

    /// The text at a key.
    pub(super) fn text(&self, section: &Section, name: &str) -> Option<String> {
        match &self.found.get(&section.path_of(name))?.value {
            Some(Value::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    /// The number at a key, or the key's default; `None` where it has neither, or a value out of range.
    pub(super) fn number(&self, section: &Section, name: &str) -> Option<f64> {
        if let Some(found) = self.found.get(&section.path_of(name)) {
            return found.value.as_ref().and_then(number);
        }
        let key = keys::find(section.pattern, name)?;
        match key.absent {
            Absent::Is(value) => Some(value),
            Absent::WeightBits => section.op.map(|op| f64::from(op.default_weight_bits())),
            Absent::OpEnergy => Op::from_name(name).map(keys::op_energy),
            Absent::Required | Absent::Derived(_) => None,
        }
    }

    /// As [`Written::number`], for keys of whole numbers.
    pub(super) fn whole(&self, section: &Section, name: &str) -> Option<u32> {
        self.number(section, name).map(|value| value as u32)
    }

    /// Reports that a value, good in itself, does not go with the others.
    pub(super) fn conflict(
        &mut self,
        section: &Section,
        name: &str,
        message: impl Into<String>,
        note: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = self.place(&section.path_of(name));
        let error: Diagnostic = self.source.error(place, message, note);
        self.report.push(error.help(help));
    }
}

/// The value as a number.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(value) => Some(*value as f64),
        Value::Float(value) => Some(*value),
        _ => None,
    }
}

/// Whether `value` is within the range of `key`.
fn fits(key: &Key, op: Option<Op>, value: &Value) -> bool {
    let within = |lo: u32, hi: u32| matches!(value, Value::Int(n) if (i64::from(lo)..=hi.into()).contains(n));
    match key.range {
        Range::Section => matches!(value, Value::Map(_)),
        Range::Format => matches!(value, Value::Text(text) if text == keys::FORMAT),
        Range::Name => matches!(value, Value::Text(text) if is_name(text)),
        Range::Whole(lo, hi) => within(lo, hi),
        Range::OneOf(choices) => choices.iter().any(|choice| within(*choice, *choice)),
        Range::Real(lo, hi) => number(value).is_some_and(|value| (lo..=hi).contains(&value)),
        Range::WeightBits => op.is_some_and(|op| within(op.weight_bits().0, op.weight_bits().1)),
    }
}

/// Whether `text` can name a folder on every system.
fn is_name(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(legal)
}
