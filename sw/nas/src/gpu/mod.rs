//! Full adder layers on a GPU: where the program is built with the feature `gpu`, and asked to use one.
//!
//! A pass is a product of two matrices in all but what a term is. `sweep.wgsl` computes tiles of such a product, `sums.wgsl`,
//! `by_input.wgsl` and `by_weights.wgsl` say what the matrices are and what a term adds, `shape.wgsl` finds numbers in
//! a layer's maps; `pass` makes programs of them, `device` sends, runs and fetches. Depthwise layers stay with the processor, as they have few terms for
//! each number that would travel, and convolutions, which it is fast at.
//!
//! Sums have an order of their own, so that a run on a GPU is repeatable on that GPU, and not to the bit elsewhere.

#[cfg(feature = "gpu")]
mod device;
#[cfg(not(feature = "gpu"))]
mod none;
#[cfg(feature = "gpu")]
mod pass;

#[cfg(feature = "gpu")]
pub use device::Gpu;
#[cfg(not(feature = "gpu"))]
pub use none::Gpu;

use spec::error::{Diagnostic, Report};
use std::sync::OnceLock;

/// What computes full adder layers, in the whole process.
static CHOSEN: OnceLock<Gpu> = OnceLock::new();

/// From now on full adder layers are computed by the machine's GPU; returns its name.
///
/// # Errors
/// There is none, or the program has no kernels for one.
pub fn choose() -> Result<&'static str, Report> {
    if let Some(chosen) = chosen() {
        return Ok(chosen.name());
    }
    let found = Gpu::find().map_err(|why| {
        let help = if cfg!(feature = "gpu") {
            "install the GPU's driver with its Vulkan, or let the processor compute everything"
        } else {
            "build it with `cargo build --release -p nasa-cli --features gpu`, or let the processor compute everything"
        };
        Diagnostic::new("gpu", format!("no GPU can be used: {why}")).help(help)
    })?;
    Ok(CHOSEN.get_or_init(|| found).name())
}

/// The GPU that was chosen.
pub fn chosen() -> Option<&'static Gpu> {
    CHOSEN.get()
}

/// The name of the GPU, if it computed anything since this was last asked.
pub fn taken_part() -> Option<String> {
    chosen().filter(|gpu| gpu.took_part()).map(|gpu| gpu.name().to_string())
}
