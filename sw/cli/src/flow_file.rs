//! What `nasa run` reads: a YAML file that names a configuration, what is to run on it, and where results go: a network with
//! its images, or a space in which networks are searched first. Paths are relative to the file. All that is wrong with it
//! is said at once.

use crate::files;
use model::format;
use model::yaml::{Fields, Reader};
use spec::error::Report;
use spec::op::Op;
use std::path::{Path, PathBuf};

/// The word that opens a flow.
const FORMAT: &str = "nasa-flow/1";

/// What stands in every flow.
const COMMON: [&str; 4] = ["format", "config", "out", "count"];
/// What stands in one whose network is there.
const GIVEN: [&str; 3] = ["network", "images", "labels"];
/// What stands in one that searches.
const SEARCHED: [&str; 3] = ["search", "baseline", "areas"];

/// A flow whose paths are known.
pub struct FlowFile {
    /// Accelerator description.
    pub config: PathBuf,
    /// What runs on it.
    pub subject: Subject,
    /// Folder for everything that is written.
    pub out: PathBuf,
    /// Images that are taken, from the first on; nothing is all.
    pub count: Option<u32>,
}

/// What a flow is about.
pub enum Subject {
    /// A network that is there.
    Given(Given),
    /// Networks that are searched, trained and rounded first.
    Searched(Searched),
}

/// A network, and images for it.
pub struct Given {
    /// Network file.
    pub network: PathBuf,
    /// Images, `.npy`.
    pub images: PathBuf,
    /// Classes of the images, one a line; nothing where they are not known.
    pub labels: Option<PathBuf>,
}

/// A space in which networks are searched first.
#[cfg_attr(not(feature = "train"), allow(dead_code))] // Without training a flow that searches is refused.
pub struct Searched {
    /// What `nasa search` takes.
    pub space: PathBuf,
    /// Ops of the network to compare with, out of the same space; none: nothing is compared.
    pub baseline: Vec<Op>,
    /// Table of areas for the machines that are compared, in place of the one that comes with the program.
    pub areas: Option<PathBuf>,
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
    let keys: Vec<&str> = COMMON.into_iter().chain(GIVEN).chain(SEARCHED).collect();
    let fields = reader.fields(&root, "the flow", &keys)?;
    let format = reader.required(&fields, "format").and_then(|node| reader.text(node, "format"));
    if format.is_some_and(|format| format != FORMAT) {
        reader.fault(fields.place_of("format"), "unknown format", "");
        reader.help(format!("write format: {FORMAT}"));
    }
    let [config, out] = ["config", "out"].map(|key| path_of(reader, &fields, path, key));
    let subject = match fields.get("search") {
        Some(_) => searched(reader, &fields, path),
        None => given(reader, &fields, path),
    };
    let count = fields.get("count").and_then(|node| reader.int(node, "count", 1..=u32::MAX.into()));
    Some(FlowFile { config: config?, subject: subject?, out: out?, count: count.map(|count| count as u32) })
}

fn path_of(reader: &mut Reader<'_>, fields: &Fields<'_>, flow: &Path, key: &str) -> Option<PathBuf> {
    let node = reader.required(fields, key)?;
    reader.text(node, key).map(|name| files::beside(flow, name))
}

fn given(reader: &mut Reader<'_>, fields: &Fields<'_>, flow: &Path) -> Option<Subject> {
    for key in SEARCHED.into_iter().filter(|key| fields.get(key).is_some()) {
        reader.fault(fields.place_of(key), format!("`{key}` without a search"), "");
        reader.help("give `search`, a space of networks, in place of `network` and `images`");
    }
    if fields.get("network").is_none() {
        reader.fault(fields.place_of("network"), "the flow has neither `network` nor `search`", "");
        reader.help("name a network and its images, or a space in which one is searched");
        return None;
    }
    let [network, images] = ["network", "images"].map(|key| path_of(reader, fields, flow, key));
    let labels = fields.get("labels").and_then(|node| reader.text(node, "labels"));
    let labels = labels.map(|name| files::beside(flow, name));
    Some(Subject::Given(Given { network: network?, images: images?, labels }))
}

fn searched(reader: &mut Reader<'_>, fields: &Fields<'_>, flow: &Path) -> Option<Subject> {
    for key in GIVEN.into_iter().filter(|key| fields.get(key).is_some()) {
        reader.fault(fields.place_of(key), format!("`{key}` of a network that is searched"), "");
        reader.help("a search gives network, images and labels itself; leave it out, or leave out `search`");
    }
    let space = path_of(reader, fields, flow, "search");
    let areas = fields.get("areas").and_then(|node| reader.text(node, "areas"));
    let areas = areas.map(|name| files::beside(flow, name));
    Some(Subject::Searched(Searched { space: space?, baseline: baseline(reader, fields), areas }))
}

/// The ops to compare with; those that are none, or stand there twice, are noted.
fn baseline(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Vec<Op> {
    let Some(node) = fields.get("baseline") else { return Vec::new() };
    let mut ops = Vec::new();
    let all = reader.list(node, "baseline").unwrap_or_default();
    if all.is_empty() {
        reader.fault(node.place, "a network of no ops", "");
        reader.help("name one op or more, or leave `baseline` out");
    }
    for node in all {
        match format::op(reader, node) {
            Some(op) if ops.contains(&op) => {
                reader.fault(node.place, format!("`{}` stands here twice", op.name()), "");
                reader.help("leave it out");
            }
            op => ops.extend(op),
        }
    }
    ops
}
