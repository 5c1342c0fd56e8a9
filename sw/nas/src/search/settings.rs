//! A search with some of its values replaced, each said by a path. The text of the result is made anew, as its folder keeps it.

use super::SearchConfig;
use crate::config::RunConfig;
use serde_json::Value as Json;
use spec::error::{nearest, Diagnostic, Report};
use std::collections::BTreeMap;

/// Values by their paths: keys and numbers of items, with dots between them.
pub type Settings = BTreeMap<String, Json>;

impl SearchConfig {
    /// The same search with other values.
    ///
    /// # Errors
    /// Paths that lead nowhere, values that make no sense there.
    pub fn with(&self, settings: &Settings) -> Result<SearchConfig, Report> {
        let mut config = self.clone();
        let mut report = Report::default();
        for (path, value) in settings {
            match config.replaced(path, value) {
                Ok(replaced) => config = replaced,
                Err(error) => report.push(error.in_file(&self.file)),
            }
        }
        report.or(())?;
        // What is wrong now stands in no text.
        let config = SearchConfig { source: String::new(), file: self.file.clone(), ..config };
        config.check()?;
        let source = config.values()?;
        Ok(SearchConfig { source, ..config })
    }

    /// With `value` where `path` leads to; of its text and file nothing is kept.
    fn replaced(&self, path: &str, value: &Json) -> Result<SearchConfig, Box<Diagnostic>> {
        let wrong = |why: String| Diagnostic::new("search", format!("`{path}` cannot be set: {why}"));
        let no_value = |why: serde_json::Error| {
            Box::new(wrong(why.to_string()).help("give what a search's file could have there"))
        };
        let mut values = serde_json::to_value(self).map_err(no_value)?;
        match place(&mut values, path) {
            Ok(place) => *place = value.clone(),
            Err(Lost { at, near }) => {
                let help = near.map(|near| format!("did you mean `{near}`?"));
                let help = help.unwrap_or_else(|| "name a value that the search has".into());
                return Err(Box::new(wrong(format!("there is no `{at}`")).help(help)));
            }
        }
        serde_json::from_value(values).map_err(no_value)
    }
}

/// A step of a path that leads nowhere, and the key that is most like it.
struct Lost {
    at: String,
    near: Option<String>,
}

/// The value that `path` leads to.
fn place<'a>(values: &'a mut Json, path: &str) -> Result<&'a mut Json, Lost> {
    path.split('.').try_fold(values, |value, step| {
        let keys: Vec<String> = value.as_object().into_iter().flat_map(|map| map.keys().cloned()).collect();
        let found = match value {
            Json::Object(map) => map.get_mut(step),
            Json::Array(items) => step.parse().ok().and_then(|i: usize| items.get_mut(i)),
            _ => None,
        };
        let near = || nearest(step, keys.iter().map(String::as_str)).map(str::to_string);
        found.ok_or_else(|| Lost { at: step.to_string(), near: near() })
    })
}
