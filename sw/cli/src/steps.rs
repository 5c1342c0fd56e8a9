//! The steps of a flow, and what is remembered of them: a step is not done again where this very program did it with
//! the same inputs and all that it wrote is there, unchanged. What it showed is shown again.
//!
//! Of each step the flow's folder keeps `STEP.json`: the hash of the inputs, the products with theirs, the result.

use crate::commands::Done;
use crate::console::Console;
use crate::files;
use serde_json::{json, Map, Value};
use spec::config::hash::Fnv;
use spec::error::{Diagnostic, Report};
use std::path::{Path, PathBuf};

/// The steps of one flow.
pub struct Steps<'a> {
    console: &'a Console,
    /// Where results go.
    out: &'a Path,
    /// The hash of the program and of everything that concerns every step.
    base: Fnv,
}

impl Steps<'_> {
    /// Steps whose results go to `out`; `count` images are taken.
    ///
    /// # Errors
    /// Where the program cannot read itself.
    pub fn new<'a>(console: &'a Console, out: &'a Path, count: Option<u32>) -> Result<Steps<'a>, Report> {
        let program = std::env::current_exe().map_err(|error| {
            let error = Diagnostic::new("run", format!("this program does not find itself: {error}"));
            Report::from(error.help("start it by a path that stays"))
        })?;
        let mut base = Fnv::default();
        base.bytes(&files::read(&program)?);
        base.number(count.unwrap_or(0));
        Ok(Steps { console, out, base })
    }

    /// Does a step, unless it was done before. One that fails is not remembered.
    pub fn step(
        &self,
        name: &str,
        inputs: &[&PathBuf],
        work: impl FnOnce() -> Result<Done, Report>,
    ) -> Result<Done, Report> {
        let inputs = self.hash(inputs)?;
        let file = self.out.join(format!("{name}.json"));
        let before = files::read_text(&file).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
        if let Some(before) = before.filter(|before| before["inputs"] == inputs && self.is_whole(before)) {
            self.console.say(format!("{name}: done before, see {}", file.display()));
            self.console.show(before["shown"].as_str().unwrap_or_default());
            return Ok(Done::well(before["result"].clone()));
        }
        let done = work()?;
        if done.failures.0.is_empty() {
            let products = self.products(&done)?;
            let record =
                json!({"inputs": inputs, "products": products, "shown": done.shown, "result": done.json});
            files::write_json(&file, &record)?;
        }
        Ok(done)
    }

    /// The hash of the inputs of a step, and of what concerns them all.
    fn hash(&self, inputs: &[&PathBuf]) -> Result<String, Report> {
        let mut fnv = self.base;
        for input in inputs {
            let bytes = files::read(input)?;
            fnv.number(bytes.len() as u64);
            fnv.bytes(&bytes);
        }
        Ok(format!("{:016x}", fnv.value()))
    }

    /// What a step wrote, relative to the flow's folder, each with its hash.
    fn products(&self, done: &Done) -> Result<Map<String, Value>, Report> {
        let product = |path: &PathBuf| {
            let name = path.strip_prefix(self.out).unwrap_or(path).display().to_string();
            Ok((name, hash_of(&files::read(path)?).into()))
        };
        done.products.iter().map(product).collect()
    }

    /// Whether all that a step wrote is there, unchanged.
    fn is_whole(&self, before: &Value) -> bool {
        let is_there = |(name, hash): (&String, &Value)| {
            files::read(&self.out.join(name)).is_ok_and(|bytes| *hash == hash_of(&bytes))
        };
        before["products"].as_object().is_some_and(|products| products.iter().all(is_there))
    }
}

fn hash_of(bytes: &[u8]) -> String {
    let mut fnv = Fnv::default();
    fnv.bytes(bytes);
    format!("{:016x}", fnv.value())
}
