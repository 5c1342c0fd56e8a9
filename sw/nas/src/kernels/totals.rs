//! The sums of all that a result reads, of its window and of its weights: what
//! [`Greater`](super::step::Greater) starts from.

use super::element::Element;
use super::panels::{load_row, store_row, LANES};
use super::walk::Walk;
use super::wide::{wide, Arch};
use pulp::{Simd, WithSimd};

/// Sums of a column that grow at the same time.
const CHAINS: usize = 4;

/// Sums of the columns of a row-major matrix.
pub fn column_totals<T: Element>(matrix: &[T], columns: usize) -> Vec<T> {
    let mut totals = vec![T::default(); columns];
    add_rows(matrix, &mut totals);
    totals
}

/// `totals += sum of the rows`
pub fn add_rows<T: Element>(rows: &[T], totals: &mut [T]) {
    Arch::new().dispatch(AddRows { rows, totals });
}

struct AddRows<'a, T> {
    rows: &'a [T],
    totals: &'a mut [T],
}

impl<T: Element> WithSimd for AddRows<'_, T> {
    type Output = ();

    /// Each column as [`CHAINS`] sums of every so manieth row: one alone would wait for each of its additions.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = self.totals.len();
        for vector in 0..width.div_ceil(T::lanes::<S>()) {
            let mut chains = [T::splat(simd, T::default()); CHAINS];
            let mut rounds = self.rows.chunks_exact(CHAINS * width);
            for rows in &mut rounds {
                for (i, chain) in chains.iter_mut().enumerate() {
                    let [row] = load_row::<T, S, 1>(simd, &rows[i * width..][..width], vector);
                    *chain = T::add(simd, *chain, row);
                }
            }
            for row in rounds.remainder().chunks_exact(width) {
                let [row] = load_row::<T, S, 1>(simd, row, vector);
                chains[0] = T::add(simd, chains[0], row);
            }
            let [mut total] = load_row::<T, S, 1>(simd, self.totals, vector);
            for chain in chains {
                total = T::add(simd, total, chain);
            }
            store_row::<T, S, 1>([total], self.totals, vector);
        }
    }
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
