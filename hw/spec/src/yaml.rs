//! YAML as a tree that remembers where each value stands.
//!
//! Checked by hand rather than derived: a derived reader stops at its first surprise, and the user wants to
//! see all of them at once. [`parse`] gives the tree; [`Source`] points at a place in it when something is
//! wrong.

use crate::error::{Diagnostic, Report};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};
use std::fmt;

/// Line and column, both from 1, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From 1.
    pub line: usize,
    /// From 1.
    pub column: usize,
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What stands there.
    pub value: Value,
    /// Where.
    pub place: Place,
}

/// What a node holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `~`, `null`, or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Anything else that is one word or quoted.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file; a key may come twice.
    Map(Vec<(Key, Node)>),
}

/// A key of a mapping and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// As written.
    pub name: String,
    /// Where.
    pub place: Place,
}

/// A file as the user knows it: what errors quote.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Who reads it: `config`, `network`, `mapping`.
    pub stage: &'static str,
    /// The name that the user gave it.
    pub file: &'a str,
    /// What it holds.
    pub text: &'a str,
}

impl Source<'_> {
    /// An error at `place`, with `note` beside the caret.
    pub fn error(&self, place: Place, message: impl Into<String>, note: impl Into<String>) -> Diagnostic {
        Diagnostic::new(self.stage, message).at(self.file, self.text, place.line, place.column, note)
    }

    /// The tree of the file.
    ///
    /// # Errors
    /// Where the text is no YAML; the reader stops at the first such place.
    pub fn parse(&self) -> Result<Node, Report> {
        let options = serde_saphyr::options! {
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
            non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        };
        serde_saphyr::from_str_with_options(self.text, options).map_err(|error| {
            let place = error.location().map_or(Place { line: 1, column: 1 }, Place::from);
            let why = error.without_snippet().to_string();
            let error = self.error(place, "this is not YAML", why.lines().next().unwrap_or(""));
            error.help("check brackets, quotes and indentation up to this place").into()
        })
    }
}

impl Value {
    /// What it is, for messages: `a list`, `the text "x"`.
    pub fn describe(&self) -> String {
        match self {
            Value::Null => "nothing".into(),
            Value::Bool(value) => format!("{value}"),
            Value::Int(value) => format!("{value}"),
            Value::Float(value) => format!("{value}"),
            Value::Text(text) => format!("the text `{text}`"),
            Value::List(_) => "a list".into(),
            Value::Map(_) => "a section".into(),
        }
    }
}

impl From<Location> for Place {
    fn from(location: Location) -> Place {
        Place { line: location.line().max(1) as usize, column: location.column().max(1) as usize }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Node { place: spanned.referenced.into(), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).map_or(Value::Float(value as f64), Value::Int))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Value, E> {
        Ok(Value::Float(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let key = Key { place: key.referenced.into(), name: key.value };
            map.push((key, entries.next_value()?));
        }
        Ok(Value::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source<'_> {
        Source { stage: "config", file: "a.yaml", text }
    }

    #[test]
    fn values_keep_their_places_and_duplicates() {
        let node = source("a: 1\nb: [x, 2.5, ~]\na: true\n").parse().expect("YAML");
        let Value::Map(entries) = node.value else { panic!("{node:?}") };
        let spots = entries.iter().map(|(key, node)| (key.name.as_str(), key.place, node.place));
        let places: Vec<_> = spots.collect();
        let place = |line, column| Place { line, column };
        assert_eq!(places[0], ("a", place(1, 1), place(1, 4)));
        assert_eq!(places[2], ("a", place(3, 1), place(3, 4)));
        let Value::List(items) = &entries[1].1.value else { panic!("{entries:?}") };
        let values: Vec<&Value> = items.iter().map(|item| &item.value).collect();
        assert_eq!(values, [&Value::Text("x".into()), &Value::Float(2.5), &Value::Null]);
    }

    #[test]
    fn text_that_is_no_yaml_is_an_error_with_a_place() {
        let error = source("a: [1, 2\nb: }\n").parse().expect_err("not YAML").to_string();
        assert!(error.starts_with("error[config]: this is not YAML\n  --> a.yaml:"), "{error}");
    }
}
