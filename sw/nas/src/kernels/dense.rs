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
use super::Tap;
use pulp::Arch;

/// Columns of a tile.
const COLUMNS: usize = 8;
/// Rows of a tile, where that many are left.
const ROWS: usize = 8;

/// A matrix cut into panels of [`COLUMNS`] columns, the last one filled up with zeros.
#[derive(Clone, Debug, Default)]
pub struct Panels<T> {
    rows: usize,
    columns: usize,
    lanes: Vec<[T; COLUMNS]>,
}

impl<T: Element> Panels<T> {
    /// Packs the row-major `rows` x `columns` matrix.
    pub fn pack(matrix: &[T], rows: usize, columns: usize) -> Panels<T> {
        Panels::build(rows, columns, |row, column| matrix[row * columns + column])
    }

    /// Packs the transpose of the row-major `columns` x `rows` matrix.
    pub fn transposed(matrix: &[T], rows: usize, columns: usize) -> Panels<T> {
        Panels::build(rows, columns, |row, column| matrix[column * rows + row])
    }

    fn build(rows: usize, columns: usize, at: impl Fn(usize, usize) -> T) -> Panels<T> {
        let mut lanes = vec![[T::default(); COLUMNS]; rows * columns.div_ceil(COLUMNS)];
        for column in 0..columns {
            let panel = &mut lanes[column / COLUMNS * rows..][..rows];
            for (row, lane) in panel.iter_mut().enumerate() {
                lane[column % COLUMNS] = at(row, column);
            }
        }
        Panels { rows, columns, lanes }
    }

    /// Panels with the index of their first column.
    fn iter(&self) -> impl Iterator<Item = (usize, &[[T; COLUMNS]])> {
        (0..self.columns.div_ceil(COLUMNS)).map(|i| (i * COLUMNS, &self.lanes[i * self.rows..][..self.rows]))
    }
}

/// Writes `y`; `x` has one row of `w.rows` numbers per row of `y`.
pub fn forward<T: Element>(tap: Tap, x: &[T], w: &Panels<T>, y: &mut [T]) {
    let arch = Arch::new();
    match tap {
        Tap::Product => arch.dispatch(
            #[inline(always)]
            || sweep(x, w, y, |sum: T, _, a, b| sum.add_product(a, b)),
        ),
        Tap::Distance => arch.dispatch(
            #[inline(always)]
            || sweep(x, w, y, |sum: T, _, a, b| sum.sub_distance(a, b)),
        ),
    }
}

/// Writes `dx`; `wt` packs the transposed weights, `x` is needed by [`Tap::Distance`] only.
pub fn backward_input(tap: Tap, g: &[f32], wt: &Panels<f32>, x: &[f32], dx: &mut [f32]) {
    let arch = Arch::new();
    match tap {
        Tap::Product => arch.dispatch(
            #[inline(always)]
            || sweep(g, wt, dx, |sum: f32, _, a, b| sum + a * b),
        ),
        Tap::Distance => {
            dx.copy_from_slice(x); // The tile kernel shows each step what stood in the result before.
            arch.dispatch(
                #[inline(always)]
                || sweep(g, wt, dx, |sum: f32, x, a, b: f32| sum + a * (b - x).clamp(-1.0, 1.0)),
            )
        }
    }
}

/// Adds to `dw` `[terms, columns]` what these rows contribute.
pub fn backward_weights(tap: Tap, x: &[f32], g: &[f32], w: &[f32], columns: usize, dw: &mut [f32]) {
    let terms = dw.len() / columns;
    Arch::new().dispatch(
        #[inline(always)]
        || outer_products(x, g, terms, columns, dw),
    );
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
            before[..width].copy_from_slice(&out[row * b.columns + first..][..width]);
        }
        let rows: [&[T]; R] = std::array::from_fn(|row| &a[row * b.rows..][..panel.len()]);
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
            out[row * b.columns + first..][..width].copy_from_slice(&sums[..width]);
        }
    }
}

/// `dw += x^T . g`, a tile of `dw` at a time.
#[inline(always)]
fn outer_products(x: &[f32], g: &[f32], terms: usize, columns: usize, dw: &mut [f32]) {
    let padded = Panels::pack(g, g.len() / columns, columns);
    for (first, panel) in padded.iter() {
        let width = COLUMNS.min(columns - first);
        let mut term = 0;
        while term < terms {
            let height = ROWS.min(terms - term);
            let mut sums = [[0.0f32; COLUMNS]; ROWS];
            if height == ROWS {
                for (row, g) in x.chunks_exact(terms).zip(panel) {
                    rank_one::<ROWS>(&row[term..term + ROWS], g, &mut sums);
                }
            } else {
                for (row, g) in x.chunks_exact(terms).zip(panel) {
                    let mut factors = [0.0; ROWS];
                    factors[..height].copy_from_slice(&row[term..term + height]);
                    rank_one::<ROWS>(&factors, g, &mut sums);
                }
            }
            for (row, sums) in sums[..height].iter().enumerate() {
                let out = &mut dw[(term + row) * columns + first..][..width];
                out.iter_mut().zip(sums).for_each(|(out, sum)| *out += sum);
            }
            term += height;
        }
    }
}

/// `sums += x . g^T`
#[inline(always)]
fn rank_one<const R: usize>(x: &[f32], g: &[f32; COLUMNS], sums: &mut [[f32; COLUMNS]; R]) {
    for row in 0..R {
        for lane in 0..COLUMNS {
            sums[row][lane] += x[row] * g[lane];
        }
    }
}
