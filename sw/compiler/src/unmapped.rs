//! The error of a layer without a legal mapping: what every dataflow is short of, and what would be enough.

use crate::banks;
use crate::stages::Stages;
use mapper::cut::Ways;
use mapper::dataflow::DATAFLOWS;
use mapper::search::widest_cuts;
use mapper::tiling::{Footprint, Shortage};
use mapper::{Dim, Work};
use model::{Graph, Layer};
use spec::accelerator::{Accelerator, Chunk};
use spec::error::Diagnostic;
use spec::isa::table::BUFFER_BITS;

/// A layer that has no legal mapping.
pub struct Unmapped<'a> {
    pub accelerator: &'a Accelerator,
    pub graph: &'a Graph,
    pub stages: &'a Stages,
    pub layer: &'a Layer,
    /// Index of its chunk.
    pub chunk: usize,
    /// One a dataflow.
    pub shortages: &'a [Shortage],
}

impl Unmapped<'_> {
    /// As the user reads it.
    pub fn diagnostic(&self) -> Diagnostic {
        let (chunk, work) = (self.array(), Work::from(self.layer));
        let message = format!("layer `{}` has no legal mapping on the {}", self.layer.name, chunk.name());
        let mut error = Diagnostic::new("mapping", message).note(format!("its loops are {}", work.size));
        // Dataflows that differ may be short of the same.
        let mut said: Vec<String> = Vec::new();
        for sentence in self.shortages.iter().map(Shortage::sentence) {
            if !said.contains(&sentence) {
                said.push(sentence.clone());
                error = error.note(sentence);
            }
        }
        match self.shortages.first() {
            Some(shortage) => error.help(shortage.help(chunk).unwrap_or_else(|| self.banks(&work))),
            None => error.help("choose another chunk for it, or another layer"),
        }
    }

    fn array(&self) -> &Chunk {
        &self.accelerator.chunks[self.chunk]
    }

    /// The smallest banks with which the layer fits.
    fn banks(&self, work: &Work) -> String {
        let most = (1 << (BUFFER_BITS - 10)) / self.accelerator.buffer.banks;
        let (mut short, mut enough) = (self.accelerator.buffer.bank_bytes >> 10, most);
        while enough - short > 1 {
            let middle = short + (enough - short) / 2;
            *if self.fits(work, middle) { &mut enough } else { &mut short } = middle;
        }
        format!("set buffer.bank_kib: {enough}")
    }

    /// Whether a part of the layer fits banks of `kib` KiB.
    fn fits(&self, work: &Work, kib: u32) -> bool {
        let mut larger = self.accelerator.clone();
        larger.buffer.bank_bytes = kib << 10;
        let Ok(regions) = banks::split(&larger, self.graph, self.stages, None, Ways::Simple) else {
            return false;
        };
        let (chunk, line_bytes) = (self.array(), larger.buffer.line_bytes);
        DATAFLOWS.iter().filter(|dataflow| (dataflow.suits)(chunk, work)).any(|dataflow| {
            let (unroll, post_lanes) = (&dataflow.unroll(chunk, line_bytes, work), chunk.post_lanes);
            let print = Footprint { work, unroll, line_bytes, post_lanes };
            let capacity = regions[self.chunk].capacity(chunk, print.overshoot(work.size[Dim::G]));
            widest_cuts(&larger, chunk, work, dataflow, &capacity, Ways::Simple).is_ok()
        })
    }
}
