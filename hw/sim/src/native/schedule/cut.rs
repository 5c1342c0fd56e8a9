//! Where blocks begin and end: the cuts of an order of evaluation for which least is paid.
//!
//! A block costs its call; each value that it hands on is kept, compared, and loaded again; what it has of several
//! instances wakes at different times; and as it is evaluated whole when any of it has to be, its values cost the more
//! the more there are. The prices below were found by trying on whole accelerators.

use std::ops::Range;

/// The most values of a block, unless a piece alone has more.
pub(super) const MOST: usize = 100;

/// The price of a block.
const BLOCK: usize = 10;
/// Of a value that is handed on.
const KEPT: usize = 2;
/// Of a change from one instance to another.
const SCOPE: usize = 3;
/// A block of so many values costs as many as it has on top; one with twice as many, four times that.
const WASTE: usize = 20;

/// What is never cut: a value or a register with whatever only it needs.
pub(super) struct Piece {
    /// Values and registers.
    pub size: usize,
    /// The instance.
    pub scope: u32,
    /// Whether it is a block of its own.
    pub is_alone: bool,
    /// By value that is kept if it is handed on: the last place in the order that needs it.
    pub needed: Vec<usize>,
}

/// The blocks of an order of pieces, of which the first has the place `first` in the whole order.
pub(super) fn cut(pieces: &[Piece], first: usize) -> Vec<Range<usize>> {
    // By end: the least price of all up to there, and where the last block begins.
    let mut best = vec![(0, 0)];
    for end in 1..=pieces.len() {
        let (mut size, mut kept, mut scopes) = (0, 0, 0);
        let mut least = (usize::MAX, 0);
        for start in (0..end).rev() {
            let (piece, is_first) = (&pieces[start], start + 1 == end);
            size += piece.size;
            if !is_first && (size > MOST || piece.is_alone || pieces[end - 1].is_alone) {
                break;
            }
            kept += piece.needed.iter().filter(|last| **last >= first + end).count();
            scopes += usize::from(!is_first && piece.scope != pieces[start + 1].scope);
            let price = BLOCK + KEPT * kept + SCOPE * scopes + size * size / WASTE;
            least = least.min((best[start].0 + price, start));
        }
        best.push(least);
    }
    let mut blocks = Vec::new();
    let mut end = pieces.len();
    while end > 0 {
        blocks.push(best[end].1..end);
        end = best[end].1;
    }
    blocks.reverse();
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(size: usize, needed: &[usize]) -> Piece {
        Piece { size, scope: 0, is_alone: false, needed: needed.to_vec() }
    }

    #[test]
    fn blocks_end_where_little_is_handed_on() {
        // Two groups of values, each used within the group, and one value that joins them.
        let group = |first: usize| (0..20).map(move |i| piece(1, &[first + 19 - i % 2]));
        let mut pieces: Vec<Piece> = group(0).chain(group(20)).collect();
        pieces[19].needed = vec![30];
        assert_eq!(cut(&pieces, 0), [0..20, 20..40]);
    }

    #[test]
    fn what_must_be_alone_is() {
        let mut pieces: Vec<Piece> = (0..5).map(|_| piece(1, &[])).collect();
        pieces[2].is_alone = true;
        assert_eq!(cut(&pieces, 0), [0..2, 2..3, 3..5]);
        assert_eq!(cut(&[], 0), []);
    }

    #[test]
    fn blocks_are_no_longer_than_they_may_be() {
        let pieces: Vec<Piece> = (0..40).map(|_| piece(30, &[usize::MAX])).chain([piece(500, &[])]).collect();
        let blocks = cut(&pieces, 0);
        assert_eq!(blocks.last(), Some(&(40..41)));
        assert!(blocks.iter().all(|block| block.len() == 1 || 30 * block.len() <= MOST));
    }
}
