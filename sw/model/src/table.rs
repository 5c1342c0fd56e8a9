//! Layer tables: loop dimensions without weights, for mapping studies.
//!
//! A table is a YAML list of `{name, op, n, g, k, c, oy, ox, fy, fx, sy, sx, py, px}`; `k` and `c` count one
//! group's channels, strides default to 1 and paddings to 0. `residual` names a layer before, or `input`, whose output is
//! added where the layers are taken as one network ([`network`]); a layer on its own has none.

use crate::draft::{Draft, LayerDraft, MAX_ELEMENTS, MAX_EXTENT};
use crate::graph::{Dims, Graph, Input, Padding, Parameters, Shape};
use crate::yaml::Reader;
use spec::error::{grouped, Diagnostic, Report};
use spec::op::Op;
use spec::yaml::{Node, Source, Value};

/// One layer of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// As written; need not be unique.
    pub name: String,
    /// What its terms are.
    pub op: Op,
    /// The loop dimensions.
    pub dims: Dims,
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Rows above and below, columns left and right.
    pub padding: [usize; 2],
    /// What is added to it in a network of all layers.
    pub residual: Option<String>,
}

impl Row {
    /// Rows and columns of the smallest input that has these outputs, without its padding.
    pub fn input(&self) -> [usize; 2] {
        let Dims { oy, ox, fy, fx, .. } = self.dims;
        [(oy, fy, 0), (ox, fx, 1)].map(|(outputs, taps, axis)| {
            ((outputs - 1) * self.stride[axis] + taps).saturating_sub(2 * self.padding[axis])
        })
    }

    /// A network of this layer alone, with zeros for weights, on the smallest input that has these outputs; of `n`
    /// nothing is kept, a network is of one image.
    ///
    /// # Errors
    /// Where no such layer is possible: its padding alone would be more than the input.
    pub fn network(&self) -> Result<Graph, Report> {
        let Dims { g, c, .. } = self.dims;
        let [rows, columns] = self.input();
        let alone = Row { residual: None, ..self.clone() };
        Graph::new(draft(&self.name, Shape::new(g * c, rows, columns), vec![alone.layer("input")]))
    }

    /// The layer with zeros for weights, which reads `input`.
    fn layer(&self, input: &str) -> LayerDraft {
        let Dims { g, k, c, fy, fx, .. } = self.dims;
        let [vertical, horizontal] = self.padding;
        let added = if self.residual.is_some() { g * k } else { 0 };
        LayerDraft {
            name: self.name.clone(),
            op: self.op,
            input: input.to_string(),
            residual: self.residual.clone(),
            out_channels: g * k,
            kernel: [fy, fx],
            stride: self.stride,
            padding: Padding::from([vertical, horizontal, vertical, horizontal]),
            groups: g,
            clamp: (-128, 127),
            parameters: Parameters {
                weight: vec![0; g * k * c * fy * fx],
                bias: vec![0; g * k],
                multiplier: vec![1; g * k],
                shift: vec![0; g * k],
                residual_multiplier: vec![1; added],
                residual_shift: vec![0; added],
            },
        }
    }
}

fn draft(name: &str, shape: Shape, layers: Vec<LayerDraft>) -> Draft {
    let input = Input { shape, scale: 1.0, mean: vec![0.0; shape.c], std: vec![1.0; shape.c] };
    Draft { name: name.to_string(), input, classes: Vec::new(), layers, output: None }
}

/// The layers as one network, each reading the one before, with zeros for weights. The input is outputs times stride of the
/// first layer where that gives these outputs, else the smallest that does.
///
/// # Errors
/// Where a layer is of more than one image, or does not have its outputs on what the layer before it makes, and whatever is
/// wrong with a network.
pub fn network(name: &str, rows: &[Row]) -> Result<Graph, Report> {
    let shape = rows.first().map_or(Shape::new(1, 1, 1), |first| {
        let least = first.input();
        let [height, width] = [(first.dims.oy, 0), (first.dims.ox, 1)].map(|(outputs, axis)| {
            let same = outputs * first.stride[axis];
            if (least[axis]..least[axis] + first.stride[axis]).contains(&same) {
                same
            } else {
                least[axis]
            }
        });
        Shape::new(first.dims.g * first.dims.c, height, width)
    });
    let before = std::iter::once("input").chain(rows.iter().map(|row| row.name.as_str()));
    let graph = Graph::new(draft(
        name,
        shape,
        rows.iter().zip(before).map(|(row, input)| row.layer(input)).collect(),
    ))?;
    let mut report = Report::default();
    for ((_, layer), row) in graph.layers().zip(rows) {
        let (made, dims) = (layer.dims(1), Dims { n: 1, ..row.dims });
        if row.dims.n != 1 {
            let message = format!("layer `{}` is of {} images", row.name, row.dims.n);
            let note = "a table that is taken as one network says what one image takes";
            report.push(Diagnostic::new("layers", message).note(note).help("set n: 1"));
        }
        if made != dims {
            let [made, wanted] = [made, dims].map(|dims| format!("{} x {}", dims.oy, dims.ox));
            let message = format!("layer `{}` does not follow the one before it", row.name);
            let note =
                format!("its outputs are {wanted}; on what the layer before makes they would be {made}");
            let help = "give a table whose layers read one another, in order";
            report.push(Diagnostic::new("layers", message).note(note).help(help));
        }
    }
    report.or(graph)
}

/// Whether `text` is a list, as tables are; networks are mappings.
pub fn is_table(text: &str) -> bool {
    let source = Source { stage: "layers", file: "", text };
    matches!(source.parse(), Ok(Node { value: Value::List(_), .. }))
}

const KEYS: &[&str] =
    &["name", "op", "n", "g", "k", "c", "oy", "ox", "fy", "fx", "sy", "sx", "py", "px", "residual"];

/// Reads `text`, which `file` holds; everything that is wrong with it at once.
pub fn parse(file: &str, text: &str) -> Result<Vec<Row>, Report> {
    let mut reader = Reader::new("layers", file, text);
    let rows = reader.parse().and_then(|node| {
        let items = reader.list(&node, "the table")?;
        let rows: Vec<_> = items.iter().enumerate().map(|(i, item)| row(&mut reader, i, item)).collect();
        rows.into_iter().collect::<Option<Vec<Row>>>()
    });
    match rows {
        Some(rows) => reader.report.or(rows),
        None => Err(reader.report),
    }
}

fn row(reader: &mut Reader<'_>, i: usize, node: &Node) -> Option<Row> {
    let fields = reader.fields(node, &format!("layer {}", i + 1), KEYS)?;
    let name = reader.required(&fields, "name").and_then(|node| reader.text(node, "name"));
    let op = reader.required(&fields, "op").and_then(|node| crate::format::op(reader, node));
    let mut dim = |key: &str| {
        let number =
            reader.required(&fields, key).and_then(|node| reader.int(node, key, 1..=MAX_EXTENT as i64));
        number.map(|number| number as usize)
    };
    let dims = ["n", "g", "k", "c", "oy", "ox", "fy", "fx"].map(&mut dim);
    let mut other = |key: &str, low: i64| match fields.get(key) {
        Some(node) => reader.int(node, key, low..=MAX_EXTENT as i64).map(|number| number as usize),
        None => Some(low as usize),
    };
    let stride = ["sy", "sx"].map(|key| other(key, 1));
    let padding = ["py", "px"].map(|key| other(key, 0));
    let residual = fields.get("residual").and_then(|node| reader.text(node, "residual"));
    let [n, g, k, c, oy, ox, fy, fx] = dims;
    let row = Row {
        name: name?,
        op: op?,
        dims: Dims { n: n?, g: g?, k: k?, c: c?, oy: oy?, ox: ox?, fy: fy?, fx: fx? },
        stride: [stride[0]?, stride[1]?],
        padding: [padding[0]?, padding[1]?],
        residual,
    };
    is_sane(reader, node, &row).then_some(row)
}

/// Whether zeros for the weights of a layer, and its channels, can be held at all.
fn is_sane(reader: &mut Reader<'_>, node: &Node, row: &Row) -> bool {
    let Dims { g, k, c, fy, fx, .. } = row.dims;
    let sizes = [
        ("weights", "g * k * c * fy * fx", &[g, k, c, fy, fx][..], MAX_ELEMENTS),
        ("output channels", "g * k", &[g, k], MAX_EXTENT),
        ("input channels", "g * c", &[g, c], MAX_EXTENT),
    ];
    for (what, product, factors, most) in sizes {
        let size = factors.iter().fold(1, |size: usize, factor| size.saturating_mul(*factor));
        if size > most {
            let message = format!("layer `{}` has too many {what}", row.name);
            reader.fault(node.place, message, format!("{product} is {}", grouped(size)));
            reader.help(format!("{product} may be {} at most", grouped(most)));
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_read_with_its_defaults() {
        let text =
            "- {name: a, op: conv, n: 1, g: 1, k: 8, c: 3, oy: 14, ox: 14, fy: 3, fx: 3, sy: 2, py: 1}\n";
        let rows = parse("t.yaml", text).map_err(|report| report.to_string());
        let dims = Dims { n: 1, g: 1, k: 8, c: 3, oy: 14, ox: 14, fy: 3, fx: 3 };
        let row =
            Row { name: "a".into(), op: Op::Conv, dims, stride: [2, 1], padding: [1, 0], residual: None };
        assert_eq!(dims.macs(), 8 * 3 * 14 * 14 * 9);
        assert_eq!(rows, Ok(vec![row.clone()]));
        let graph = row.network().expect("a layer");
        let (_, layer) = graph.layers().next().expect("one layer");
        assert_eq!((layer.dims(1), layer.in_shape), (dims, Shape::new(3, 27, 16)));
        let narrow = Row { padding: [9, 0], dims: Dims { oy: 2, ..dims }, ..row };
        assert!(narrow.network().is_err(), "its padding is more than the input");
    }

    #[test]
    fn layers_that_follow_one_another_are_a_network() {
        let text = "\
- {name: a, op: conv, n: 1, g: 1, k: 8, c: 4, oy: 8, ox: 8, fy: 1, fx: 1}
- {name: b, op: shift, n: 1, g: 8, k: 1, c: 1, oy: 4, ox: 4, fy: 3, fx: 3, sy: 2, sx: 2, py: 1, px: 1}
- {name: c, op: conv, n: 1, g: 1, k: 8, c: 8, oy: 4, ox: 4, fy: 1, fx: 1, residual: b}
";
        let rows = parse("t.yaml", text).expect("a table");
        let graph = network("t", &rows).unwrap_or_else(|report| panic!("{report}"));
        assert_eq!(
            (graph.len(), graph.input.shape, graph.out_shape()),
            (3, Shape::new(4, 8, 8), Shape::new(8, 4, 4))
        );
        assert_eq!(graph.layer(crate::LayerId(2)).residual, Some(crate::Source::Layer(crate::LayerId(1))));
        assert!(rows[2].network().is_ok(), "alone it has no residual");
        let error =
            |rows: &[Row]| network("t", rows).err().map(|report| report.to_string()).unwrap_or_default();
        let apart = error(&[rows[0].clone(), rows[2].clone()]);
        assert!(apart.contains("`b`"), "{apart}");
        let many = Row { dims: Dims { n: 4, ..rows[0].dims }, ..rows[0].clone() };
        assert!(error(&[many]).contains("layer `a` is of 4 images"), "nothing of it is dropped");
        let other = Row { residual: None, ..rows[2].clone() };
        let wide = error(&[rows[0].clone(), other]);
        assert!(
            wide.contains("layer `c` does not follow the one before it") && wide.contains("would be 8 x 8"),
            "{wide}"
        );
    }

    #[test]
    fn a_table_is_told_from_a_network_by_what_it_is() {
        assert!(is_table("# of layers\n- {name: a}\n") && is_table("[{name: 'format: x'}]\n"));
        assert!(!is_table("{format: nasa-net/1}\n") && !is_table("name: a\n") && !is_table("- {"));
    }

    #[test]
    fn layers_that_no_memory_holds_are_refused() {
        let rest = "n: 1, oy: 1, ox: 1";
        for (dims, message) in [
            ("g: 1, k: 60000, c: 60000, fy: 7, fx: 7", "too many weights"),
            ("g: 65536, k: 65536, c: 65536, fy: 65536, fx: 65536", "too many weights"),
            ("g: 1024, k: 1024, c: 1, fy: 1, fx: 1", "too many output channels"),
            ("g: 1024, k: 1, c: 1024, fy: 1, fx: 1", "too many input channels"),
        ] {
            let report = parse("t.yaml", &format!("- {{name: a, op: conv, {dims}, {rest}}}\n")).err();
            let report = report.map(|report| report.to_string()).unwrap_or_default();
            assert!(report.contains(message), "{dims}: {report}");
        }
    }

    #[test]
    fn all_faults_of_a_table_are_shown() {
        let text = "- {name: a, op: con, n: 0, g: 1, k: 8, oy: 14, ox: 14, fy: 3, fx: 3, sz: 2}\n";
        let report = parse("t.yaml", text).err().map(|report| report.to_string()).unwrap_or_default();
        for message in ["unknown key `sz`", "unknown op `con`", "`n` must be between 1 and", "has no `c`"] {
            assert!(report.contains(message), "{report}");
        }
    }
}
