//! `--gpu`: who computes the adder layers of a search or a training.

use crate::console::Console;
use clap::Args;
use spec::error::Report;

/// What computes beside the processor.
#[derive(Args, Default)]
pub struct Device {
    /// Full adder layers are computed by the machine's GPU, of a program that is built with the feature `gpu`.
    #[arg(long)]
    pub gpu: bool,
}

impl Device {
    /// Learns on what was asked for, and says what that is.
    ///
    /// # Errors
    /// There is no GPU; those of `learning`.
    pub fn learn<T>(
        &self,
        console: &Console,
        learning: impl FnOnce() -> Result<T, Report>,
    ) -> Result<T, Report> {
        if self.gpu {
            console.say(format!("adder layers are computed by {}", nas::gpu::choose()?));
        }
        let found = learning();
        if let Some(why) = nas::gpu::chosen().filter(|_| self.gpu).and_then(nas::gpu::Gpu::fault) {
            let what = "warning: the GPU failed, and the processor did the rest of its work";
            console.say(format!("{what}: {why}"));
        }
        found
    }
}
