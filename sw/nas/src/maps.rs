//! `Maps`: feature maps of a batch, `[N, H, W, C]` with the channels adjacent, in groups of images that are
//! the unit of parallel work.

use rayon::prelude::*;

/// Images that one thread takes at a time. Fixed, so that sums do not depend on the number of threads.
pub const GROUP: usize = 8;

/// Feature maps of a batch of images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Maps {
    /// Height, width, channels of an image.
    pub shape: [usize; 3],
    /// Whole images, one after the other.
    pub data: Vec<f32>,
}

impl Maps {
    /// All zeros.
    pub fn zeros(images: usize, shape: [usize; 3]) -> Maps {
        Maps { shape, data: vec![0.0; images * shape.iter().product::<usize>()] }
    }

    /// Numbers in one image.
    pub fn image_len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Images in the batch.
    pub fn images(&self) -> usize {
        self.data.len() / self.image_len()
    }

    /// Channels.
    pub fn channels(&self) -> usize {
        self.shape[2]
    }

    /// Numbers in a group of images.
    pub fn group_len(&self) -> usize {
        GROUP * self.image_len()
    }

    /// Adds `other`, which has the same shape.
    pub fn add(&mut self, other: &Maps) {
        let group = self.group_len();
        self.data.par_chunks_mut(group).zip(other.data.par_chunks(group)).for_each(|(sums, others)| {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
        });
    }

    /// Adds `factor` times `other`, which has the same shape.
    pub fn add_scaled(&mut self, factor: f32, other: &Maps) {
        let group = self.group_len();
        self.data.par_chunks_mut(group).zip(other.data.par_chunks(group)).for_each(|(sums, others)| {
            sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += factor * other);
        });
    }

    /// Sum of the products with `other`, which has the same shape, group by group.
    pub fn dot(&self, other: &Maps) -> f64 {
        let group = self.group_len();
        let pairs = self.data.par_chunks(group).zip(other.data.par_chunks(group));
        let sums = pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>());
        sums.collect::<Vec<f64>>().iter().sum()
    }

    /// The greatest magnitude.
    pub fn most(&self) -> f32 {
        let groups = self.data.par_chunks(self.group_len());
        groups.map(|group| group.iter().fold(0.0, |most: f32, x| most.max(x.abs()))).reduce(|| 0.0, f32::max)
    }
}

/// Sums the vectors that `partial` makes, one a group, in the order of the groups.
pub fn sum_over_groups<F>(groups: usize, partial: F) -> Vec<f32>
where
    F: Fn(usize) -> Vec<f32> + Sync + Send,
{
    let partials: Vec<Vec<f32>> = (0..groups).into_par_iter().map(partial).collect();
    let mut partials = partials.into_iter();
    let mut total = partials.next().unwrap_or_default();
    for partial in partials {
        total.iter_mut().zip(&partial).for_each(|(sum, term)| *sum += term);
    }
    total
}
