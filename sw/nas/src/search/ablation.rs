//! An ablation: one search in variants, each with a few values of its own, over several seeds. What a variant changes is
//! said by paths to values, `weights.zero_gamma: false`, so that everything a search's file can say can be taken away
//! from it.

use super::settings::Settings;
use super::SearchConfig;
use crate::config::text;
use serde::Deserialize;
use spec::error::{Diagnostic, Report};
use spec::yaml::Source;
use std::path::PathBuf;

/// The word that opens the file.
const FORMAT: &str = "nasa-ablation/1";

/// The value that every run has its own of.
const SEED: &str = "seed";

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
        let seeds = "give seeds in the list `seeds`, for all variants";
        let message = "a seed for all runs".to_string();
        require(!ablation.set.contains_key(SEED), "set", message, seeds);
        for (i, Variant { name, set }) in ablation.variants.iter().enumerate() {
            let path = format!("variants.{i}.name");
            let is_folder = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            let message = format!("`{name}` cannot be the name of a folder");
            let help = "take letters, digits, `-` and `_`";
            require(!name.is_empty() && name.chars().all(is_folder), &path, message, help);
            require(!set.contains_key(SEED), &path, format!("variant `{name}` sets a seed"), seeds);
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
        config.with(&Settings::from([(SEED.to_string(), seed.into())]))
    }
}
