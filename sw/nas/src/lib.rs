//! Training of hybrid networks of convolution, shift and adder layers, and their export as integers.
//!
//! In the order in which a run passes through them:
//!
//! * [`config`]: a run as the user writes it; [`plan`]: its network with every shape known.
//! * [`data`]: labelled images from disk, and batches of them.
//! * [`kernels`]: the arithmetic of the operations, forwards and backwards; [`maps`]: what it runs on;
//!   [`gpu`]: some of it elsewhere, on request.
//! * [`layer`], [`network`], [`loss`], [`optimiser`]: learning, with gradients written out by hand.
//! * [`space`], [`search`](mod@search): what a search chooses from, and how; [`cost`]: what each choice costs;
//!   [`supernet`]: all of them in one network.
//! * [`fold`]: the integers of a trained network; [`rounded`]: the forward pass on them.
//! * [`run`](mod@run): the run's folder, its epochs, checkpoints and what it writes in the end.
//!
//! No framework stands behind it: three operations, a norm, a residual and a clamp are all that these networks
//! are made of, and their sums are added in an order that depends on nothing, so that a seed means one result.
//! How a network is mapped onto an accelerator is asked of the mapper, for the costs of a search; nothing else here knows
//! of accelerators.
//!
//! ```no_run
//! # fn main() -> Result<(), spec::error::Report> {
//! # let text = String::new();
//! let config = nas::TrainConfig::parse("train.yaml", &text)?;
//! let run = std::path::Path::new("runs/first");
//! let summary = nas::train(&config, run, false)?;
//! println!("{:.2} % of the test images are right", 100.0 * summary.last.float_accuracy);
//! let network = nas::quantize(run, std::path::Path::new("networks/first"))?;
//! println!("{:.2} % by the integers", 100.0 * network.integer_accuracy);
//! # Ok(())
//! # }
//! ```

pub mod config;
pub mod cost;
pub mod data;
pub mod fold;
pub mod gpu;
pub mod kernels;
pub mod layer;
pub mod loss;
pub mod maps;
pub mod network;
pub mod optimiser;
pub mod plan;
pub mod rng;
pub mod rounded;
pub mod run;
pub mod search;
pub mod space;
pub mod supernet;

pub use config::TrainConfig;
pub use run::quantize::{quantize, Quantized};
pub use run::search::search;
pub use run::{train, train_showing, Metrics, Show, Summary};
pub use search::SearchConfig;
