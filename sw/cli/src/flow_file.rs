//! What `nasa run` reads: a YAML file that names a configuration, a network and images, and where results go.
//! Paths are relative to the file. All that is wrong with it is said at once.

use crate::files;
use spec::error::{nearest, Report};
use spec::yaml::{self, Key, Node, Source};
use std::path::{Path, PathBuf};

/// The word that opens a flow.
const FORMAT: &str = "nasa-flow/1";

/// What stands in a flow: name, whether it may be left out, meaning.
const KEYS: &[(&str, bool, &str)] = &[
    ("format", false, "the word nasa-flow/1"),
    ("config", false, "the accelerator description"),
    ("network", false, "the network file"),
    ("images", false, "an .npy file of int8 images"),
    ("out", false, "the folder that everything is written to"),
    ("count", true, "how many images to take, from the first on; all where left out"),
    ("labels", true, "a text file with the class of each image, one a line"),
];

/// A flow whose paths are known.
pub struct FlowFile {
    /// Accelerator description.
    pub config: PathBuf,
    /// Network file.
    pub network: PathBuf,
    /// Images, `.npy`.
    pub images: PathBuf,
    /// Folder for everything that is written.
    pub out: PathBuf,
    /// Images that are taken, from the first on; nothing is all.
    pub count: Option<u32>,
    /// Classes of the images.
    pub labels: Option<PathBuf>,
}

impl FlowFile {
    /// Reads the flow at `path`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each at its line.
    pub fn read(path: &Path) -> Result<FlowFile, Report> {
        let (file, text) = (files::name(path), files::read_text(path)?);
        let source = Source { stage: "flow", file: &file, text: &text };
        let root = source.parse()?;
        let entries = match &root.value {
            yaml::Value::Map(entries) => entries.as_slice(),
            _ => &[],
        };
        let mut reader = Reader { source, root: &root, entries, report: Report::default() };
        reader.unknown_keys();
        reader.format();
        let mut value = |name| reader.text(name).map(|text| path.with_file_name(text));
        let [config, network, images, out, labels] =
            ["config", "network", "images", "out", "labels"].map(&mut value);
        let count = reader.count();
        let [config, network, images, out] =
            [config, network, images, out].map(|path| path.unwrap_or_default());
        reader.report.or(FlowFile { config, network, images, out, count, labels })
    }
}

struct Reader<'a> {
    source: Source<'a>,
    root: &'a Node,
    entries: &'a [(Key, Node)],
    report: Report,
}

impl Reader<'_> {
    fn unknown_keys(&mut self) {
        let names = || KEYS.iter().map(|(name, _, _)| *name);
        for (key, _) in self.entries.iter().filter(|(key, _)| names().all(|name| name != key.name)) {
            let message = format!("unknown key `{}`", key.name);
            let help = match nearest(&key.name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("the keys are {}", names().collect::<Vec<_>>().join(", ")),
            };
            self.report.push(self.source.error(key.place, message, "no such key here").help(help));
        }
    }

    fn format(&mut self) {
        let wrong = self.text("format").is_some_and(|text| text != FORMAT);
        if let Some(node) = self.node("format").filter(|_| wrong) {
            let error = self.source.error(node.place, "unknown format", "no such format");
            self.report.push(error.help(format!("write format: {FORMAT}")));
        }
    }

    fn node(&self, name: &str) -> Option<&Node> {
        self.entries.iter().find(|(key, _)| key.name == name).map(|(_, node)| node)
    }

    /// The text of a key; an error where it is not there but must be, or is something else.
    fn text(&mut self, name: &str) -> Option<String> {
        let (optional, meaning) = about(name);
        match self.node(name) {
            Some(Node { value: yaml::Value::Text(text), .. }) => return Some(text.clone()),
            Some(Node { value, place }) => {
                let note = format!("this is {}", value.describe());
                let error = self.source.error(*place, format!("`{name}` is no text"), note);
                self.report.push(error.help(format!("it is {meaning}")));
            }
            None if optional => {}
            None => {
                let error = self.source.error(self.root.place, format!("`{name}` is missing"), "");
                self.report.push(error.help(format!("add {name}: {meaning}")));
            }
        }
        None
    }

    fn count(&mut self) -> Option<u32> {
        let Node { value, place } = self.node("count")?;
        let count = match value {
            yaml::Value::Int(count) => u32::try_from(*count).ok().filter(|count| *count > 0),
            _ => None,
        };
        if count.is_none() {
            let note = format!("this is {}", value.describe());
            let error = self.source.error(*place, "`count` is no number of images", note);
            self.report.push(error.help("give a whole number from 1 on, or leave it out for all images"));
        }
        count
    }
}

/// Whether a key may be left out, and what it means.
fn about(name: &str) -> (bool, &'static str) {
    let key = KEYS.iter().find(|(key, _, _)| *key == name);
    key.map_or((false, ""), |(_, optional, meaning)| (*optional, meaning))
}
