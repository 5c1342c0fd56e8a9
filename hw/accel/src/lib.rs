//! The generator: from a checked [`Accelerator`] to a hardware description.
//!
//! One file is one block: [`pe`], [`array`], [`fill`], [`compute`], [`reduce`], [`drain`], [`post`] and [`requantiser`]
//! make a [`chunk`]; [`stream`] and [`queue`] execute instructions; [`transfer`], [`dma_read`] and [`dma_write`] move
//! data; [`core`] connects them around the [`buffer`], and [`top`] adds the [`control`] port.
//!
//! This crate knows neither networks nor mappings, and opens no files: it returns a module.

pub mod array;
pub mod buffer;
pub mod chunk;
pub mod compute;
pub mod control;
pub mod core;
pub mod counters;
pub mod dma_read;
pub mod dma_write;
pub mod drain;
pub mod fill;
pub mod header;
mod interfaces;
pub mod nest;
pub mod pe;
pub mod post;
pub mod queue;
pub mod reduce;
pub mod requantiser;
pub mod stream;
pub mod tokens;
pub mod top;
pub mod transfer;
mod wiring;

use hdl::{Errors, Module};
use spec::accelerator::Accelerator;
use std::sync::Arc;

/// The accelerator as a module with an AXI4 master and an AXI4-Lite slave.
///
/// # Errors
/// Only where this generator itself is wrong: every checked accelerator has a module.
pub fn generate(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    top::module(accelerator)
}
