//! Per-channel statistics of a batch, summed group by group in a fixed order.

use crate::kernels::wide::wide;
use crate::maps::{sum_over_groups, Maps};

/// Mean and variance of every channel over batch, rows and columns.
///
/// Two passes: an adder's sums lie far from 0, where a mean of squares would lose the variance.
pub fn statistics(z: &Maps) -> (Vec<f32>, Vec<f32>) {
    let channels = z.channels();
    let count = (z.data.len() / channels) as f32;
    let mean: Vec<f32> = channel_sums(z, add).iter().map(|sum| sum / count).collect();
    let squares = channel_sums(
        z,
        #[inline(always)]
        |sums, row| {
            for ((sum, z), mean) in sums.iter_mut().zip(row).zip(&mean) {
                *sum += (z - mean) * (z - mean);
            }
        },
    );
    (mean, squares.iter().map(|sum| sum / count).collect())
}

/// Sums of `g` and of `g * xhat` by channel, with `xhat = (z - mean) * inverse`.
pub fn gradient_sums(g: &Maps, z: &Maps, mean: &[f32], inverse: &[f32]) -> (Vec<f32>, Vec<f32>) {
    let channels = g.channels();
    let group = g.group_len();
    let gs: Vec<&[f32]> = g.data.chunks(group).collect();
    let zs: Vec<&[f32]> = z.data.chunks(group).collect();
    let sums = sum_over_groups(gs.len(), |i| {
        let mut sums = vec![0.0; 2 * channels];
        let (plain, weighted) = sums.split_at_mut(channels);
        wide(
            #[inline(always)]
            || {
                for (g, z) in gs[i].chunks_exact(channels).zip(zs[i].chunks_exact(channels)) {
                    add(plain, g);
                    for ((sum, g), (z, mean)) in weighted.iter_mut().zip(g).zip(z.iter().zip(mean)) {
                        *sum += g * (z - mean);
                    }
                }
            },
        );
        weighted.iter_mut().zip(inverse).for_each(|(sum, inverse)| *sum *= inverse);
        sums
    });
    (sums[..channels].to_vec(), sums[channels..].to_vec())
}

/// Sums of `g` by channel.
pub fn plain_sums(g: &Maps) -> Vec<f32> {
    channel_sums(g, add)
}

fn channel_sums(maps: &Maps, add: impl Fn(&mut [f32], &[f32]) + Sync + Send) -> Vec<f32> {
    let groups: Vec<&[f32]> = maps.data.chunks(maps.group_len()).collect();
    sum_over_groups(groups.len(), |i| {
        let mut sums = vec![0.0; maps.channels()];
        let channels = sums.len();
        wide(
            #[inline(always)]
            || {
                for row in groups[i].chunks_exact(channels) {
                    add(&mut sums, row);
                }
            },
        );
        sums
    })
}

#[inline(always)]
fn add(sums: &mut [f32], row: &[f32]) {
    sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
}
