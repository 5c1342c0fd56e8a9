//! Matrices as the tiles of [`super::dense`] and [`super::depthwise`] read them: [`Columns`], a vector of them at a
//! time. What is read again and again is cut into [`Panels`] as wide as the widest vector, whose rows are adjacent
//! and aligned, so that no load crosses a cache line; what is read a few times stays where it lies.

use super::element::Element;
use pulp::Simd;

/// Columns of a panel.
pub const LANES: usize = 16;
/// Bytes of a cache line.
const LINE: usize = 64;

/// The columns of a matrix, to be read.
#[derive(Clone, Copy, Debug)]
pub struct Columns<'a, T> {
    /// How many there are.
    pub count: usize,
    /// Every vector of them is whole.
    numbers: &'a [T],
    /// Numbers from a row to the next.
    row: usize,
    /// Numbers from [`LANES`] columns to the next.
    panel: usize,
}

impl<'a, T: Element> Columns<'a, T> {
    /// Of a row-major matrix: where it lies if its vectors are whole, else packed in `room`, which is only for
    /// matrices of this shape.
    pub fn of(matrix: &'a [T], count: usize, room: &'a mut Panels<T>) -> Columns<'a, T> {
        if count.is_multiple_of(LANES) {
            return Columns { count, numbers: matrix, row: count, panel: LANES };
        }
        room.repack(matrix, count);
        room.columns()
    }

    /// Vector `index` of the columns, in `rows` rows from `first` on: one in every [`Columns::stride`].
    #[inline(always)]
    pub fn vectors<S: Simd>(&self, index: usize, first: usize, rows: usize) -> &'a [T::Vector<S>] {
        let in_panel = LANES / T::lanes::<S>();
        let start = index / in_panel * self.panel + index % in_panel * T::lanes::<S>() + first * self.row;
        &T::vectors::<S>(&self.numbers[start..])[..(rows - 1) * self.stride::<S>() + 1]
    }

    /// Vectors from a row to the next.
    #[inline(always)]
    pub fn stride<S: Simd>(&self) -> usize {
        self.row / T::lanes::<S>()
    }
}

/// A matrix cut into panels, the last one filled up with zeros.
#[derive(Debug, Default)]
pub struct Panels<T> {
    /// Columns of the matrix.
    count: usize,
    /// Of the matrix, and so of every panel.
    rows: usize,
    /// Where the first panel begins.
    start: usize,
    numbers: Vec<T>,
}

impl<T: Element> Panels<T> {
    /// Packs the row-major matrix.
    pub fn pack(matrix: &[T], columns: usize) -> Panels<T> {
        let mut panels = Panels::default();
        panels.repack(matrix, columns);
        panels
    }

    /// The columns of the matrix.
    pub fn columns(&self) -> Columns<'_, T> {
        let numbers = &self.numbers[self.start..];
        Columns { count: self.count, numbers, row: LANES, panel: self.rows * LANES }
    }

    /// Packs a matrix in place of the last one, which had the same columns.
    fn repack(&mut self, matrix: &[T], columns: usize) {
        self.resize(matrix.len() / columns, columns);
        for (panel, lanes) in self.numbers[self.start..].chunks_exact_mut(self.rows * LANES).enumerate() {
            let first = panel * LANES;
            let width = LANES.min(columns - first);
            for (lanes, row) in lanes.chunks_exact_mut(LANES).zip(matrix.chunks_exact(columns)) {
                copy_lanes(&row[first..][..width], lanes);
            }
        }
    }

    /// Packs what the gradient by the input multiplies with: of weights `[tap, input, output]` the matrix
    /// `[tap, output]` x `[input]`.
    pub fn mirrored(weights: &[T], inputs: usize, outputs: usize) -> Panels<T> {
        let mut panels = Panels::default();
        panels.resize(weights.len() / inputs, inputs);
        for (row, numbers) in weights.chunks_exact(outputs).enumerate() {
            let (tap, input) = (row / inputs, row % inputs);
            let first = panels.place(input / LANES, tap * outputs) + input % LANES;
            let lanes = panels.numbers[first..].iter_mut().step_by(LANES);
            lanes.zip(numbers).for_each(|(lane, number)| *lane = *number);
        }
        panels
    }

    fn place(&self, panel: usize, row: usize) -> usize {
        self.start + (panel * self.rows + row) * LANES
    }

    fn resize(&mut self, rows: usize, columns: usize) {
        (self.rows, self.count) = (rows, columns);
        let count = rows * columns.next_multiple_of(LANES);
        self.numbers.resize(count + LANES - 1, T::default());
        self.start = self.numbers.as_ptr().align_offset(LINE).min(LANES - 1);
        self.numbers.truncate(self.start + count);
    }
}

/// Copies as many numbers as both have; a whole vector without a call.
#[inline(always)]
fn copy_lanes<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() == LANES {
        to[..LANES].copy_from_slice(&from[..LANES]);
    } else {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
}

/// `C` vectors of a row of a row-major matrix, from vector `first` of it on; zeros follow its last column.
#[inline(always)]
pub fn load_row<T: Element, S: Simd, const C: usize>(simd: S, row: &[T], first: usize) -> [T::Vector<S>; C] {
    let lanes = T::lanes::<S>();
    let columns = &row[first * lanes..];
    if let Some(whole) = T::vectors::<S>(columns).first_chunk::<C>() {
        return *whole;
    }
    let mut vectors = [T::splat(simd, T::default()); C];
    for (vector, columns) in vectors.iter_mut().zip(columns.chunks(lanes)) {
        *vector = T::load(simd, columns);
    }
    vectors
}

/// Writes as many of the columns as the row has.
#[inline(always)]
pub fn store_row<T: Element, S: Simd, const C: usize>(
    vectors: [T::Vector<S>; C],
    row: &mut [T],
    first: usize,
) {
    let lanes = T::lanes::<S>();
    let columns = &mut row[first * lanes..];
    if let Some(whole) = T::vectors_mut::<S>(columns).first_chunk_mut::<C>() {
        *whole = vectors;
        return;
    }
    for (vector, columns) in vectors.iter().zip(columns.chunks_mut(lanes)) {
        T::store::<S>(*vector, columns);
    }
}
