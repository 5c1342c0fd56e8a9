//! Configurations as text: reading one, saying where in it a value stands, and writing values as YAML again.

use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value as Json;
use spec::error::{Diagnostic, Report};
use spec::yaml::{Place, Source, Value};

/// Reads a configuration; `what` it should be is said where it is none.
///
/// # Errors
/// The first thing that is no YAML of this form.
pub fn read<T: DeserializeOwned>(source: Source<'_>, what: &str) -> Result<T, Report> {
    serde_saphyr::from_str(source.text).map_err(|error| {
        let place = error.location().map_or(Place { line: 1, column: 1 }, Place::from);
        let why = error.without_snippet().to_string();
        let message = format!("this is no {what}");
        source.error(place, message, why.split(" at line ").next().unwrap_or("")).into()
    })
}

/// `error`, placed at the value that `path` leads to: keys and numbers of items, with dots between them. Where the
/// text does not go so far, what it has of the path is pointed at, or else the file.
pub fn placed(source: Source<'_>, path: &str, error: Diagnostic) -> Diagnostic {
    let (mut node, mut place) = (source.parse().ok(), None);
    for step in path.split('.') {
        node = match node.map(|node| node.value) {
            Some(Value::Map(entries)) => {
                entries.into_iter().find(|(key, _)| key.name == step).map(|(_, node)| node)
            }
            Some(Value::List(items)) => step.parse().ok().and_then(|i| items.into_iter().nth(i)),
            _ => None,
        };
        place = node.as_ref().map(|node| node.place).or(place);
    }
    match place {
        Some(Place { line, column }) => error.at(source.file, source.text, line, column, ""),
        None => error.in_file(source.file),
    }
}

/// The values of a configuration as YAML, in the order of its type: a line a key, and a line an item of a list of
/// sections.
///
/// # Errors
/// A number that no text can show.
pub fn document<T: Serialize>(stage: &'static str, config: &T) -> Result<String, Report> {
    let unwritable = |error| Diagnostic::new(stage, format!("the values cannot be written: {error}"));
    let written = serde_json::to_string(config).map_err(unwritable)?; // Keys in order, unlike those of a value.
    let source = Source { stage, file: "the values", text: &written };
    let Value::Map(entries) = source.parse()?.value else { return Ok(written) };
    let values: Json = serde_json::from_str(&written).map_err(unwritable)?;
    let mut text = String::new();
    for (key, _) in &entries {
        match &values[&key.name] {
            Json::Array(items) if items.first().is_some_and(Json::is_object) => {
                let items: String = items.iter().map(|item| format!("  - {}\n", flow(item))).collect();
                text += &format!("{}:\n{items}", key.name);
            }
            value => text += &format!("{}: {}\n", key.name, flow(value)),
        }
    }
    Ok(text)
}

/// `value` as YAML on one line; names come first, and what is null is left out.
pub fn flow(value: &Json) -> String {
    match value {
        Json::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().filter(|(_, value)| !value.is_null()).collect();
            entries.sort_by_key(|(key, _)| (*key != "name", *key != "op"));
            let entries: Vec<String> =
                entries.iter().map(|(key, value)| format!("{key}: {}", flow(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Json::String(text) if is_plain(text) => text.clone(),
        other => other.to_string(), // JSON is YAML.
    }
}

/// Whether YAML takes `text` for itself without quotes.
fn is_plain(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(is_word)
        && !words.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_reads_well() {
        let value = serde_json::json!({
            "kernel": 3, "name": "b01", "op": "conv", "none": null, "classes": ["t-shirt", "no", "a: b"],
        });
        let text = flow(&value);
        assert_eq!(text, r#"{name: b01, op: conv, classes: [t-shirt, "no", "a: b"], kernel: 3}"#);
        let node = Source { stage: "train", file: "a.yaml", text: &text }.parse().expect("YAML");
        assert!(matches!(node.value, Value::Map(entries) if entries.len() == 4));
    }

    #[test]
    fn a_path_is_followed_as_far_as_it_goes() {
        let source = Source { stage: "search", file: "a.yaml", text: "a:\n  - {b: 1}\n  - {b: 2}\n" };
        let place = |path: &str| placed(source, path, Diagnostic::new("search", "x")).to_string();
        assert!(place("a.1.b").contains("a.yaml:3:9"), "{}", place("a.1.b"));
        assert!(place("a.1.c").contains("a.yaml:3:5"), "{}", place("a.1.c"));
        assert!(place("z").ends_with("--> a.yaml\n"), "{}", place("z"));
    }
}
