//! Reads YAML and collects every surprise.
//!
//! A derived reader stops at its first surprise, and the user wants to see all of them at once. A [`Reader`]
//! turns the nodes of [`spec::yaml`] into values; where it cannot, it notes a diagnostic and answers `None`,
//! and the caller goes on with the rest.

use spec::error::{grouped, nearest, Report};
use spec::yaml::{Node, Place, Source, Value};
use std::ops::RangeInclusive;

/// Reads one text and collects what is wrong with it.
pub struct Reader<'a> {
    source: Source<'a>,
    /// What was wrong so far.
    pub report: Report,
}

/// The entries of one mapping whose keys have been checked.
pub struct Fields<'n> {
    what: String,
    place: Place,
    entries: Vec<(&'n str, &'n Node)>,
}

impl<'n> Fields<'n> {
    /// The value of `key`, where it is written.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(name, _)| *name == key).map(|(_, node)| *node)
    }

    /// The place of the value of `key`; of the mapping where it is not written.
    pub fn place_of(&self, key: &str) -> Place {
        self.get(key).map_or(self.place, |node| node.place)
    }
}

impl<'a> Reader<'a> {
    /// Reads `text`, which `file` holds, on behalf of `stage`.
    pub fn new(stage: &'static str, file: &'a str, text: &'a str) -> Reader<'a> {
        Reader { source: Source { stage, file, text }, report: Report::default() }
    }

    /// The whole document.
    pub fn parse(&mut self) -> Option<Node> {
        self.source.parse().map_err(|Report(faults)| self.report.0.extend(faults)).ok()
    }

    /// Notes a fault at `place`, with `note` beside the caret; help may be added to the answer.
    pub fn fault(&mut self, place: Place, message: impl Into<String>, note: impl Into<String>) {
        self.report.push(self.source.error(place, message, note));
    }

    /// Adds `help` to the fault that was noted last.
    pub fn help(&mut self, help: impl Into<String>) {
        if let Some(last) = self.report.0.last_mut() {
            last.help = Some(help.into());
        }
    }

    /// `node` as a mapping of `keys`; `what` names it in messages. Unknown and repeated keys are faults.
    pub fn fields<'n>(&mut self, node: &'n Node, what: &str, keys: &[&str]) -> Option<Fields<'n>> {
        let Value::Map(entries) = &node.value else {
            return self.wrong_kind(node, what.into(), "a mapping");
        };
        let mut fields = Fields { what: what.into(), place: node.place, entries: Vec::new() };
        for (key, value) in entries {
            let (name, place) = (&key.name, key.place);
            if !keys.contains(&name.as_str()) {
                self.fault(place, format!("{what} has an unknown key `{name}`"), "");
                match nearest(name, keys.iter().copied()) {
                    Some(key) => self.help(format!("did you mean `{key}`?")),
                    None => self.help(format!("known keys: {}", keys.join(", "))),
                }
            } else if fields.get(name).is_some() {
                self.fault(place, format!("{what} has the key `{name}` twice"), "the second");
                self.help("keep one of them");
            } else {
                fields.entries.push((name, value));
            }
        }
        Some(fields)
    }

    /// The value of a key that must be written.
    pub fn required<'n>(&mut self, fields: &Fields<'n>, key: &str) -> Option<&'n Node> {
        let found = fields.get(key);
        if found.is_none() {
            let what = &fields.what;
            self.fault(fields.place, format!("{what} has no `{key}`"), format!("needs `{key}`"));
            self.help(format!("add the key `{key}`"));
        }
        found
    }

    /// `node` as a list.
    pub fn list<'n>(&mut self, node: &'n Node, key: &str) -> Option<&'n [Node]> {
        match &node.value {
            Value::List(items) => Some(items),
            _ => self.wrong_kind(node, quoted(key), "a list"),
        }
    }

    /// `node` as text; a bare whole number is taken as its digits.
    pub fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) => Some(text.clone()),
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(_) | Value::Float(_) => {
                self.wrong_kind::<()>(node, quoted(key), "text");
                self.help("put it in quotes");
                None
            }
            _ => self.wrong_kind(node, quoted(key), "text"),
        }
    }

    /// `node` as a whole number in `range`.
    pub fn int(&mut self, node: &Node, key: &str, range: RangeInclusive<i64>) -> Option<i64> {
        match node.value {
            Value::Int(number) if range.contains(&number) => Some(number),
            Value::Int(number) => {
                let (low, high) = (grouped(range.start()), grouped(range.end()));
                let message = format!("`{key}` must be between {low} and {high}");
                self.fault(node.place, message, format!("this is {}", grouped(number)));
                let nearest = number.clamp(*range.start(), *range.end());
                self.help(format!("the nearest that is legal is {nearest}"));
                None
            }
            _ => self.wrong_kind(node, quoted(key), "a whole number"),
        }
    }

    /// `node` as a number.
    pub fn number(&mut self, node: &Node, key: &str) -> Option<f64> {
        match node.value {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) if number.is_finite() => Some(number),
            _ => self.wrong_kind(node, quoted(key), "a number"),
        }
    }

    /// `node` as a list of whole numbers in `range`, as many as one of `lengths`.
    pub fn ints(
        &mut self,
        node: &Node,
        key: &str,
        range: RangeInclusive<i64>,
        lengths: &[usize],
    ) -> Option<Vec<i64>> {
        let items = self.list(node, key)?;
        if !lengths.contains(&items.len()) {
            let expected: Vec<String> = lengths.iter().map(usize::to_string).collect();
            let message = format!("`{key}` must be a list of {} numbers", expected.join(" or "));
            self.fault(node.place, message, format!("this has {}", items.len()));
            self.help(format!("write {} numbers in brackets, with commas", expected.join(" or ")));
            return None;
        }
        let numbers: Vec<_> = items.iter().map(|item| self.int(item, key, range.clone())).collect();
        numbers.into_iter().collect()
    }

    fn wrong_kind<T>(&mut self, node: &Node, what: String, expected: &str) -> Option<T> {
        let message = format!("{what} must be {expected}");
        self.fault(node.place, message, format!("this is {}", node.value.describe()));
        self.help(match expected {
            "a mapping" => "write keys and values, `key: value`",
            "a list" => "write its items in brackets, with commas",
            "text" => "write a name",
            _ => "write a number without quotes and unit",
        });
        None
    }
}

fn quoted(key: &str) -> String {
    format!("`{key}`")
}
