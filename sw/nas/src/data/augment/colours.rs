//! Effects that change values: mixtures with another picture, other values for all, and tables of them, a channel each.

use super::Picture;

/// From `other` to `picture` and, with a factor above 1, beyond it.
pub fn between(picture: &Picture, other: &Picture, factor: f32) -> Picture {
    let mixed = |(value, other): (&u8, &u8)| {
        let (value, other) = (f32::from(*value), f32::from(*other));
        (other + factor * (value - other)) as u8 // Cut off, and held within 0 to 255.
    };
    let pixels = picture.pixels.iter().zip(&other.pixels).map(mixed).collect();
    Picture { shape: picture.shape, pixels }
}

/// Without colour; of one channel as it is.
pub fn grey(picture: &Picture) -> Picture {
    let channels = picture.shape[2];
    let pixels = picture.pixels.chunks_exact(channels).flat_map(|pixel| vec![luminance(pixel); channels]);
    Picture { shape: picture.shape, pixels: pixels.collect() }
}

/// All of the mean grey.
pub fn mean_grey(picture: &Picture) -> Picture {
    let pixels = picture.pixels.chunks_exact(picture.shape[2]);
    let count = pixels.len();
    let sum: u64 = pixels.map(|pixel| u64::from(luminance(pixel))).sum();
    let mean = (sum as f64 / count as f64 + 0.5) as u8;
    Picture { shape: picture.shape, pixels: vec![mean; picture.pixels.len()] }
}

/// Of nothing.
pub fn black(picture: &Picture) -> Picture {
    Picture { shape: picture.shape, pixels: vec![0; picture.pixels.len()] }
}

/// How bright a pixel is (ITU-R 601); other than of three channels, its first value.
fn luminance(pixel: &[u8]) -> u8 {
    match pixel {
        [red, green, blue] => {
            let [red, green, blue] = [red, green, blue].map(|value| u32::from(*value));
            ((19_595 * red + 38_470 * green + 7_471 * blue + (1 << 15)) >> 16) as u8
        }
        _ => pixel[0],
    }
}

/// Every pixel mixed with its neighbours, which count a fifth of it each; those at the edge stay.
pub fn smooth(picture: &Picture) -> Picture {
    let [height, width, channels] = picture.shape;
    let mut pixels = picture.pixels.clone();
    for y in 1..height.saturating_sub(1) {
        for x in 1..width.saturating_sub(1) {
            for channel in 0..channels {
                let at = |y: usize, x: usize| u32::from(picture.pixels[(y * width + x) * channels + channel]);
                let around: u32 = (y - 1..=y + 1).flat_map(|y| (x - 1..=x + 1).map(move |x| at(y, x))).sum();
                let sum = around + 4 * at(y, x);
                pixels[(y * width + x) * channels + channel] = ((2 * sum + 13) / 26) as u8;
            }
        }
    }
    Picture { shape: picture.shape, pixels }
}

/// Every value replaced by another.
pub fn by_value(picture: &Picture, map: impl Fn(u8) -> u8) -> Picture {
    let pixels = picture.pixels.iter().map(|value| map(*value)).collect();
    Picture { shape: picture.shape, pixels }
}

/// Every value replaced by a table, which `table` makes of how often each value is there in the channel.
pub fn by_channel(picture: &Picture, table: impl Fn(&[u32; 256]) -> [u8; 256]) -> Picture {
    let channels = picture.shape[2];
    let mut pixels = picture.pixels.clone();
    for channel in 0..channels {
        let mut counts = [0; 256];
        picture
            .pixels
            .iter()
            .skip(channel)
            .step_by(channels)
            .for_each(|value| counts[usize::from(*value)] += 1);
        let table = table(&counts);
        pixels
            .iter_mut()
            .skip(channel)
            .step_by(channels)
            .for_each(|value| *value = table[usize::from(*value)]);
    }
    Picture { shape: picture.shape, pixels }
}

/// The values as they are.
fn same() -> [u8; 256] {
    std::array::from_fn(|value| value as u8)
}

/// From the least value at 0 to the greatest at 255.
pub fn spread(counts: &[u32; 256]) -> [u8; 256] {
    let least = counts.iter().position(|count| *count > 0).unwrap_or(0);
    let most = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
    if most <= least {
        return same();
    }
    let scale = 255.0 / (most - least) as f64;
    let offset = -(least as f64) * scale;
    std::array::from_fn(|value| (value as f64 * scale + offset) as u8)
}

/// Equally many of every value, as far as tables can.
pub fn equally_frequent(counts: &[u32; 256]) -> [u8; 256] {
    let there = || counts.iter().filter(|count| **count > 0);
    let last = there().next_back().copied().unwrap_or(0);
    let step = (counts.iter().sum::<u32>() - last) / 255;
    if there().count() <= 1 || step == 0 {
        return same();
    }
    let mut below = step / 2;
    counts.map(|count| {
        let value = (below / step).min(255) as u8;
        below += count;
        value
    })
}
