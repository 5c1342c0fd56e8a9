//! Where everything lies in DRAM: input images, what layers exchange, results, constants, and the program.
//! A tensor that only other layers read has as many frames as images are under way between its making and its
//! last use (a power of two); a result has one for every image.

use crate::images;
use crate::lower::Lowered;
use crate::plan::Plan;
use crate::stages::{producers, Stages};
use crate::Options;
use mapper::parts::{parts, visits, Visit, PARAMETERS, WEIGHTS};
use model::{Graph, LayerId, Shape, Source};
use spec::accelerator::Accelerator;
use spec::isa::table::SUM_BYTES;
use spec::program::{Place, Program, Segment};
use std::collections::BTreeMap;

/// A tensor of several images.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frames {
    /// First byte of frame 0.
    pub address: u64,
    /// Bytes from frame to frame.
    pub stride: u64,
    /// There are 2^bits frames, or one for every image.
    pub bits: u32,
}

/// Where the constants of a layer lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Constants {
    /// First byte of the weights of every part, by where it begins along G, K, C, FY and FX.
    pub weights: BTreeMap<[u32; 5], u64>,
    /// First byte of the parameters of every part, by where it begins along G and K.
    pub parameters: BTreeMap<[u32; 2], u64>,
}

/// The layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Dram {
    /// The network's input.
    pub input: Frames,
    /// Outputs of the layers that are stored.
    pub outputs: Vec<Option<Frames>>,
    /// For every layer.
    pub constants: Vec<Constants>,
    /// For every layer whose partial sums are more than the buffer holds: where they lie, four bytes for every output.
    pub sums: Vec<Option<u64>>,
    segments: Vec<Segment>,
    next: u64,
}

/// Tensors start at multiples of this many bytes.
const ALIGNMENT: u64 = 64;
/// As `INDEX` counts images that all have frames of their own.
const EVERY_IMAGE: u32 = 16;
/// Programs start at multiples of this many bytes.
const PAGE: u64 = 4096;

impl Dram {
    fn take(&mut self, bytes: u64) -> u64 {
        let address = self.next;
        self.next = (address + bytes).next_multiple_of(ALIGNMENT);
        address
    }

    fn frames(&mut self, shape: Shape, count: u64, bits: u32) -> Frames {
        let stride = (shape.elements() as u64).next_multiple_of(ALIGNMENT);
        Frames { address: self.take(stride * count), stride, bits }
    }

    fn constant(&mut self, bytes: Vec<u8>) -> u64 {
        let address = self.take(bytes.len() as u64);
        self.segments.push(Segment { address, bytes });
        address
    }

    /// The frames of what a layer reads; it is stored, or nobody would ask.
    pub fn of(&self, source: Source) -> &Frames {
        match source {
            Source::Input => &self.input,
            Source::Layer(id) => self.outputs[id.0].as_ref().expect("what is read from DRAM is stored"),
        }
    }

    /// The program of these streams, and where its tensors are.
    pub fn program(
        mut self,
        accelerator: &Accelerator,
        graph: &Graph,
        options: &Options,
        code: Lowered,
    ) -> Program {
        self.next = self.next.next_multiple_of(PAGE);
        let place = |name: &str, frames: &Frames, shape: Shape| Place {
            name: name.to_string(),
            address: frames.address,
            image_bytes: frames.stride,
            shape: [shape.c, shape.h, shape.w],
        };
        let others = graph.layers().map(|(id, _)| id).filter(|id| options.dump && *id != graph.output);
        let output = |id: LayerId| {
            let layer = graph.layer(id);
            place(&layer.name, self.of(Source::Layer(id)), layer.out_shape)
        };
        let mut program = Program {
            config_hash: accelerator.hash,
            images: options.images,
            base: self.next,
            streams: code.streams,
            constants: self.segments.clone(),
            input: place("input", &self.input, graph.input.shape),
            outputs: [graph.output].into_iter().chain(others).map(output).collect(),
            source: code.source,
            dram_end: 0,
        };
        program.dram_end = program.base + 8 * program.image().len() as u64;
        program
    }
}

/// Lays out everything but the program.
pub fn layout(
    accelerator: &Accelerator,
    graph: &Graph,
    options: &Options,
    stages: &Stages,
    plan: &Plan,
) -> Dram {
    let input = Frames { address: 0, stride: 0, bits: 0 };
    let (outputs, constants, sums, segments) = (vec![], vec![], vec![], vec![]);
    let mut dram = Dram { input, outputs, constants, sums, segments, next: 0 };
    for (id, layer) in graph.layers() {
        let planned = &plan.layers[id.0];
        let post_lanes = accelerator.chunks[stages.chunk[id.0]].post_lanes;
        let mut constants = Constants::default();
        for part in parts(&planned.mapping) {
            let weights = || dram.constant(images::weights(layer, &planned.mapping, &part));
            constants.weights.entry(part.begin(WEIGHTS)).or_insert_with(weights);
            let parameters = || dram.constant(images::parameters(layer, &planned.mapping, &part, post_lanes));
            constants.parameters.entry(part.begin(PARAMETERS)).or_insert_with(parameters);
        }
        dram.constants.push(constants);
    }
    dram.input = dram.frames(graph.input.shape, options.images.into(), EVERY_IMAGE);
    for (id, layer) in graph.layers() {
        let every = options.dump || graph.output == id;
        let bits = frame_bits(graph, stages, id);
        let (count, bits) = if every { (options.images.into(), EVERY_IMAGE) } else { (1 << bits, bits) };
        let stored = plan.layers[id.0].stored;
        let frames = stored.then(|| dram.frames(layer.out_shape, count, bits));
        dram.outputs.push(frames);
        // An iteration ends with them before the next one begins.
        let leave = visits(&plan.layers[id.0].mapping).iter().any(Visit::writes);
        let bytes = u64::from(SUM_BYTES) * layer.out_shape.elements() as u64;
        let sums = leave.then(|| dram.take(bytes));
        dram.sums.push(sums);
    }
    dram
}

/// Frames that `layer`'s output needs so that it can be written while the oldest image is still to be read, as
/// a power of two.
pub fn frame_bits(graph: &Graph, stages: &Stages, layer: LayerId) -> u32 {
    let readers = (0..graph.len()).filter(|reader| producers(graph, *reader).contains(&layer.0));
    let longest = readers.map(|reader| stages.distance(layer.0, reader)).max().unwrap_or(0);
    (longest + 1).next_power_of_two().trailing_zeros()
}
