//! What lies in DRAM before a run, and how to read tensors from it afterwards.

use model::{Shape, Tensor};
use spec::program::{Place, Program};

/// DRAM before the run: constants, program, and images with their channels innermost.
pub fn dram(program: &Program, images: &Tensor) -> Vec<u8> {
    let mut bytes = vec![0u8; program.read_end().next_multiple_of(64) as usize];
    for segment in &program.constants {
        let start = segment.address as usize;
        bytes[start..start + segment.bytes.len()].copy_from_slice(&segment.bytes);
    }
    for (i, word) in program.image().iter().enumerate() {
        let start = program.base as usize + 8 * i;
        bytes[start..start + 8].copy_from_slice(&word.to_le_bytes());
    }
    let Shape { c, h, w } = images.shape;
    for n in 0..images.n {
        let start = (program.input.address + n as u64 * program.input.image_bytes) as usize;
        for (i, value) in images.image(n).iter().enumerate() {
            let (channel, pixel) = (i / (h * w), i % (h * w));
            bytes[start + pixel * c + channel] = *value as u8;
        }
    }
    bytes
}

/// The tensor that lies at `place` in DRAM for every image.
pub fn tensor(bytes: &[u8], place: &Place, images: u32) -> Tensor {
    let [c, h, w] = place.shape;
    let mut tensor = Tensor::zeros(images as usize, Shape::new(c, h, w));
    let elements = c * h * w;
    for (i, value) in tensor.data.iter_mut().enumerate() {
        let (image, channel, pixel) = (i / elements, i / (h * w) % c, i % (h * w));
        let at = place.address + image as u64 * place.image_bytes + (pixel * c + channel) as u64;
        *value = bytes[at as usize] as i8;
    }
    tensor
}
