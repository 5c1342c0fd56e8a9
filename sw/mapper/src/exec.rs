//! Cycles of an `EXEC`, from its nests and registers alone: the four nests meet only where a tile is filled,
//! used up, handed to the drain or drained, so it suffices to follow the tiles.

use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{
    NestKind, FLAG_A_NEXT, FLAG_PASS, FLAG_REDUCE, FLAG_TILE, FLAG_W_NEXT, FLAG_X_NEXT, FLAG_X_ROLL,
    PARAMETER_BYTES,
};
use spec::nest::Nest;
use spec::timing;

use crate::registers::Registers;

/// What an `EXEC` takes, and what it waits for. Start, steps, stalls and end are all of its cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// Cycles from the launch until the chunk is idle again.
    pub cycles: u64,
    /// Cycles before the nests may step.
    pub start: u64,
    /// Cycles in which compute waited for an input tile, for a weight tile, for free partial sums; where it waited for
    /// several, for the first of them, as the hardware counts.
    pub stalls: [u64; 3],
    /// Cycles after the last compute step.
    pub end: u64,
    /// Cycles in which rows of parameters are read.
    pub planes: u64,
    /// How many of the stalls and of the end it would not have without parameters to read.
    pub parameters: u64,
}

/// Cycles from the launch of an `EXEC` until the chunk is idle again.
pub fn cycles(accelerator: &Accelerator, chunk: &Chunk, nests: &[Nest; 4], registers: &Registers) -> u64 {
    with_parameter_rows(accelerator, chunk, nests, registers, registers.get("p_rows") as u32).cycles
}

/// Cycles of an `EXEC`, and how many of them were spent waiting for what.
pub fn times(accelerator: &Accelerator, chunk: &Chunk, nests: &[Nest; 4], registers: &Registers) -> Times {
    let of = |rows| with_parameter_rows(accelerator, chunk, nests, registers, rows);
    let (times, without) = (of(registers.get("p_rows") as u32), of(0));
    Times { parameters: times.cycles - without.cycles, ..times }
}

/// As [`times`], with `parameter_rows` rows of parameters to read before the first drain.
fn with_parameter_rows(
    accelerator: &Accelerator,
    chunk: &Chunk,
    nests: &[Nest; 4],
    registers: &Registers,
    parameter_rows: u32,
) -> Times {
    let start = u64::from(timing::nest_start(accelerator.nest_depth));
    let slots = |name: &str| registers.get(name).max(1) as usize;
    let more = registers.get("x_more") as usize;
    let cleared = timing::input_start(accelerator.nest_depth, registers.get("x_clear") as u32);
    let mut x = Fill::new(&nests[NestKind::Input as usize], slots("x_slots"), more, cleared.into());
    let mut w = Fill::new(&nests[NestKind::Weight as usize], slots("w_slots"), 0, start);
    let free = start.max(u64::from(timing::parameters_ready(parameter_rows)));
    let mut drain = Drain::new(&nests[NestKind::Drain as usize], registers, slots("a_slots"), start, free);
    let (mut now, mut stalls) = (start, [0; 3]);
    for segment in Segments::new(&nests[NestKind::Compute as usize]) {
        for (stall, ready) in stalls.iter_mut().zip([x.ready(), w.ready(), drain.slot_free()]) {
            *stall += ready.saturating_sub(now);
            now = now.max(ready);
        }
        now += segment.steps;
        let completed = now;
        if segment.next & (FLAG_X_NEXT | FLAG_X_ROLL) != 0 {
            x.release(now);
        }
        // The others leave one a cycle, and compute waits for that, unless it is at its end.
        if segment.next & FLAG_X_NEXT != 0 && !segment.is_last {
            (1..=more as u64).for_each(|later| x.release(now + later));
            stalls[0] += more as u64;
            now += more as u64;
        }
        if segment.next & FLAG_W_NEXT != 0 {
            w.release(completed);
        }
        if segment.next & FLAG_A_NEXT != 0 {
            drain.hand_over(completed - 1 + u64::from(timing::COMPUTE_LATENCY));
        }
    }
    let cycles = drain.free.max(now) + u64::from(timing::drain_latency(chunk));
    let planes = u64::from(parameter_rows) * PARAMETER_BYTES as u64;
    Times { cycles, start, stalls, end: cycles - now, planes, parameters: 0 }
}

/// Steps of one tile of a nest: those below its innermost tile level.
fn tile_beats(nest: &Nest) -> u64 {
    let inside = nest.levels.iter().take_while(|level| level.flags & FLAG_TILE == 0);
    inside.map(|level| u64::from(level.bound)).product()
}

/// Tiles of an operand on their way into the register files.
struct Fill {
    beats: u64,
    /// Tiles that a step reads beside the oldest.
    more: usize,
    /// When each slot was last released.
    released: Vec<u64>,
    /// Tiles filled, and tiles used up, so far.
    filled: usize,
    used: usize,
    /// When the bus is free.
    free: u64,
    ready: u64,
}

impl Fill {
    fn new(nest: &Nest, slots: usize, more: usize, start: u64) -> Fill {
        let beats = tile_beats(nest);
        Fill { beats, more, released: vec![start; slots], filled: 0, used: 0, free: start, ready: start }
    }

    /// When the tiles that compute is at may be used.
    fn ready(&mut self) -> u64 {
        while self.filled <= self.used + self.more {
            let slot = self.filled % self.released.len();
            self.free = self.free.max(self.released[slot]) + self.beats;
            self.ready = self.free - 1 + u64::from(timing::FILL_LATENCY);
            self.filled += 1;
        }
        self.ready
    }

    fn release(&mut self, now: u64) {
        let slot = self.used % self.released.len();
        self.released[slot] = now - 1 + u64::from(timing::RELEASE_LATENCY);
        self.used += 1;
    }
}

/// Tiles of partial sums on their way out.
struct Drain {
    beats: u64,
    /// Pauses of a tile that reads stored sums and residuals: between the beats that end a result.
    pauses: u64,
    passes: Passes,
    /// When the last tile of each slot was drained.
    ends: Vec<u64>,
    next: usize,
    /// When the drain is free.
    free: u64,
}

impl Drain {
    fn new(nest: &Nest, registers: &Registers, slots: usize, start: u64, free: u64) -> Drain {
        let beats = tile_beats(nest);
        let added = nest.levels.iter().filter(|level| level.flags & FLAG_REDUCE != 0);
        let results = beats / added.map(|level| u64::from(level.bound)).product::<u64>();
        let pauses = if registers.get("residual") == 1 { results - 1 } else { 0 };
        Drain { beats, pauses, passes: Passes::new(nest, registers), ends: vec![start; slots], next: 0, free }
    }

    /// When the tile that compute is at may be written.
    fn slot_free(&self) -> u64 {
        self.ends[self.next % self.ends.len()]
    }

    fn hand_over(&mut self, complete: u64) {
        let slot = self.next % self.ends.len();
        let pass = self.passes.next();
        // The first tile finds the pipeline empty.
        let settled = if pass.meets_sums() && self.next > 0 { u64::from(timing::SETTLE) } else { 0 };
        let pauses = if pass.reads && !pass.writes { self.pauses } else { 0 };
        self.free = (self.free + settled).max(complete) + self.beats + pauses;
        self.ends[slot] = self.free - 1 + u64::from(timing::DRAINED_LATENCY);
        self.next += 1;
    }
}

/// What a tile of partial sums does with stored sums.
#[derive(Clone, Copy)]
struct Pass {
    /// It goes on from them.
    reads: bool,
    /// It becomes such itself.
    writes: bool,
}

impl Pass {
    fn meets_sums(self) -> bool {
        self.reads || self.writes
    }
}

/// The tiles of a drain nest, as far as passes tell them apart.
struct Passes {
    /// Trip count of every loop over tiles, whether it is one of passes, and its iteration.
    loops: Vec<(u32, bool, u32)>,
    reads: bool,
    writes: bool,
}

impl Passes {
    fn new(nest: &Nest, registers: &Registers) -> Passes {
        let outside = nest.levels.iter().skip_while(|level| level.flags & FLAG_TILE == 0);
        let loops = outside.map(|level| (level.bound, level.flags & FLAG_PASS != 0, 0)).collect();
        Passes { loops, reads: registers.get("s_read") == 1, writes: registers.get("s_write") == 1 }
    }

    /// The tile at hand; the next one follows.
    fn next(&mut self) -> Pass {
        let passes = || self.loops.iter().filter(|(_, of_passes, _)| *of_passes);
        let reads = self.reads || passes().any(|(_, _, at)| *at > 0);
        let writes = self.writes || passes().any(|(bound, _, at)| at + 1 < *bound);
        for (bound, _, at) in &mut self.loops {
            *at = (*at + 1) % *bound;
            if *at > 0 {
                break;
            }
        }
        Pass { reads, writes }
    }
}

/// A run of compute steps on the same tiles, and which tiles end with it.
struct Segment {
    steps: u64,
    next: u32,
    /// Whether it is the nest's last.
    is_last: bool,
}

/// The segments of a compute nest, in order.
struct Segments<'a> {
    nest: &'a Nest,
    first: usize,
    steps: u64,
    counters: Vec<u32>,
    over: bool,
}

impl Segments<'_> {
    fn new(nest: &Nest) -> Segments<'_> {
        let hands_on = FLAG_X_NEXT | FLAG_X_ROLL | FLAG_W_NEXT | FLAG_A_NEXT;
        let first = nest.levels.iter().position(|level| level.flags & hands_on != 0);
        let first = first.unwrap_or(nest.levels.len());
        let steps = nest.levels[..first].iter().map(|level| u64::from(level.bound)).product();
        Segments { nest, first, steps, counters: vec![0; nest.levels.len()], over: false }
    }
}

impl Iterator for Segments<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        if self.over {
            return None;
        }
        let levels = &self.nest.levels;
        let advancing = (self.first..levels.len()).find(|i| self.counters[*i] + 1 < levels[*i].bound);
        let Some(level) = advancing else {
            self.over = true;
            let next = FLAG_X_NEXT | FLAG_W_NEXT | FLAG_A_NEXT;
            return Some(Segment { steps: self.steps, next, is_last: true });
        };
        self.counters[self.first..level].fill(0);
        self.counters[level] += 1;
        Some(Segment { steps: self.steps, next: levels[level].flags, is_last: false })
    }
}
