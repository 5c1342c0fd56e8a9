//! The sums of all that a result reads, of its window and of its weights: what
//! [`Greater`](super::step::Greater) starts from.

use super::element::Element;
use super::panels::LANES;
use super::walk::Walk;
use super::wide::wide;

/// Sums of the columns of a row-major matrix.
pub fn column_totals<T: Element>(matrix: &[T], columns: usize) -> Vec<T> {
    let mut totals = vec![T::default(); columns];
    add_rows(matrix, &mut totals);
    totals
}

/// `totals += sum of the rows`
pub fn add_rows<T: Element>(rows: &[T], totals: &mut [T]) {
    wide(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(totals.len()) {
                totals.iter_mut().zip(row).for_each(|(total, number)| *total = total.plus(*number));
            }
        },
    );
}

/// Sum of the window of each result of the walk.
pub fn window_totals<'a, T: Element>(walk: &Walk, source: &[T], room: &'a mut Room<T>) -> &'a [T] {
    let Room { pixels, windows } = room;
    pixels.resize(source.len() / walk.channels, T::default());
    windows.resize(walk.starts.len(), T::default());
    wide(
        #[inline(always)]
        || {
            for (total, pixel) in pixels.iter_mut().zip(source.chunks_exact(walk.channels)) {
                *total = sum(pixel);
            }
            for (start, target) in walk.starts.iter().zip(&walk.targets) {
                let pixels = walk.taps.iter().map(|(offset, _)| pixels[(start + offset) / walk.channels]);
                windows[*target] = pixels.fold(T::default(), T::plus);
            }
        },
    );
    windows
}

/// Memory that [`window_totals`] uses again and again.
#[derive(Debug, Default)]
pub struct Room<T> {
    pixels: Vec<T>,
    windows: Vec<T>,
}

/// Sum in an order of its own, the same whatever vectors there are.
#[inline(always)]
fn sum<T: Element>(numbers: &[T]) -> T {
    let mut lanes = [T::default(); LANES];
    let chunks = numbers.chunks_exact(LANES);
    let rest = chunks.remainder().iter().fold(T::default(), |sum, number| sum.plus(*number));
    for chunk in chunks {
        lanes.iter_mut().zip(chunk).for_each(|(lane, number)| *lane = lane.plus(*number));
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] = lanes[lane].plus(lanes[lane + half]);
        }
        half /= 2;
    }
    lanes[0].plus(rest)
}
