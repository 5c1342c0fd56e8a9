//! Matrix products of patches and weights, and their two gradients, for both taps.
//!
//! With `x` `[rows, terms]`, `w` `[terms, columns]`, `y` and `g` `[rows, columns]`, row-major:
//!
//! ```text
//! forward          y = x . w                      y = -sum |x - w|
//! by the input     dx = g . w^T                   dx = sum g * clamp(w - x, -1, 1)
//! by the weights   dw = x^T . g                   dw = sum g * (x - w) = x^T . g - w * sum g
//! ```
//!
//! The adder's gradients are those of AdderNet, which replace the signs of the true ones.
//! A tile of the result stays in registers while the sum runs; ragged edges are computed on padded columns.

use super::element::Element;
use super::wide::wide;
use super::Tap;

/// Columns of a tile.
const COLUMNS: usize = 16;
/// Rows of a tile, where that many are left.
const ROWS: usize = 8;

/// A matrix cut into panels of equal width, the last one filled up with zeros.
#[derive(Clone, Debug, Default)]
pub struct Panels<T> {
    rows: usize,
    columns: usize,
    lanes: Vec<[T; COLUMNS]>,
}

impl<T: Element> Panels<T> {
    /// Packs the row-major `rows` x `columns` matrix.
    pub fn pack(matrix: &[T], rows: usize, columns: usize) -> Panels<T> {
        let mut panels = Panels::zeros(rows, columns);
        for (row, numbers) in matrix.chunks_exact(columns).enumerate() {
            for (panel, numbers) in numbers.chunks(COLUMNS).enumerate() {
                panels.lanes[panel * rows + row][..numbers.len()].copy_from_slice(numbers);
            }
        }
        panels
    }

    /// Packs the transpose of the row-major `columns` x `rows` matrix.
    pub fn transposed(matrix: &[T], rows: usize, columns: usize) -> Panels<T> {
        let mut panels = Panels::zeros(rows, columns);
        for (column, numbers) in matrix.chunks_exact(rows).enumerate() {
            let panel = &mut panels.lanes[column / COLUMNS * rows..][..rows];
            panel.iter_mut().zip(numbers).for_each(|(lanes, number)| lanes[column % COLUMNS] = *number);
        }
        panels
    }

    fn zeros(rows: usize, columns: usize) -> Panels<T> {
        let lanes = vec![[T::default(); COLUMNS]; rows * columns.div_ceil(COLUMNS)];
        Panels { rows, columns, lanes }
    }

    /// Panels with the index of their first column.
    fn iter(&self) -> impl Iterator<Item = (usize, &[[T; COLUMNS]])> {
        (0..self.columns.div_ceil(COLUMNS)).map(|i| (i * COLUMNS, &self.lanes[i * self.rows..][..self.rows]))
    }
}

/// Writes `y`; `x` has one row of `w.rows` numbers per row of `y`.
pub fn forward<T: Element>(tap: Tap, x: &[T], w: &Panels<T>, y: &mut [T]) {
    match tap {
        Tap::Product => wide(
            #[inline(always)]
            || sweep(x, w, y, |sum: T, _, a, b| sum.add_product(a, b)),
        ),
        Tap::Distance => wide(
            #[inline(always)]
            || sweep(x, w, y, |sum: T, _, a, b| sum.sub_distance(a, b)),
        ),
    }
}

/// Writes `dx`; `wt` packs the transposed weights, `x` is needed by [`Tap::Distance`] only.
pub fn backward_input(tap: Tap, g: &[f32], wt: &Panels<f32>, x: &[f32], dx: &mut [f32]) {
    match tap {
        Tap::Product => wide(
            #[inline(always)]
            || sweep(g, wt, dx, |sum: f32, _, a, b| sum + a * b),
        ),
        Tap::Distance => {
            dx.copy_from_slice(x); // The tile kernel shows each step what stood in the result before.
            wide(
                #[inline(always)]
                || sweep(g, wt, dx, |sum: f32, x, a, b: f32| sum + a * (b - x).clamp(-1.0, 1.0)),
            )
        }
    }
}

/// Adds to `dw` `[terms, columns]` what these rows contribute.
pub fn backward_weights(tap: Tap, x: &[f32], g: &[f32], w: &[f32], columns: usize, dw: &mut [f32]) {
    let panels = Panels::pack(g, g.len() / columns, columns);
    let xt = transpose(x, dw.len() / columns);
    let mut sums = vec![0.0; dw.len()];
    wide(
        #[inline(always)]
        || sweep(&xt, &panels, &mut sums, |sum: f32, _, a, b| sum + a * b),
    );
    dw.iter_mut().zip(&sums).for_each(|(dw, sum)| *dw += sum);
    if tap == Tap::Distance {
        let mut totals = vec![0.0f32; columns];
        for row in g.chunks_exact(columns) {
            totals.iter_mut().zip(row).for_each(|(total, g)| *total += g);
        }
        for (dw, w) in dw.chunks_exact_mut(columns).zip(w.chunks_exact(columns)) {
            dw.iter_mut().zip(w).zip(&totals).for_each(|((dw, w), total)| *dw -= w * total);
        }
    }
}

/// `out[row][column] = sum over k of step(sum, out before, a[row][k], b[k][column])`.
#[inline(always)]
fn sweep<T: Element>(a: &[T], b: &Panels<T>, out: &mut [T], step: impl Fn(T, T, T, T) -> T + Copy) {
    let (terms, columns) = (b.rows, b.columns);
    let mut a_rest = a;
    let mut out_rest = out;
    while out_rest.len() >= ROWS * columns {
        let (a_tile, a_next) = a_rest.split_at(ROWS * terms);
        let (out_tile, out_next) = out_rest.split_at_mut(ROWS * columns);
        tile::<T, ROWS>(a_tile, b, out_tile, step);
        (a_rest, out_rest) = (a_next, out_next);
    }
    for (a_row, out_row) in a_rest.chunks_exact(terms).zip(out_rest.chunks_exact_mut(columns)) {
        tile::<T, 1>(a_row, b, out_row, step);
    }
}

/// [`sweep`] over `R` rows.
#[inline(always)]
fn tile<T: Element, const R: usize>(
    a: &[T],
    b: &Panels<T>,
    out: &mut [T],
    step: impl Fn(T, T, T, T) -> T + Copy,
) {
    for (first, panel) in b.iter() {
        let width = COLUMNS.min(b.columns - first);
        let mut before = [[T::default(); COLUMNS]; R];
        for (row, before) in before.iter_mut().enumerate() {
            copy_lanes(&out[row * b.columns + first..][..width], before);
        }
        let mut rows = [a; R];
        for (row, start) in rows.iter_mut().enumerate() {
            *start = &a[row * b.rows..][..panel.len()];
        }
        let mut sums = [[T::default(); COLUMNS]; R];
        for (k, lanes) in panel.iter().enumerate() {
            for row in 0..R {
                let factor = rows[row][k];
                for lane in 0..COLUMNS {
                    sums[row][lane] = step(sums[row][lane], before[row][lane], factor, lanes[lane]);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            copy_lanes(sums, &mut out[row * b.columns + first..][..width]);
        }
    }
}

/// Copies as many numbers as both have; a whole tile's row without a call.
#[inline(always)]
fn copy_lanes<T: Copy>(from: &[T], to: &mut [T]) {
    let count = from.len().min(to.len());
    if count == COLUMNS {
        to[..COLUMNS].copy_from_slice(&from[..COLUMNS]);
    } else {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// The transpose of the row-major matrix `x` of `columns` columns.
fn transpose(x: &[f32], columns: usize) -> Vec<f32> {
    let rows = x.len() / columns;
    let mut out = vec![0.0; x.len()];
    for (row, numbers) in x.chunks_exact(columns).enumerate() {
        out.iter_mut().skip(row).step_by(rows).zip(numbers).for_each(|(out, number)| *out = *number);
    }
    out
}
