//! Mappings as a file: YAML that says everything a mapping is, so that what one run found can be read, changed,
//! and given to another. Reading checks the form only; whether a mapping is legal on a chunk is
//! [`crate::check`]'s answer, and whether it fits a network the compiler's.

use crate::mapping::{strip_levels, Hold, Loop, Mapping, MOST_PARTS, MOST_STEPS};
use crate::parts::strips;
use crate::unroll::{Axis, Beats, Factor, Unroll};
use crate::work::{Dim, Sizes, Work};
use model::yaml::{Fields, Reader};
use spec::error::{grouped, Report};
use spec::yaml::{Node, Value};

/// The word that opens the file.
pub const FORMAT: &str = "nasa-mapping/3";
/// Files without outer loops, whose parts are taken in [`strips`].
const EARLIER: &str = "nasa-mapping/2";

/// A mapping and what it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    /// Name of the layer.
    pub layer: String,
    /// Name of the chunk that runs it.
    pub chunk: String,
    /// How.
    pub mapping: Mapping,
}

/// The largest number in a mapping: hardware counts in 16 bits.
const MOST: i64 = 65_535;

const HEADER: &str = "\
# How each layer is computed. `rows` and `cols` lie on the array, `beats` are rows and results that are served at once;
# `tile` is the part of a layer that one EXEC computes, `outer` are the loops over parts; its own `loops` and these are
# written from the inside to the outside; `level` says how many loops a tile of a register file serves, `slots` how many
# tiles it holds, `buffer` how many outer loops what is in the buffer serves. A PE has `block` neighbouring output columns; rows
# of inputs stay where the window `rolls`, and padding is cleared, not brought, where it `clears`.
";

const KEYS: &[&str] = &[
    "name", "chunk", "layer", "rows", "cols", "block", "beats", "outer", "tile", "loops", "inputs",
    "weights", "sums",
];
const LAYER_KEYS: &[&str] =
    &["G", "K", "C", "OY", "OX", "FY", "FX", "stride", "padding", "input", "residual"];
const BEAT_KEYS: &[&str] = &["inputs", "weights", "results"];
const HOLD_KEYS: &[&str] = &["level", "slots", "buffer"];
const INPUT_KEYS: &[&str] = &["level", "slots", "buffer", "rolls", "clears"];
const DIM_KEYS: &[&str] = &["G", "K", "C", "OY", "OX", "FY", "FX"];

/// The file of `mappings`.
pub fn print(mappings: &[Named]) -> String {
    let mut text = format!("{HEADER}format: {FORMAT}\nlayers:\n");
    for Named { layer, chunk, mapping } in mappings {
        let Mapping {
            unroll: Unroll { rows, cols, block, beats },
            layer: work,
            tile,
            outer,
            loops,
            x,
            w,
            a,
            rolls,
            clears,
        } = mapping;
        let listed = |loops: &[Loop]| {
            let each = loops.iter().map(|l| format!("{}{}", l.dim.name(), l.bound));
            each.collect::<Vec<_>>().join(", ")
        };
        let pair = |[a, b]: [u32; 2]| format!("[{a}, {b}]");
        let hold = |Hold { level, slots, buffer }: &Hold| {
            format!("level: {level}, slots: {slots}, buffer: {buffer}")
        };
        let block = if *block > 1 { format!("\n  block: {block}") } else { String::new() };
        let flag = |name: &str, is: bool| if is { format!(", {name}: true") } else { String::new() };
        let flags = flag("rolls", *rolls) + &flag("clears", *clears);
        let (stride, padding, input) = (pair(work.stride), pair(work.padding), pair(work.input));
        let lines = [
            format!("- name: {layer}"),
            format!("  chunk: {chunk}"),
            format!(
                "  layer: {{{}, stride: {stride}, padding: {padding}, input: {input}, residual: {}}}",
                sizes(&work.size),
                work.residual
            ),
            format!("  rows: {rows}"),
            format!("  cols: {cols}{block}"),
            format!("  beats: {beats}"),
            format!("  outer: [{}]", listed(outer)),
            format!("  tile: {{{}}}", sizes(tile)),
            format!("  loops: [{}]", listed(loops)),
            format!("  inputs: {{{}{flags}}}", hold(x)),
            format!("  weights: {{{}}}", hold(w)),
            format!("  sums: {{{}}}", hold(a)),
        ];
        text += &lines.join("\n");
        text += "\n";
    }
    text
}

fn sizes(sizes: &Sizes) -> String {
    let each = Dim::ALL.iter().map(|dim| format!("{}: {}", dim.name(), sizes[*dim]));
    each.collect::<Vec<_>>().join(", ")
}

/// Reads `text`, which `file` holds.
///
/// # Errors
/// Everything that is wrong with the form of the file, each at its line.
pub fn parse(file: &str, text: &str) -> Result<Vec<Named>, Report> {
    read(file, text, &[FORMAT, EARLIER], one, |_, _, _| {})
}

/// Reads a file of mappings, whatever their form: `formats` name it, the first one best, `one` reads a layer's, `all` looks
/// at them together.
pub(crate) fn read<T>(
    file: &str,
    text: &str,
    formats: &[&str],
    one: fn(&mut Reader<'_>, &Node) -> Option<T>,
    all: fn(&mut Reader<'_>, &[Node], &[T]),
) -> Result<Vec<T>, Report> {
    let mut reader = Reader::new("mapping", file, text);
    match listed(&mut reader, formats, one, all) {
        Some(mappings) if reader.report.0.is_empty() => Ok(mappings),
        _ => Err(reader.report),
    }
}

fn listed<T>(
    reader: &mut Reader<'_>,
    formats: &[&str],
    one: fn(&mut Reader<'_>, &Node) -> Option<T>,
    all: fn(&mut Reader<'_>, &[Node], &[T]),
) -> Option<Vec<T>> {
    let root = reader.parse()?;
    let fields = reader.fields(&root, "the file", &["format", "layers"])?;
    let written = reader.required(&fields, "format").and_then(|node| reader.text(node, "format"));
    if written.is_some_and(|written| !formats.contains(&&*written)) {
        reader.fault(fields.place_of("format"), "unknown format", "");
        reader.help(format!("write format: {}", formats[0]));
    }
    let layers = reader.required(&fields, "layers")?;
    let layers = reader.list(layers, "layers")?;
    let read: Vec<Option<T>> = layers.iter().map(|node| one(reader, node)).collect();
    let read: Vec<T> = read.into_iter().collect::<Option<_>>()?;
    all(reader, layers, &read);
    Some(read)
}

fn one(reader: &mut Reader<'_>, node: &Node) -> Option<Named> {
    let fields = reader.fields(node, "a layer", KEYS)?;
    let mut text = |key: &str| reader.required(&fields, key).and_then(|node| reader.text(node, key));
    let [name, chunk] = ["name", "chunk"].map(&mut text);
    let layer = reader.required(&fields, "layer").and_then(|node| work(reader, node));
    let [rows, cols] =
        ["rows", "cols"].map(|key| reader.required(&fields, key).and_then(|node| axis(reader, node, key)));
    let beats = reader.required(&fields, "beats").and_then(|node| beats(reader, node));
    let tile = reader.required(&fields, "tile").and_then(|node| {
        let fields = reader.fields(node, "`tile`", DIM_KEYS)?;
        extents(reader, &fields)
    });
    let loops = reader.required(&fields, "loops").and_then(|node| loops(reader, node, "loops", MOST_STEPS));
    let outer = match (fields.get("outer"), &layer, &tile) {
        (Some(node), ..) => self::loops(reader, node, "outer", MOST_PARTS),
        (None, Some(layer), Some(tile)) => Some(strips(layer, tile)),
        (None, ..) => None,
    };
    let absent = strip_levels(outer.as_deref().unwrap_or(&[]));
    let mut held = |key: &str, absent: usize| {
        reader.required(&fields, key).and_then(|node| hold(reader, node, key, absent))
    };
    let [x, w, a] = [held("inputs", absent[0]), held("weights", absent[1]), held("sums", absent[2])];
    let flags = reader.required(&fields, "inputs").and_then(|node| {
        let fields = reader.fields(node, "`inputs`", INPUT_KEYS)?;
        Some((truth(reader, &fields, "rolls")?, truth(reader, &fields, "clears")?))
    });
    let block = match fields.get("block") {
        Some(node) => reader.int(node, "block", 1..=MOST).map(|number| number as u32),
        None => Some(1),
    };
    let unroll = Unroll { rows: rows?, cols: cols?, block: block?, beats: beats? };
    let (layer, tile, outer, loops) = (layer?, tile?, outer?, loops?);
    let (rolls, clears) = flags?;
    let mapping = Mapping { unroll, layer, tile, outer, loops, x: x?, w: w?, a: a?, rolls, clears };
    Some(Named { layer: name?, chunk: chunk?, mapping })
}

fn number(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str, least: i64) -> Option<u32> {
    let node = reader.required(fields, key)?;
    reader.int(node, key, least..=MOST).map(|number| number as u32)
}

fn extents(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<Sizes> {
    let numbers = Dim::ALL.map(|dim| number(reader, fields, dim.name(), 1));
    let all: Option<Vec<u32>> = numbers.into_iter().collect();
    Some(Sizes(all?.try_into().ok()?))
}

fn work(reader: &mut Reader<'_>, node: &Node) -> Option<Work> {
    let fields = reader.fields(node, "`layer`", LAYER_KEYS)?;
    let size = extents(reader, &fields);
    let mut pair = |key: &str, least: i64| {
        let node = reader.required(&fields, key)?;
        let numbers = reader.ints(node, key, least..=MOST, &[2])?;
        Some([numbers[0] as u32, numbers[1] as u32])
    };
    let (stride, padding, input) = (pair("stride", 1), pair("padding", 0), pair("input", 1));
    reader.required(&fields, "residual")?;
    let residual = truth(reader, &fields, "residual")?;
    Some(Work { size: size?, stride: stride?, padding: padding?, input: input?, residual })
}

/// Whether `key` is true; where it is absent, it is not.
fn truth(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<bool> {
    match fields.get(key).map(|node| &node.value) {
        None => Some(false),
        Some(Value::Bool(truth)) => Some(*truth),
        Some(_) => {
            reader.fault(fields.place_of(key), format!("`{key}` must be true or false"), "");
            None
        }
    }
}

fn beats(reader: &mut Reader<'_>, node: &Node) -> Option<Beats> {
    let fields = reader.fields(node, "`beats`", BEAT_KEYS)?;
    let [inputs, weights, results] =
        ["inputs", "weights", "results"].map(|key| number(reader, &fields, key, 1));
    Some(Beats { inputs: inputs?, weights: weights?, results: results? })
}

/// One side of the array: loops that run at once.
fn axis(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Axis> {
    let loops = loops(reader, node, key, MOST as u32)?;
    Some(Axis(loops.iter().map(|l| Factor { dim: l.dim, size: l.bound }).collect()))
}

/// Levels and slots of an operand; `absent` is its level of the buffer where none is written.
fn hold(reader: &mut Reader<'_>, node: &Node, key: &str, absent: usize) -> Option<Hold> {
    let keys = if key == "inputs" { INPUT_KEYS } else { HOLD_KEYS };
    let fields = reader.fields(node, &format!("`{key}`"), keys)?;
    let (level, slots) = (number(reader, &fields, "level", 0), number(reader, &fields, "slots", 1));
    let buffer = match fields.get("buffer") {
        Some(node) => reader.int(node, "buffer", 0..=MOST).map(|level| level as usize),
        None => Some(absent),
    };
    Some(Hold { level: level? as usize, slots: slots?, buffer: buffer? })
}

/// Loops, of at most `most` steps together.
fn loops(reader: &mut Reader<'_>, node: &Node, key: &str, most: u32) -> Option<Vec<Loop>> {
    let items = reader.list(node, key)?;
    let mut loops = Vec::new();
    for item in items {
        let text = reader.text(item, key)?;
        let split = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
        let dim = Dim::ALL.into_iter().find(|dim| dim.name() == &text[..split]);
        let bound = text[split..].parse().ok().filter(|bound| (2..=MOST as u32).contains(bound));
        let (Some(dim), Some(bound)) = (dim, bound) else {
            reader.fault(item.place, format!("`{text}` is no loop"), "");
            reader.help(format!("write a dimension of {} and its bound from 2 on: OX4", DIM_KEYS.join(", ")));
            return None;
        };
        loops.push(Loop { dim, bound });
    }
    let steps = loops.iter().try_fold(1u32, |steps, l| steps.checked_mul(l.bound));
    if steps.is_none_or(|steps| steps > most) {
        let what = format!("the {key} have too many steps");
        reader.fault(node.place, what, format!("at most {}", grouped(most)));
        return None;
    }
    Some(loops)
}
