//! An ablation: one search in variants, each with a few values of its own, over several seeds. What a variant changes is
//! said by paths to values, `weights.zero_gamma: false`, so that everything a search's file can say can be taken away
//! from it.

use super::SearchConfig;
use crate::config::{text, RunConfig};
use serde::Deserialize;
use serde_json::Value as Json;
use spec::error::{nearest, Diagnostic, Report};
use spec::yaml::Source;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The word that opens the file.
const FORMAT: &str = "nasa-ablation/1";

/// Values by their paths: keys and numbers of items, with dots between them.
pub type Settings = BTreeMap<String, Json>;

/// An ablation as the user writes it, in YAML.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ablation {
    /// The format of the file.
    format: String,
    /// The search that all variants are made from; relative to the file.
    pub search: PathBuf,
    /// Folder of all runs; relative to the file.
    pub out: PathBuf,
    /// Every variant is searched and trained with each of them.
    pub seeds: Vec<u64>,
    /// What all variants have in common.
    #[serde(default)]
    set: Settings,
    /// What is compared.
    pub variants: Vec<Variant>,
}

/// A search with values of its own.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Names its row in the table, and its folder.
    pub name: String,
    /// In what it differs.
    #[serde(default)]
    set: Settings,
}

impl Ablation {
    /// Reads the text of `file`.
    ///
    /// # Errors
    /// A text that is no such YAML; no variants or seeds, or two of one name.
    pub fn parse(file: &str, text: &str) -> Result<Ablation, Report> {
        let source = Source { stage: "ablate", file, text };
        let ablation: Ablation = text::read(source, "ablation")?;
        let mut report = Report::default();
        let mut require = |holds: bool, path: &str, message: String, help: &str| {
            if !holds {
                let error = Diagnostic::new("ablate", message).help(help);
                report.push(text::placed(source, path, error));
            }
        };
        require(
            ablation.format == FORMAT,
            "format",
            "unknown format".into(),
            "write format: nasa-ablation/1",
        );
        require(!ablation.seeds.is_empty(), "seeds", "no seeds, no runs".into(), "write seeds: [1, 2]");
        let message = "nothing is compared".to_string();
        require(!ablation.variants.is_empty(), "variants", message, "name a variant: - {name: whole}");
        for (i, seed) in ablation.seeds.iter().enumerate() {
            let message = format!("seed {seed} stands here twice");
            require(!ablation.seeds[..i].contains(seed), "seeds", message, "leave it out");
        }
        for (i, Variant { name, set }) in ablation.variants.iter().enumerate() {
            let path = format!("variants.{i}.name");
            let is_folder = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let message = format!("`{name}` cannot be the name of a folder");
            let help = "take letters, digits, `-` and `_`";
            require(!name.is_empty() && name.chars().all(is_folder), &path, message, help);
            let seeds = std::iter::once(&ablation.set).chain([set]).any(|set| set.contains_key("seed"));
            let message = format!("variant `{name}` sets a seed");
            require(!seeds, &path, message, "give seeds in the list `seeds`, for all variants");
            let twice = ablation.variants[..i].iter().any(|before| before.name == *name);
            require(!twice, &path, format!("there is a variant `{name}` above"), "give it a name of its own");
        }
        report.or(ablation)
    }

    /// The search of `variant` with `seed`.
    ///
    /// # Errors
    /// Paths that lead nowhere, values that make no sense there.
    pub fn search(&self, base: &SearchConfig, variant: &Variant, seed: u64) -> Result<SearchConfig, Report> {
        let named = |report: Report| {
            let note = format!("in variant `{}`", variant.name);
            Report(report.0.into_iter().map(|error| error.note(note.clone())).collect())
        };
        // A variant's own values come last, and the seed is the run's.
        let config = base.with(&self.set).and_then(|config| config.with(&variant.set)).map_err(named)?;
        config.with(&Settings::from([("seed".to_string(), seed.into())]))
    }
}

impl SearchConfig {
    /// The same search with other values; its text is made anew.
    ///
    /// # Errors
    /// Paths that lead nowhere, values that make no sense there.
    pub fn with(&self, settings: &Settings) -> Result<SearchConfig, Report> {
        let wrong =
            |path: &str, why: String| Diagnostic::new("search", format!("`{path}` cannot be set: {why}"));
        let mut values = serde_json::to_value(self).map_err(|why| wrong("seed", why.to_string()))?;
        let mut report = Report::default();
        for (path, value) in settings {
            match place(&mut values, path) {
                Ok(place) => *place = value.clone(),
                Err(Lost { at, near }) => {
                    let help = near.map(|near| format!("did you mean `{near}`?"));
                    let help = help.unwrap_or_else(|| "name a value that the search has".into());
                    report.push(wrong(path, format!("there is no `{at}`")).help(help));
                }
            }
        }
        report.or(())?;
        let paths = settings.keys().cloned().collect::<Vec<_>>().join("`, `");
        let config: SearchConfig =
            serde_json::from_value(values).map_err(|why| wrong(&paths, why.to_string()))?;
        config.check()?;
        let source = config.values()?;
        Ok(SearchConfig { source, ..config })
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
