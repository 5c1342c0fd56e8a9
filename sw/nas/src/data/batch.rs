//! Pixels to a network's input: the int8 of the contract, augmented in training.

use super::{augment, Images};
use crate::config::{Augment, Input};
use crate::maps::Maps;
use crate::rng::Rng;
use model::Shape;
use rayon::prelude::*;

/// Purpose of the random numbers that augment; others order and divide the images.
const AUGMENT: u64 = 2;
const ORDER: u64 = 3;
const SPLIT: u64 = 4;

/// The int8 of every pixel value, a table a channel.
#[derive(Clone, Debug)]
pub struct Pixels {
    tables: Vec<[i8; 256]>,
    step: f32,
}

impl Pixels {
    /// Tables for `input`.
    pub fn new(input: &Input) -> Pixels {
        // Every value that a pixel can have, as an image of one row.
        let every = model::graph::Input {
            shape: Shape::new(input.mean.len(), 1, 256),
            scale: input.scale,
            mean: input.mean.clone(),
            std: input.std.clone(),
        };
        let values: Vec<u8> = input.mean.iter().flat_map(|_| 0..=255).collect();
        let quantised = model::pixels::quantise(&every, &values);
        let table = |values: &[i8]| {
            let mut table = [0; 256];
            table.copy_from_slice(values);
            table
        };
        Pixels { tables: quantised.chunks_exact(256).map(table).collect(), step: input.scale as f32 }
    }

    /// The int8 form of an image, channels adjacent.
    pub fn quantise<'a>(&'a self, pixels: &'a [u8]) -> impl Iterator<Item = i8> + 'a {
        let channels = self.tables.len();
        pixels.iter().enumerate().map(move |(i, pixel)| self.tables[i % channels][usize::from(*pixel)])
    }

    /// The int8 form of images `range`.
    pub fn integers(&self, images: &Images, range: std::ops::Range<usize>) -> Vec<i8> {
        range.flat_map(|i| self.quantise(images.image(i))).collect()
    }

    /// Images `range` as they are, in real units.
    pub fn plain(&self, images: &Images, range: std::ops::Range<usize>) -> Maps {
        let data = range.flat_map(|i| self.quantise(images.image(i))).map(|x| f32::from(x) * self.step);
        Maps { shape: images.shape, data: data.collect() }
    }

    /// The images `chosen`, augmented with random numbers that depend on seed, epoch and image only.
    pub fn augmented(
        &self,
        images: &Images,
        chosen: &[usize],
        augment: &Augment,
        seed: u64,
        epoch: usize,
    ) -> Maps {
        let size = images.shape.iter().product();
        let mut data = vec![0.0; chosen.len() * size];
        data.par_chunks_exact_mut(size).zip(chosen).for_each(|(data, i)| {
            let mut rng = Rng::new(seed, &[AUGMENT, epoch as u64, *i as u64]);
            let pixels = augment::augmented(images.image(*i), images.shape, augment, &mut rng);
            let values = self.quantise(&pixels).map(|x| f32::from(x) * self.step);
            data.iter_mut().zip(values).for_each(|(data, value)| *data = value);
        });
        Maps { shape: images.shape, data }
    }
}

/// The order in which `epoch` sees `count` images.
pub fn order(count: usize, seed: u64, epoch: usize) -> Vec<usize> {
    shuffled(&(0..count).collect::<Vec<usize>>(), seed, &[ORDER, epoch as u64])
}

/// `images` in an order that depends on seed and purpose only.
pub fn shuffled(images: &[usize], seed: u64, purpose: &[u64]) -> Vec<usize> {
    let mut order = images.to_vec();
    Rng::new(seed, purpose).shuffle(&mut order);
    order
}

/// Divides `count` images, 2 or more, at random: the second part has about the share `second`, each at least one.
pub fn split(count: usize, seed: u64, second: f64) -> (Vec<usize>, Vec<usize>) {
    let mut first = shuffled(&(0..count).collect::<Vec<usize>>(), seed, &[SPLIT]);
    let kept = ((count as f64 * (1.0 - second)).round() as usize).clamp(1, count - 1);
    let rest = first.split_off(kept);
    (first, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_become_the_int8_of_the_contract() {
        let pixels = Pixels::new(&Input { scale: 0.016, mean: vec![0.286], std: vec![0.353] });
        let found: Vec<i8> = pixels.quantise(&[0, 128, 255]).collect();
        assert_eq!(found, [-51, 38, 126]);
    }
}
