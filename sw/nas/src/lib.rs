//! Training of hybrid networks of convolution, shift and adder layers, and their export as integers.

pub mod config;
pub mod data;
pub mod fold;
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

pub use config::TrainConfig;
pub use run::{train, Metrics, Summary};
