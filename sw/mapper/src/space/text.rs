//! Mappings of the whole space as a file: YAML that says everything that [`Mapping`] is, to be written by hand or by
//! another tool's converter. Reading checks the form only; what is legal is [`super::check`]'s answer.

use super::layer::{Dim, Layer, Operand, Sizes, DIMS};
use super::mapping::{Factor, Hold, Mapping};
use model::yaml::{Fields, Reader};
use spec::error::{grouped, Report};
use spec::yaml::Node;
use std::ops::RangeInclusive;

/// The word that opens the file.
pub const FORMAT: &str = "nasa-loops/1";

/// A mapping and its layer's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Name of the layer.
    pub name: String,
    /// How it is computed.
    pub mapping: Mapping,
}

const HEADER: &str = "\
# How each layer is computed: what lies along rows and columns of the array, the temporal loops from the inside to the
# outside, and for each operand how many of them a tile of the register files (rf) and of the buffer serves.
";

/// Dimensions and strides fit 16 bits, as in the hardware.
const MOST: i64 = 65_535;

/// More compute steps than this are a slip of the pen: they would take an hour and a half at 1 GHz.
const MOST_STEPS: u64 = 1 << 42;

const KEYS: &[&str] = &["name", "layer", "rows", "cols", "loops", "inputs", "weights", "sums"];
const LAYER_KEYS: &[&str] = &["N", "G", "K", "C", "OY", "OX", "FY", "FX", "stride", "input"];
const HOLD_KEYS: &[&str] = &["rf", "buffer"];

/// The file of `mappings`.
pub fn print(mappings: &[Named]) -> String {
    let mut text = format!("{HEADER}format: {FORMAT}\nlayers:\n");
    for Named { name, mapping } in mappings {
        let Mapping { layer, rows, cols, loops, hold } = mapping;
        let factors = |factors: &[Factor]| {
            let texts: Vec<String> = factors.iter().map(Factor::to_string).collect();
            format!("[{}]", texts.join(", "))
        };
        let sizes = Dim::ALL.iter().map(|dim| format!("{}: {}", dim.name(), layer.size[dim.index()]));
        let sizes: Vec<String> = sizes.collect();
        let pair = |[a, b]: [u32; 2]| format!("[{a}, {b}]");
        let (stride, input) = (pair(layer.stride), pair(layer.input));
        text += &format!("- name: {name}\n");
        text += &format!("  layer: {{{}, stride: {stride}, input: {input}}}\n", sizes.join(", "));
        text += &format!("  rows: {}\n  cols: {}\n", factors(rows), factors(cols));
        text += &format!("  loops: {}\n", factors(loops));
        for operand in Operand::ALL {
            let Hold { rf, buffer } = hold[operand as usize];
            text += &format!("  {}: {{rf: {rf}, buffer: {buffer}}}\n", operand.name());
        }
    }
    text
}

/// Whether `text` says of itself that it has mappings of the whole space.
pub fn is_announced(text: &str) -> bool {
    let format = |line: &str| {
        let written = line.strip_prefix("format:")?.split_whitespace().next()?;
        Some(written.trim_matches(['"', '\'']) == FORMAT)
    };
    text.lines().find_map(format).unwrap_or(false)
}

/// Reads `text`, which `file` holds.
///
/// # Errors
/// Everything that is wrong with the form of the file, each at its line.
pub fn parse(file: &str, text: &str) -> Result<Vec<Named>, Report> {
    crate::text::read(file, text, &[FORMAT], one, check_names)
}

/// A network may repeat a layer, with the same mapping.
fn check_names(reader: &mut Reader<'_>, layers: &[Node], named: &[Named]) {
    for (i, (node, one)) in layers.iter().zip(named).enumerate() {
        let differs = |other: &Named| other.name == one.name && other != one;
        if named[..i].iter().any(differs) {
            reader.fault(node.place, format!("`{}` has another mapping above", one.name), "");
            reader.help("give each layer a name of its own");
        }
    }
}

fn one(reader: &mut Reader<'_>, node: &Node) -> Option<Named> {
    let fields = reader.fields(node, "a layer", KEYS)?;
    let name = reader.required(&fields, "name").and_then(|node| reader.text(node, "name"));
    let layer = reader.required(&fields, "layer").and_then(|node| layer(reader, node));
    let [rows, cols, loops] = ["rows", "cols", "loops"]
        .map(|key| reader.required(&fields, key).and_then(|node| factors(reader, node, key)));
    let [x, w, a] = Operand::ALL.map(|operand| hold(reader, &fields, operand.name()));
    let mapping = Mapping { layer: layer?, rows: rows?, cols: cols?, loops: loops?, hold: [x?, w?, a?] };
    Some(Named { name: name?, mapping })
}

fn layer(reader: &mut Reader<'_>, node: &Node) -> Option<Layer> {
    let fields = reader.fields(node, "`layer`", LAYER_KEYS)?;
    let sizes = Dim::ALL.map(|dim| {
        let node = reader.required(&fields, dim.name())?;
        reader.int(node, dim.name(), 1..=MOST)
    });
    let mut pair = |key: &str, range: RangeInclusive<i64>| {
        let node = reader.required(&fields, key)?;
        let numbers = reader.ints(node, key, range, &[2])?;
        Some([numbers[0] as u32, numbers[1] as u32])
    };
    // An input may be all padding, and strides make it larger than any dimension.
    let (stride, input) = (pair("stride", 1..=MOST), pair("input", 0..=u32::MAX.into()));
    let mut size: Sizes = [0; DIMS];
    for (size, read) in size.iter_mut().zip(sizes) {
        *size = read? as u32;
    }
    Some(Layer { size, stride: stride?, input: input? })
}

fn factors(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Vec<Factor>> {
    let items = reader.list(node, key)?;
    let read: Vec<Option<Factor>> = items.iter().map(|item| factor(reader, item, key)).collect();
    let factors: Vec<Factor> = read.into_iter().collect::<Option<_>>()?;
    let product = factors.iter().try_fold(1u64, |all, one| all.checked_mul(one.count.into()));
    if product.is_none_or(|product| product > MOST_STEPS) {
        reader.fault(
            node.place,
            format!("`{key}` multiplies to too much"),
            format!("at most {}", grouped(MOST_STEPS)),
        );
        reader.help("the product of all factors is the number of compute steps, or of PEs");
        return None;
    }
    Some(factors)
}

fn factor(reader: &mut Reader<'_>, item: &Node, key: &str) -> Option<Factor> {
    let text = reader.text(item, key)?;
    let (dim, count) = text.split_at(text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len()));
    let count = count.parse().ok().filter(|count| (2..=MOST as u32).contains(count));
    let (Some(dim), Some(count)) = (Dim::named(dim), count) else {
        reader.fault(item.place, format!("`{text}` is no factor"), "");
        let names = Dim::ALL.map(Dim::name).join(", ");
        reader.help(format!("write a dimension of {names} and a number from 2 on: OX4"));
        return None;
    };
    Some(Factor { dim, count })
}

fn hold(reader: &mut Reader<'_>, fields: &Fields<'_>, key: &str) -> Option<Hold> {
    let node = reader.required(fields, key)?;
    let fields = reader.fields(node, &format!("`{key}`"), HOLD_KEYS)?;
    let mut number = |key: &str| {
        let node = reader.required(&fields, key)?;
        reader.int(node, key, 0..=MOST).map(|number| number as usize)
    };
    let (rf, buffer) = (number("rf"), number("buffer"));
    Some(Hold { rf: rf?, buffer: buffer? })
}
