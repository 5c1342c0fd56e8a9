//! A program: instruction streams, the constants they need in DRAM, where tensors lie, and which words belong
//! to which layer. It is what the compiler hands to every executor.
//!
//! [`binary`] is its file, [`text`] its listing; both give the same value back.

pub mod binary;
pub mod text;

use crate::accelerator::Accelerator;
use crate::error::{Diagnostic, Report};
use crate::isa::table::{Queue, FETCH_WORDS, HEADER_WORDS};

/// Everything an executor needs beside the hardware and the input images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Hash of the accelerator it was compiled for.
    pub config_hash: u64,
    /// Images that one run processes.
    pub images: u32,
    /// Where the header and, right behind it, the streams lie in DRAM; a multiple of 4 KiB.
    pub base: u64,
    /// The streams, chunk by chunk, each in the order of `Queue::ALL`.
    pub streams: Vec<Vec<u64>>,
    /// Weights and requantise parameters.
    pub constants: Vec<Segment>,
    /// Where the input images go.
    pub input: Place,
    /// Where the results are found: the network's output first, then (on request) every layer's.
    pub outputs: Vec<Place>,
    /// Which words run which layer, in the order of the streams.
    pub source: Vec<Span>,
    /// First byte of DRAM that the program does not use.
    pub dram_end: u64,
}

/// Bytes at a DRAM address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// First byte.
    pub address: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// An int8 tensor of every image in DRAM, channels innermost: element (c, y, x) of image i is at
/// `address + i * image_bytes + (y * width + x) * channels + c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The layer that made it, or `input`.
    pub name: String,
    /// First byte of image 0.
    pub address: u64,
    /// Bytes from image to image.
    pub image_bytes: u64,
    /// Channels, height, width.
    pub shape: [usize; 3],
}

/// Words `first ..= last` of a stream, and what they are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Index of the stream.
    pub stream: usize,
    /// First word.
    pub first: usize,
    /// Last word.
    pub last: usize,
    /// Name of the layer.
    pub layer: String,
    /// What happens, for listings: `load weights`, `exec tile 2`.
    pub what: String,
}

impl Program {
    /// Name of a stream of an accelerator with these chunk names: `clp.ex`.
    pub fn stream_name(chunks: &[&str], stream: usize) -> String {
        format!("{}.{}", chunks[stream / 3], Queue::ALL[stream % 3].name())
    }

    /// Whether `accelerator` can run it.
    ///
    /// # Errors
    /// Where it was compiled for another configuration, or for another number of chunks.
    pub fn check(&self, accelerator: &Accelerator) -> Result<(), Report> {
        if self.config_hash == accelerator.hash && self.streams.len() == accelerator.queues() {
            return Ok(());
        }
        let hashes = format!(
            "its hash is {:016x}, that of `{}` {:016x}",
            self.config_hash, accelerator.name, accelerator.hash
        );
        let error =
            Diagnostic::new("program", "the program was compiled for another configuration").note(hashes);
        Err(error.help("compile it again with this configuration").into())
    }

    /// Byte offset of each stream from `base`; streams start at multiples of a fetch burst, so that none of its
    /// bursts crosses a page.
    pub fn stream_offsets(&self) -> Vec<u64> {
        let mut next = 8 * HEADER_WORDS as u64;
        let place = |stream: &Vec<u64>| {
            let offset = next;
            next = (next + 8 * stream.len() as u64).next_multiple_of(8 * FETCH_WORDS as u64);
            offset
        };
        self.streams.iter().map(place).collect()
    }

    /// First byte of DRAM that a run never reads: streams are fetched ahead, past the end of the last one.
    pub fn read_end(&self) -> u64 {
        self.dram_end.max(self.base + 8 * (self.image().len() + 2 * FETCH_WORDS) as u64)
    }

    /// Header and streams as they lie in DRAM from `base` on.
    pub fn image(&self) -> Vec<u64> {
        let offsets = self.stream_offsets();
        let mut words = vec![self.config_hash];
        let starts = offsets
            .iter()
            .zip(&self.streams)
            .map(|(offset, stream)| if stream.is_empty() { 0 } else { *offset });
        words.extend(starts);
        for (offset, stream) in offsets.iter().zip(&self.streams) {
            words.resize((offset / 8) as usize, 0);
            words.extend(stream);
        }
        words.resize(words.len().next_multiple_of(FETCH_WORDS), 0);
        words
    }
}
