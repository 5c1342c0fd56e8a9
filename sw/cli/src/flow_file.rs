//! What `nasa run` reads: a YAML file that names a configuration, a network and images, and where results go.
//! Paths are relative to the file. All that is wrong with it is said at once.

use crate::files;
use model::yaml::Reader;
use spec::error::Report;
use std::path::{Path, PathBuf};

/// The word that opens a flow.
const FORMAT: &str = "nasa-flow/1";

/// What stands in a flow.
const KEYS: &[&str] = &["format", "config", "network", "images", "out", "count", "labels"];

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
    /// Classes of the images, one a line; nothing where they are not known.
    pub labels: Option<PathBuf>,
}

impl FlowFile {
    /// Reads the flow at `path`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, each at its line.
    pub fn read(path: &Path) -> Result<FlowFile, Report> {
        let (file, text) = (files::name(path), files::read_text(path)?);
        let mut reader = Reader::new("flow", &file, &text);
        match flow(&mut reader, path) {
            Some(flow) => reader.report.or(flow),
            None => Err(reader.report),
        }
    }
}

fn flow(reader: &mut Reader<'_>, path: &Path) -> Option<FlowFile> {
    let root = reader.parse()?;
    let fields = reader.fields(&root, "the flow", KEYS)?;
    let format = reader.required(&fields, "format").and_then(|node| reader.text(node, "format"));
    if format.is_some_and(|format| format != FORMAT) {
        reader.fault(fields.place_of("format"), "unknown format", "");
        reader.help(format!("write format: {FORMAT}"));
    }
    let mut path_of = |key: &str| {
        let node = reader.required(&fields, key)?;
        reader.text(node, key).map(|name| path.with_file_name(name))
    };
    let [config, network, images, out] = ["config", "network", "images", "out"].map(&mut path_of);
    let labels = fields.get("labels").and_then(|node| reader.text(node, "labels"));
    let count = fields.get("count").and_then(|node| reader.int(node, "count", 1..=u32::MAX.into()));
    Some(FlowFile {
        config: config?,
        network: network?,
        images: images?,
        out: out?,
        count: count.map(|count| count as u32),
        labels: labels.map(|name| path.with_file_name(name)),
    })
}
