//! `Node`: an operation of an ONNX graph with a name to show, its attributes by type, and what is wrong with it.

use super::proto::{AttributeProto, NodeProto};
use model::draft::MAX_EXTENT;

/// An operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its name; where it has none that of its output.
    pub name: String,
    /// Position in the graph.
    pub index: usize,
    /// As the file has it.
    pub proto: NodeProto,
}

/// Why a node cannot be lowered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong, after the name of the node.
    pub message: String,
    /// Figures.
    pub note: Option<String>,
    /// What the user can do.
    pub help: String,
}

impl Unfit {
    /// `message`, with `help`.
    pub fn new(message: impl Into<String>, help: impl Into<String>) -> Unfit {
        Unfit { message: message.into(), note: None, help: help.into() }
    }

    /// With figures.
    pub fn note(self, note: impl Into<String>) -> Unfit {
        Unfit { note: Some(note.into()), ..self }
    }
}

impl Node {
    /// The `index`-th node of a graph.
    pub fn new(index: usize, proto: NodeProto) -> Node {
        let output = proto.output.iter().find(|name| !name.is_empty()).cloned();
        let name = match proto.name.is_empty() {
            true => output.unwrap_or_else(|| format!("node {index}")),
            false => proto.name.clone(),
        };
        Node { name, index, proto }
    }

    /// Its op, with who defines it unless that is ONNX.
    pub fn op(&self) -> String {
        match self.domain() {
            "" => self.proto.op_type.clone(),
            domain => format!("{domain}::{}", self.proto.op_type),
        }
    }

    /// Who defines its op; empty for ONNX itself.
    pub fn domain(&self) -> &str {
        match self.proto.domain.as_str() {
            "ai.onnx" => "",
            domain => domain,
        }
    }

    /// The name of the `i`-th value that it reads, unless that is left out.
    pub fn input(&self, i: usize) -> Option<&str> {
        self.proto.input.get(i).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The name of its first output.
    pub fn output(&self) -> &str {
        self.proto.output.first().map_or("", String::as_str)
    }

    fn attribute(&self, name: &str) -> Option<&AttributeProto> {
        self.proto.attribute.iter().find(|attribute| attribute.name == name)
    }

    /// A whole number; `default` where it is left out.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |attribute| attribute.i)
    }

    /// A number; `default` where it is left out.
    pub fn float(&self, name: &str, default: f32) -> f32 {
        self.attribute(name).map_or(default, |attribute| attribute.f)
    }

    /// Whole numbers, where they are written.
    pub fn ints(&self, name: &str) -> Option<&[i64]> {
        self.attribute(name).map(|attribute| &attribute.ints[..])
    }

    /// A text; empty where it is left out.
    pub fn text(&self, name: &str) -> String {
        self.attribute(name)
            .map_or(String::new(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned())
    }

    /// Two numbers of at least `least`, one for rows and one for columns; `default` where they are left out.
    pub fn pair(&self, name: &str, default: [usize; 2], least: i64) -> Result<[usize; 2], Unfit> {
        let Some(written) = self.ints(name) else {
            return Ok(default);
        };
        match written {
            [rows, columns] if *rows >= least && *columns >= least => {
                let fault = || Unfit::new(format!("`{name}` is {written:?}"), "write smaller numbers");
                let both = extent(*rows).zip(extent(*columns));
                both.map(|(rows, columns)| [rows, columns]).ok_or_else(fault)
            }
            _ => Err(Unfit::new(
                format!("`{name}` is {written:?}"),
                "layers have two dimensions, rows and columns",
            )),
        }
    }
}

/// `size` as a number of rows, columns or channels, of which there are at most [`MAX_EXTENT`].
pub fn extent(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|size| *size <= MAX_EXTENT)
}
