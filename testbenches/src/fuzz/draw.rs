//! Random mappings of a layer: any dimensions along rows and columns, any order of loops, any levels. They are drawn
//! so that many are legal, not so that all are: what `mapper::check` refuses is counted with its reason.

use mapper::mapping::{strip_levels, Hold, Loop, MOST_ROLLING};
use mapper::unroll::{Axis, Unroll};
use mapper::work::Sizes;
use mapper::{Dim, Mapping, Work};
use spec::accelerator::{Accelerator, Chunk};
use spec::random::Rng;

/// A mapping of `work` on `chunk`.
pub fn mapping(rng: &mut Rng, accelerator: &Accelerator, chunk: &Chunk, work: &Work) -> Mapping {
    // Inputs roll where rows lie in loops, and slide where output columns lie along the columns: seldom by chance. Halves are
    // served at once in few layers of few chunks.
    let has_halves = chunk.halves() == 2 && work.size[Dim::G] >= 2 * chunk.rows;
    let [rolls, slides] = [rng.percent(20), has_halves || rng.percent(40)];
    let mut left = work.size;
    if rolls {
        [Dim::OY, Dim::FY].into_iter().for_each(|dim| left[dim] = 1);
    }
    let rows = axis(rng, chunk.rows, &mut left);
    let cols = axis(rng, chunk.cols, &mut left);
    let (rows, cols) = slides.then(|| sliding(rng, chunk, work)).flatten().unwrap_or((rows, cols));
    let line_bytes = accelerator.buffer.line_bytes;
    let unroll = Unroll::new(chunk, line_bytes, work, rows, cols);
    let mut tile = tile(rng, work, &unroll);
    if slides && rng.percent(85) {
        [Dim::OX, Dim::FX].into_iter().for_each(|dim| tile[dim] = work.size[dim]);
    }
    let mut loops = loops(rng, &tile, &unroll);
    if rolls || slides {
        loops.sort_by_key(|l| match l.dim {
            Dim::FX | Dim::FY | Dim::OX => 0,
            Dim::OY => 1,
            _ => 2,
        });
    }
    let outer = outer(rng, work, &tile);
    let strips = strip_levels(&outer);
    let [x, w, a] = strips.map(|strip| {
        let buffer = if rng.percent(60) { strip } else { rng.size(0, outer.len() as u32) as usize };
        Hold { level: 0, slots: 1, buffer }
    });
    let mut mapping =
        Mapping { unroll, layer: *work, tile, outer, loops, x, w, a, rolls: false, clears: false };
    // Where the sums of all reductions fit their register file, they need not leave it before they are finished.
    let finished = mapping.loops.iter().rposition(|l| l.dim.is_reduction()).map_or(0, |last| last + 1);
    mapping.a.level = finished;
    let least = if mapping.a_tile() > chunk.psum_rf || rng.percent(20) { 0 } else { finished };
    mapping.a = held(rng, &mapping, (a, least), chunk.psum_rf, |m, hold| m.a = hold, Mapping::a_tile);
    if mapping.spills() {
        mapping.unroll.beats.results = mapping.unroll.sum_lanes(work, chunk, line_bytes);
    }
    let windows = mapping.loops.iter().rposition(|l| matches!(l.dim, Dim::FX | Dim::OX));
    let whole = windows.map_or(0, |last| if slides { last + 1 } else { 0 });
    let least = (0..=whole).rev().find(|level| fits(&mapping, *level, chunk.input_rf)).unwrap_or(0);
    mapping.x = held(rng, &mapping, (x, least), chunk.input_rf, |m, hold| m.x = hold, Mapping::x_tile);
    mapping.w = held(rng, &mapping, (w, 0), chunk.weight_rf, |m, hold| m.w = hold, Mapping::w_tile);
    let mut mapping = rolling(rng, &mapping, chunk).unwrap_or(mapping);
    let block = mapping.below(Dim::OX, mapping.x.level);
    if mapping.why_no_block().is_none() && rng.percent(90) {
        mapping.unroll.block = block;
    }
    mapping.clears = mapping.why_not_clearing().is_none() && rng.percent(90);
    mapping
}

/// Whether a tile of inputs that serves the loops below `level` fits.
fn fits(mapping: &Mapping, level: usize, input_rf: u32) -> bool {
    let x = Hold { level, ..mapping.x };
    Mapping { x, ..mapping.clone() }.x_tile() <= input_rf
}

/// The same with inputs that roll, where they can.
fn rolling(rng: &mut Rng, mapping: &Mapping, chunk: &Chunk) -> Option<Mapping> {
    let level = mapping.loops.iter().position(|l| l.dim == Dim::OY)?;
    let mut rolled = Mapping { rolls: true, ..mapping.clone() };
    rolled.x.level = level;
    if rolled.why_not_rolling().is_some() {
        return None;
    }
    let (least, most) = (rolled.x_more() + 1, (chunk.input_rf / rolled.x_tile()).min(64));
    rolled.x.slots = (least <= most.min(MOST_ROLLING)).then(|| rng.size(least, most))?;
    Some(rolled)
}

/// Rows and columns along which inputs slide, all output columns at once where they fit, on both halves where the chunk
/// serves them together.
fn sliding(rng: &mut Rng, chunk: &Chunk, work: &Work) -> Option<(Axis, Axis)> {
    let (groups, half) = (work.size[Dim::G], chunk.cols / 2);
    let along_half = [Dim::OX, Dim::OY, Dim::FX].into_iter().find(|dim| work.size[*dim] >= half);
    if let (2, true, Some(dim)) = (chunk.halves(), groups >= 2 * chunk.rows, along_half) {
        let cols = [(dim, half), (Dim::G, 2)];
        return Some((Axis::of(&[(Dim::G, chunk.rows)]), Axis::of(&cols)));
    }
    let outputs = work.size[Dim::OX];
    let rows = *rng.choose(&[Dim::G, Dim::K, Dim::C]);
    let rows = Axis::of(&[(rows, work.size[rows].min(chunk.rows))]);
    (outputs > 1).then(|| (rows, Axis::of(&[(Dim::OX, outputs.min(chunk.cols))])))
}

/// One side of the array: up to three factors of at most `pes` PEs together, of what is `left` of every dimension.
fn axis(rng: &mut Rng, pes: u32, left: &mut Sizes) -> Axis {
    let mut factors = Vec::new();
    let mut free = pes;
    for more in (0..*rng.choose(&[0, 1, 1, 2, 2, 2, 3])).rev() {
        let dims: Vec<Dim> = Dim::ALL.into_iter().filter(|dim| left[*dim] > 1).collect();
        if free < 2 || dims.is_empty() {
            break;
        }
        // Few layers have room on a side for a reduction outside something else, so it is drawn more often than chance has it.
        let reductions: Vec<Dim> = dims.iter().copied().filter(|dim| dim.is_reduction()).collect();
        let reduces = !factors.is_empty() && !reductions.is_empty() && rng.percent(25);
        let dim = *rng.choose(if reduces { &reductions } else { &dims });
        // Two PEs at least are left for a factor that comes after.
        let limit = left[dim].min(if more > 0 && free >= 4 { free / 2 } else { free });
        let size = if rng.percent(60) { limit } else { rng.size(2, limit) };
        factors.push((dim, size));
        left[dim] = left[dim].div_ceil(size);
        free /= size;
    }
    Axis::of(&factors)
}

/// A third of the time the whole layer; else less of some dimensions.
fn tile(rng: &mut Rng, work: &Work, unroll: &Unroll) -> Sizes {
    let mut tile = work.size;
    for dim in Dim::ALL {
        if rng.percent(35) {
            let round = if dim == Dim::OY { 1 } else { unroll.size(dim) };
            let rounds = tile[dim].div_ceil(round);
            tile[dim] = tile[dim].min(rng.size(1, rounds) * round);
            // What lies on the array need not fill it in a part.
            if round > 1 && rng.percent(40) {
                tile[dim] = rng.size(1, tile[dim]);
            }
        }
    }
    tile
}

/// The loops over parts, in random order; some dimensions in two loops of which the inner one need not divide.
fn outer(rng: &mut Rng, work: &Work, tile: &Sizes) -> Vec<Loop> {
    let mut loops = Vec::new();
    for dim in Dim::ALL {
        let mut cuts = work.size[dim].div_ceil(tile[dim]);
        if cuts > 3 && rng.percent(40) {
            let inner = rng.size(2, cuts - 1);
            loops.push(Loop { dim, bound: inner });
            cuts = cuts.div_ceil(inner);
        }
        loops.extend((cuts > 1).then_some(Loop { dim, bound: cuts }));
    }
    shuffle(rng, &mut loops);
    loops
}

fn shuffle(rng: &mut Rng, loops: &mut [Loop]) {
    for i in (1..loops.len()).rev() {
        loops.swap(i, rng.size(0, i as u32) as usize);
    }
}

/// The loops that cover what does not lie on the array, in prime factors and random order.
fn loops(rng: &mut Rng, tile: &Sizes, unroll: &Unroll) -> Vec<Loop> {
    let mut loops = Vec::new();
    for dim in Dim::ALL {
        let mut rounds = tile[dim].div_ceil(unroll.size(dim));
        // Outputs to spare are dropped, so their loops need not divide.
        if matches!(dim, Dim::OY | Dim::OX) && rounds > 3 && rng.percent(40) {
            let inner = rng.size(2, rounds - 1);
            loops.push(Loop { dim, bound: inner });
            rounds = rounds.div_ceil(inner);
        }
        loops.extend(primes(rounds).into_iter().map(|bound| Loop { dim, bound }));
    }
    shuffle(rng, &mut loops);
    // Register files hold few partial sums, so most orders have their reductions inside.
    if rng.percent(80) {
        loops.sort_by_key(|l| !l.dim.is_reduction() && rng.percent(70));
    }
    loops
}

fn primes(mut number: u32) -> Vec<u32> {
    let mut primes = Vec::new();
    for divisor in 2.. {
        while number.is_multiple_of(divisor) {
            primes.push(divisor);
            number /= divisor;
        }
        if number == 1 {
            break;
        }
    }
    primes
}

/// A level from `least` on and slots that a register file of `depth` entries holds; `least` where it holds none.
fn held(
    rng: &mut Rng,
    mapping: &Mapping,
    (hold, least): (Hold, usize),
    depth: u32,
    set: impl Fn(&mut Mapping, Hold),
    tile: impl Fn(&Mapping) -> u32,
) -> Hold {
    let slots = |level: usize| {
        let mut tried = mapping.clone();
        set(&mut tried, Hold { level, ..hold });
        depth / tile(&tried)
    };
    let fitting: Vec<usize> = (least..=mapping.loops.len()).filter(|level| slots(*level) > 0).collect();
    let level = if fitting.is_empty() { least } else { *rng.choose(&fitting) };
    Hold { level, slots: rng.size(1, slots(level).clamp(1, 16)), ..hold }
}
