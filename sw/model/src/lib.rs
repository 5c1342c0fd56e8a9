//! The network: as it is on disk, as a checked graph, and as numbers.
//!
//! * [`graph`]: a checked network, and what may be relied upon.
//! * [`draft`]: a network before it is checked; every rule of structure.
//! * [`parameters`]: the rules of weights and requantisation.
//! * [`format`](mod@format), [`weights`], [`yaml`]: reading network files; [`save`] writes them.
//! * [`table`]: a list of layers without weights, for mapping studies.
//! * [`quantise`]: real numbers made the integers of a layer.
//! * [`tensor`], [`npy`], [`pixels`]: feature maps, their files, and pixels made int8.
//! * [`reference`](mod@reference): the executor that says what is right.
//! * [`random`], [`shrink`]: networks for fuzzing, and smaller ones that still fail.
//!
//! No file is opened here: readers take text or bytes, and a file's name only for messages. How a network is
//! mapped onto an accelerator is not known here either.

pub mod draft;
pub mod format;
pub mod graph;
mod layer;
pub mod npy;
pub mod parameters;
pub mod pixels;
pub mod quantise;
pub mod random;
pub mod reference;
pub mod save;
pub mod shrink;
pub mod table;
pub mod tensor;
pub mod weights;
pub mod yaml;

pub use graph::{Dims, Graph, Layer, LayerId, Shape, Source};
pub use tensor::Tensor;
