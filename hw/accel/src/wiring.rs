//! Small wiring that several blocks share: delays, limits, selections, and the bundles of wires that travel
//! together.

use hdl::{Builder, InstanceHandle, Signal};
use spec::isa::table::{NestKind, FLAG_BITS};

/// `signal` after `cycles` registers without reset, named `name_1`, `name_2`, ...
pub fn delayed(b: &Builder, name: &str, signal: &Signal, cycles: u32) -> Signal {
    (1..=cycles).fold(signal.clone(), |value, i| b.delay(&format!("{name}_{i}"), &value))
}

/// The same with registers that reset to 0: for strobes that must not fire after reset.
pub fn delayed_strobe(b: &Builder, name: &str, signal: &Signal, cycles: u32) -> Signal {
    (1..=cycles).fold(signal.clone(), |value, i| b.delay_reset(&format!("{name}_{i}"), &value, 0))
}

/// The smaller of two unsigned signals of one width.
pub fn unsigned_min(a: &Signal, b: &Signal) -> Signal {
    a.ult(b).mux(a, b)
}

/// `max(limit - position, 0)` for a signed position and a limit, cut to at most `most`; `most` fits 8 bits.
pub fn remaining(limit: &Signal, position: &Signal, most: &Signal) -> Signal {
    let width = limit.width().max(position.width()) + 1;
    let left = &limit.sext(width) - &position.sext(width);
    let most_wide = most.zext(width);
    let least = left.slt(&most_wide).mux(&left, &most_wide);
    least.trunc(most.width()).gate(&!&least.bit(width - 1))
}

/// How many bits are ones; at most 255 bits.
pub fn ones(bits: &Signal) -> Signal {
    let mut counts: Vec<Signal> = (0..bits.width()).map(|i| bits.bit(i).zext(8)).collect();
    while counts.len() > 1 {
        let pairs = counts.chunks(2);
        counts = pairs.map(|pair| pair[1..].iter().fold(pair[0].clone(), |sum, next| &sum + next)).collect();
    }
    counts.remove(0)
}

/// Bits that address `entries` things.
pub fn address_bits(entries: u32) -> u32 {
    num::bits_for_unsigned(u64::from(entries.max(2) - 1))
}

/// Or of many signals of one width.
pub fn any_of(b: &Builder, width: u32, signals: impl IntoIterator<Item = Signal>) -> Signal {
    signals.into_iter().reduce(|a, c| &a | &c).unwrap_or_else(|| b.zero(width))
}

/// The option whose one-hot bit is set; zero where none is.
pub fn one_hot(b: &Builder, width: u32, options: impl IntoIterator<Item = (Signal, Signal)>) -> Signal {
    any_of(b, width, options.into_iter().map(|(select, value)| value.gate(&select)))
}

/// A counter of credits: up by `gain`, down by `spend`, both at once leave it. Resets to 0.
pub fn credits(b: &Builder, name: &str, width: u32, gain: &Signal, spend: &Signal) -> Signal {
    let count = b.reg(name, width);
    let up = &count.q() + 1;
    let down = &count.q() - 1;
    count.reset(0).enable(&(gain ^ spend)).next(&gain.mux(&up, &down));
    count.q()
}

/// Grants one of the requests: the next after the one granted last. `taken` says that the grant was used.
pub fn round_robin(b: &Builder, requests: &[Signal], taken: &Signal) -> Vec<Signal> {
    // Requests behind the last grant go first; among equals the lowest does.
    let count = requests.len() as u32;
    let behind = b.reg("behind_last_grant", count);
    let mut grants = vec![b.zero(1); requests.len()];
    let mut found = b.zero(1);
    for preferred in [true, false] {
        for (i, request) in requests.iter().enumerate() {
            let eligible = if preferred { request & &behind.q().bit(i as u32) } else { request.clone() };
            let wins = &eligible & &!&found;
            grants[i] = &grants[i] | &wins;
            found = &found | &wins;
        }
    }
    let masks = grants.iter().enumerate().map(|(i, grant)| {
        let above = (0..count).map(|j| b.lit(1, i64::from(j > i as u32))).collect::<Vec<_>>();
        (grant.clone(), Signal::join(&above))
    });
    behind.reset(0).enable(taken).next(&one_hot(b, count, masks));
    grants
}

/// What writes the tables of the loop nests: one bundle from the execute queue to every nest.
pub struct TableWrite {
    /// Strobe of a `BOUND`.
    pub bound_we: Signal,
    /// Strobe of a `DELTA`.
    pub delta_we: Signal,
    /// The nest, as in the instruction.
    pub nest: Signal,
    /// The level.
    pub level: Signal,
    /// The pair of accumulators of a `DELTA`.
    pub pair: Signal,
    /// Flags of a `BOUND`.
    pub flags: Signal,
    /// Trip count of a `BOUND`.
    pub bound: Signal,
    /// Delta of the even accumulator.
    pub first: Signal,
    /// Delta of the odd accumulator.
    pub second: Signal,
}

/// Names and widths of the bundle's wires.
const TABLE_WIRES: [(&str, u32, &str); 9] = [
    ("table_bound_we", 1, "writes bound and flags of a level"),
    ("table_delta_we", 1, "writes two deltas of a level"),
    ("table_nest", 2, "the nest that is written"),
    ("table_level", 4, "the level that is written"),
    ("table_pair", 4, "the pair of accumulators that is written"),
    ("table_flags", FLAG_BITS, "flags of the level"),
    ("table_bound", 16, "trip count of the level"),
    ("table_first", 24, "delta of the even accumulator"),
    ("table_second", 24, "delta of the odd accumulator"),
];

impl TableWrite {
    /// The bundle as input ports of a module.
    pub fn inputs(b: &Builder) -> TableWrite {
        TableWrite::of(TABLE_WIRES.map(|(name, width, doc)| b.input(name, width, doc)))
    }

    /// The bundle as outputs of an instance.
    pub fn from_instance(instance: &InstanceHandle) -> TableWrite {
        TableWrite::of(TABLE_WIRES.map(|(name, _, _)| instance.out(name)))
    }

    /// Connects the bundle to the input ports of an instance.
    pub fn connect(&self, instance: &InstanceHandle) {
        for ((name, _, _), signal) in TABLE_WIRES.iter().zip(self.wires()) {
            instance.connect(name, signal);
        }
    }

    /// Makes the bundle output ports of a module.
    pub fn outputs(&self, b: &Builder) {
        for ((name, _, doc), signal) in TABLE_WIRES.iter().zip(self.wires()) {
            b.output(name, signal, doc);
        }
    }

    /// Whether `kind` is the nest that is written.
    pub fn is_for(&self, kind: NestKind) -> Signal {
        self.nest.eq_lit(kind as i64)
    }

    fn wires(&self) -> [&Signal; 9] {
        [
            &self.bound_we,
            &self.delta_we,
            &self.nest,
            &self.level,
            &self.pair,
            &self.flags,
            &self.bound,
            &self.first,
            &self.second,
        ]
    }

    fn of(wires: [Signal; 9]) -> TableWrite {
        let [bound_we, delta_we, nest, level, pair, flags, bound, first, second] = wires;
        TableWrite { bound_we, delta_we, nest, level, pair, flags, bound, first, second }
    }
}
