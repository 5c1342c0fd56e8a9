//! Where everything lies in DRAM: input images, what layers exchange, results, constants, and the program.
//! A tensor that only other layers read has as many frames as images are under way between its making and its
//! last use (a power of two); a result has one for every image.

use crate::images;
use crate::lower::Lowered;
use crate::plan::{Part, Plan};
use crate::stages::{producers, Stages};
use crate::Options;
use model::{Graph, LayerId, Shape, Source};
use spec::accelerator::Accelerator;
use spec::program::{Place, Program, Segment};

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

/// The constants of one range of a layer's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constants {
    /// First byte of the weights.
    pub weights: u64,
    /// First byte of the parameters.
    pub parameters: u64,
}

/// The layout.
#[derive(Clone, Debug, PartialEq)]
pub struct Dram {
    /// The network's input.
    pub input: Frames,
    /// Outputs of the layers that are stored.
    pub outputs: Vec<Option<Frames>>,
    /// For every layer, for every range of its channels.
    pub constants: Vec<Vec<Constants>>,
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
    let mut dram = Dram { input, outputs: vec![], constants: vec![], segments: vec![], next: 0 };
    for (id, layer) in graph.layers() {
        let planned = &plan.layers[id.0];
        let ranges: Vec<Part> = planned.parts().into_iter().filter(|part| part.y.0 == 0).collect();
        let post_lanes = accelerator.chunks[stages.chunk[id.0]].post_lanes;
        let place = |part: &Part| Constants {
            weights: dram.constant(images::weights(layer, &planned.mapping, part)),
            parameters: dram.constant(images::parameters(layer, &planned.mapping, part, post_lanes)),
        };
        let constants = ranges.iter().map(place).collect();
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
