//! `Draft`: a network as somebody wants it, before it is known to be one. Layers name what they read; shapes
//! are not written but derived, and every rule about structure is checked here, once, for all makers of
//! networks. Faults name a layer and a key, so that a reader of files can point at the place.

mod check;
mod cycles;

use crate::graph::{Input, Layer, Padding, Parameters};
use check::Checker;
use spec::error::{Diagnostic, Report};
use spec::op::Op;

/// The largest extent of any dimension, so that no product of dimensions can overflow.
pub const MAX_EXTENT: usize = 65_536;
/// The most activations of one image that one feature map may have.
pub const MAX_ELEMENTS: usize = 1 << 30;

/// A network that has not been checked.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What it is fed.
    pub input: Input,
    /// Names of the classes, or empty.
    pub classes: Vec<String>,
    /// In topological order.
    pub layers: Vec<LayerDraft>,
    /// Name of the layer that makes the output; the last where left out.
    pub output: Option<String>,
}

/// A layer that has not been checked. Fields mean what they mean in [`Layer`].
#[derive(Clone, Debug)]
pub struct LayerDraft {
    /// Unique in the network.
    pub name: String,
    /// What its terms are.
    pub op: Op,
    /// `input`, or the name of an earlier layer.
    pub input: String,
    /// `input`, or the name of an earlier layer.
    pub residual: Option<String>,
    /// Channels of the output.
    pub out_channels: usize,
    /// Rows and columns.
    pub kernel: [usize; 2],
    /// Rows and columns.
    pub stride: [usize; 2],
    /// Zeros around the input.
    pub padding: Padding,
    /// 1 for a full convolution, the input's channels for depthwise.
    pub groups: usize,
    /// Smallest and largest output.
    pub clamp: (i8, i8),
    /// Weights and requantisation; still empty where they come from another file.
    pub parameters: Parameters,
}

/// A rule that a draft breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Index of the layer; `None` for the network itself.
    pub layer: Option<usize>,
    /// The key that is to blame, as network files spell it.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
    /// The figures that show it.
    pub note: String,
    /// What to do, where we know.
    pub help: Option<String>,
}

impl Fault {
    /// A fault of the `layer`-th layer.
    pub fn new(layer: usize, key: &'static str, message: String, note: impl Into<String>) -> Fault {
        Fault { layer: Some(layer), key, message, note: note.into(), help: None }
    }

    /// Says what to do.
    pub fn help(self, help: impl Into<String>) -> Fault {
        Fault { help: Some(help.into()), ..self }
    }

    /// Faults of a draft that is in no file.
    pub fn report(faults: Vec<Fault>) -> Report {
        let place = |fault: Fault| {
            let diagnostic = Diagnostic::new("network", fault.message).note(fault.note);
            Diagnostic { help: fault.help, ..diagnostic }
        };
        Report(faults.into_iter().map(place).collect())
    }
}

impl Draft {
    /// Position of the layer that makes the output; `None` where it is left out or unknown.
    pub fn output_index(&self) -> Option<usize> {
        let output = self.output.as_ref()?;
        self.layers.iter().position(|layer| layer.name == *output)
    }

    /// The layers with their shapes, or every rule of structure that is broken. Parameters pass unchecked.
    pub fn check(&self) -> Result<Vec<Layer>, Vec<Fault>> {
        Checker::check(self, &Doubts::default())
    }

    /// What else is wrong with a draft of which some parts could not be read.
    pub(crate) fn check_despite(&self, doubts: &Doubts) -> Vec<Fault> {
        Checker::check(self, doubts).err().unwrap_or_default()
    }
}

/// Parts of a draft that were not readable and only hold a place: their faults are known already, and nothing
/// is to be concluded from their shapes. A layer whose very name was not readable has an empty one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubts {
    /// The network's input.
    pub input: bool,
    /// Positions of layers.
    pub layers: Vec<usize>,
}
