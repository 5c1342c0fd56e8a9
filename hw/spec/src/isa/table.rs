//! The instruction set, as data. Everything else about it (encoder, assembler, disassembler, the decoder in
//! hardware, the manual, the random-program generator) loops over these tables.
//!
//! An instruction is one 64-bit word with its opcode in the top six bits and fields at fixed places, so a hex
//! dump reads without knowing the configuration. Each queue (load, execute and store, of every chunk) runs a
//! stream of its own, in order.

/// A field of an instruction word: bits `low .. low + width`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// As the assembler writes it.
    pub name: &'static str,
    /// Lowest bit.
    pub low: u32,
    /// Bits.
    pub width: u32,
    /// Whether the field is two's complement.
    pub signed: bool,
}

const fn unsigned(name: &'static str, low: u32, width: u32) -> Field {
    Field { name, low, width, signed: false }
}

const fn signed(name: &'static str, low: u32, width: u32) -> Field {
    Field { name, low, width, signed: true }
}

/// One instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Mnemonic.
    pub name: &'static str,
    /// Bits 63..58 of the word.
    pub opcode: u32,
    /// Queues that know it; elsewhere it is illegal.
    pub queues: &'static [Queue],
    /// Its operands, in the order of the assembler.
    pub fields: &'static [Field],
    /// What it does, in a sentence or two.
    pub meaning: &'static str,
}

/// The three queues of a chunk, in the order of their streams in a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// DRAM to global buffer.
    Load,
    /// Fill, compute, drain and requantise.
    Execute,
    /// Global buffer to DRAM.
    Store,
}

impl Queue {
    /// All three, in the order of their streams.
    pub const ALL: [Queue; 3] = [Queue::Load, Queue::Execute, Queue::Store];

    /// As listings name it.
    pub fn name(self) -> &'static str {
        ["ld", "ex", "st"][self as usize]
    }

    /// The descriptor registers that `CFG` and `INDEX` reach in this queue.
    pub fn registers(self) -> &'static [Register] {
        match self {
            Queue::Load | Queue::Store => TRANSFER,
            Queue::Execute => EXECUTE,
        }
    }
}

const EVERY: &[Queue] = &Queue::ALL;
const EXECUTOR: &[Queue] = &[Queue::Execute];

/// Where the opcode stands.
pub const OPCODE: Field = unsigned("opcode", 58, 6);

/// Declares the opcodes: a constant for each, and the table in the same order.
macro_rules! instructions {
    ($($constant:ident = $opcode:literal, $queues:expr, [$($field:expr),*], $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $constant: u32 = $opcode;)*

        /// Every instruction.
        pub const INSTRUCTIONS: &[Row] = &[$(Row {
            name: stringify!($constant), opcode: $opcode, queues: $queues, fields: &[$($field),*], meaning: $meaning,
        }),*];
    };
}

instructions! {
    CFG = 0x01, EVERY, [unsigned("reg", 50, 8), signed("value", 0, 48)],
        "Writes a descriptor register. The engine takes its copy at launch, so this may run ahead of it.";
    INDEX = 0x02, EVERY, [unsigned("reg", 50, 8), signed("offset", 38, 12), unsigned("bits", 33, 5), unsigned("stride", 0, 32)],
        "Adds ((t + offset) mod 2^bits) * stride to an address register; t counts the loop's iterations from 0.";
    BOUND = 0x03, EXECUTOR, [unsigned("nest", 56, 2), unsigned("level", 52, 4), unsigned("flags", 47, FLAG_BITS), unsigned("bound", 0, 16)],
        "Sets the trip count (at least 1) and the flags of a nest's level, in the shadow page of its table.";
    DELTA = 0x04, EXECUTOR, [unsigned("nest", 56, 2), unsigned("level", 52, 4), unsigned("pair", 48, 4), signed("first", 0, 24), signed("second", 24, 24)],
        "Sets what accumulators 2*pair and 2*pair+1 of a nest gain when the level advances, in the shadow page.";
    LD = 0x08, &[Queue::Load], [],
        "Waits until the load engine is idle, then starts it on the transfer that the registers describe.";
    EXEC = 0x09, EXECUTOR, [unsigned("flip", 0, 1)],
        "Waits until the chunk is idle, then starts it. With flip the shadow page of the nest tables becomes the live one.";
    ST = 0x0a, &[Queue::Store], [],
        "Waits until the store engine is idle, then starts it on the transfer that the registers describe.";
    WAIT = 0x10, EVERY, [unsigned("token", 0, TOKEN_BITS)],
        "Blocks until the token's count is not 0, then takes one. A token has one waiting and one signalling queue.";
    SIGNAL = 0x11, EVERY, [unsigned("token", 0, TOKEN_BITS)],
        "Waits until the queue's engine is idle, then adds one to the token's count.";
    FENCE = 0x12, EVERY, [],
        "Waits until the queue's engine is idle.";
    LOOP = 0x18, EVERY, [unsigned("count", 0, 16)],
        "Starts a loop of count (at least 1) iterations, t = 0. Loops do not nest.";
    ENDLOOP = 0x19, EVERY, [],
        "Adds one to t and goes back behind LOOP while t < count; afterwards t is 0.";
    GUARD = 0x1a, EVERY, [unsigned("from", 40, 16), unsigned("until", 24, 16), unsigned("skip", 0, 16)],
        "Skips the next skip words unless from <= t < until.";
    END = 0x3f, EVERY, [],
        "Waits until the queue's engine is idle; the queue is done.";
}

/// A descriptor register of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Register {
    /// As the assembler writes it.
    pub name: &'static str,
    /// Bits that are kept; `CFG` drops the others.
    pub width: u32,
    /// Whether they are two's complement.
    pub signed: bool,
    /// What the engine takes it for.
    pub meaning: &'static str,
}

impl Register {
    /// Whether `INDEX` may change it: the addresses.
    pub fn is_indexable(&self) -> bool {
        self.width == BUFFER_BITS || self.width == DRAM_BITS
    }

    /// Smallest and largest value that survives `CFG`.
    pub fn range(&self) -> (i64, i64) {
        Field { name: self.name, low: 0, width: self.width, signed: self.signed }.range()
    }
}

const fn register(name: &'static str, width: u32, meaning: &'static str) -> Register {
    Register { name, width, signed: false, meaning }
}

const fn signed_register(name: &'static str, width: u32, meaning: &'static str) -> Register {
    Register { name, width, signed: true, meaning }
}

/// A coordinate, or an extent that coordinates are compared with.
const fn coordinate(name: &'static str, meaning: &'static str) -> Register {
    signed_register(name, COORDINATE_BITS, meaning)
}

/// Bits of a DRAM address.
pub const DRAM_BITS: u32 = 40;
/// Bits of a global-buffer address, in bytes; arithmetic on it wraps.
pub const BUFFER_BITS: u32 = 24;
/// Bits of a coordinate and of an extent; coordinates are signed.
pub const COORDINATE_BITS: u32 = 16;
/// Bits of a register-file offset.
pub const RF_BITS: u32 = 16;
/// Bits of a token's number.
pub const TOKEN_BITS: u32 = 8;
/// Bits of a lane, row or column number.
pub const LANE_BITS: u32 = 8;
/// Bits of a row or column of the kernel; `tap` of the input nest is both, the row above the column.
pub const TAP_BITS: u32 = 8;

/// Registers of the load and store engines: a three-deep copy of byte rows.
pub const TRANSFER: &[Register] = &[
    register("dram", DRAM_BITS, "first byte in DRAM"),
    register("buffer", BUFFER_BITS, "first byte in the global buffer"),
    register("bytes", 24, "bytes of a row, at least 1"),
    register("rows", 16, "rows of a plane, at least 1"),
    signed_register("dram_row", 32, "bytes from row to row in DRAM"),
    signed_register("buffer_row", BUFFER_BITS, "bytes from row to row in the buffer"),
    register("planes", 16, "planes, at least 1"),
    signed_register("dram_plane", 32, "bytes from plane to plane in DRAM"),
    signed_register("buffer_plane", BUFFER_BITS, "bytes from plane to plane in the buffer"),
];

/// Registers of the execute engine.
pub const EXECUTE: &[Register] = &[
    register("x_base", BUFFER_BITS, "buffer address that the input nest starts from"),
    coordinate("x_y", "input row that the input nest starts from; negative inside the padding"),
    coordinate("x_x", "input column that the input nest starts from"),
    coordinate("x_height", "rows of the input; beats outside deliver zeros"),
    coordinate("x_width", "columns of the input; beats outside deliver zeros"),
    coordinate("x_channels", "channels of the input; bytes beyond are zeros"),
    register("x_fy", TAP_BITS, "rows of the kernel; beats beyond deliver zeros"),
    register("x_fx", TAP_BITS, "columns of the kernel; beats beyond deliver zeros"),
    register("x_lanes", LANE_BITS, "consecutive rows that a beat serves"),
    register("x_spread", 1, "0: every row takes a byte of its own; 1: all take the first"),
    register(
        "x_halves",
        1,
        "0: all columns take the same bytes; 1: the right half of them takes the bytes behind those of the left half, and counts \
         columns anew",
    ),
    register("x_stride", LANE_BITS, "from column to column, in the numbers that beats are tagged with"),
    register("x_window", LANE_BITS, "how many of these numbers a beat is for"),
    register("x_tag", LANE_BITS, "the number that the first beat is tagged with"),
    register(
        "x_slide",
        1,
        "0: for tag .. tag + window - 1, at the same entry; 1: for tag - window + 1 .. tag, each at the entry of its tap",
    ),
    register("x_tile", RF_BITS, "entries of an input register file that a tile fills"),
    register("x_slots", LANE_BITS, "tiles that the input register file holds at once"),
    register("x_more", LANE_BITS, "tiles of inputs that a compute step reads besides the oldest"),
    register("x_ring", RF_BITS, "entries of all x_slots tiles; an entry from here on counts from 0 again"),
    register("x_clear", RF_BITS, "entries that every input register file clears before the first beat"),
    register("x_depth", 5, "levels of the input nest"),
    register("w_base", BUFFER_BITS, "buffer address that the weight nest starts from"),
    register("w_lanes", LANE_BITS, "consecutive rows that a beat serves"),
    register("w_spread", 1, "as x_spread"),
    register("w_stride", LANE_BITS, "as x_stride"),
    register("w_window", LANE_BITS, "as x_window, without sliding"),
    register("w_tile", RF_BITS, "entries of a weight register file that a tile fills"),
    register("w_slots", LANE_BITS, "tiles that the weight register file holds at once"),
    register("w_depth", 5, "levels of the weight nest"),
    register("c_depth", 5, "levels of the compute nest"),
    register("rows", LANE_BITS, "PE rows in use, for the counters"),
    register("cols", LANE_BITS, "PE columns in use, for the counters"),
    register("a_tile", RF_BITS, "partial sums of a PE that a tile makes"),
    register("a_slots", LANE_BITS, "tiles that the partial-sum register file holds at once"),
    register("d_depth", 5, "levels of the drain nest"),
    register("keep", 1, "0: columns are summed over rows; 1: every PE keeps its sums, one column a beat"),
    register("d_rows", LANE_BITS, "rows that a beat sums where PEs do not keep their sums"),
    register("d_lanes", LANE_BITS, "results of a beat, at most the chunk's post_lanes"),
    coordinate("d_channels", "output channels; lanes beyond are not written"),
    coordinate("d_groups", "groups; beats beyond are not written"),
    coordinate("d_width", "output columns; beats beyond are not written"),
    coordinate("d_height", "output rows; beats beyond are not written"),
    register("y_base", BUFFER_BITS, "buffer address of the first result"),
    register("r_base", BUFFER_BITS, "buffer address of the residual of the first result"),
    register("residual", 1, "whether a residual is read and added"),
    register("s_base", BUFFER_BITS, "buffer address of the first stored sum, of four bytes"),
    register("s_read", 1, "whether sums go on from stored ones in the first pass too"),
    register("s_write", 1, "whether sums are stored after the last pass too, in place of results"),
    signed_register("lo", 8, "lower clamp"),
    signed_register("hi", 8, "upper clamp"),
    register("p_base", BUFFER_BITS, "buffer address of the requantise parameters"),
    register("p_rows", 16, "rows of parameters to read before the first drain; 0 keeps those at hand"),
];

/// A loop nest that an execute engine walks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NestKind {
    /// Delivers inputs to the register files, a beat a step.
    Input,
    /// Delivers weights to the register files, a beat a step.
    Weight,
    /// One term in every PE a step.
    Compute,
    /// One vector of results a step, or a part of what is added up to one.
    Drain,
}

impl NestKind {
    /// All four, in the order of the `nest` field.
    pub const ALL: [NestKind; 4] = [NestKind::Input, NestKind::Weight, NestKind::Compute, NestKind::Drain];

    /// As listings name it.
    pub fn name(self) -> &'static str {
        ["input", "weight", "compute", "drain"][self as usize]
    }

    /// What the nest accumulates: name and bits, in the order of `DELTA`'s pairs.
    pub fn accumulators(self) -> &'static [(&'static str, u32)] {
        match self {
            NestKind::Input => &[
                ("addr", BUFFER_BITS),
                ("rf", RF_BITS),
                ("row", LANE_BITS),
                ("tag", COORDINATE_BITS),
                ("y", COORDINATE_BITS),
                ("x", COORDINATE_BITS),
                ("c", COORDINATE_BITS),
                ("tap", 2 * TAP_BITS),
            ],
            NestKind::Weight => {
                &[("addr", BUFFER_BITS), ("rf", RF_BITS), ("row", LANE_BITS), ("tag", COORDINATE_BITS)]
            }
            NestKind::Compute => &[("x", RF_BITS), ("w", RF_BITS), ("acc", RF_BITS)],
            NestKind::Drain => &[
                ("acc", RF_BITS),
                ("line", LANE_BITS),
                ("lane", LANE_BITS),
                ("y_addr", BUFFER_BITS),
                ("r_addr", BUFFER_BITS),
                ("param", 16),
                ("k", COORDINATE_BITS),
                ("x", COORDINATE_BITS),
                ("y", COORDINATE_BITS),
                ("g", COORDINATE_BITS),
            ],
        }
    }
}

/// Bits of a level's flags.
pub const FLAG_BITS: u32 = 5;
/// Flag of an input, weight or drain level: a tile ends where this level advances (and at the nest's end).
pub const FLAG_TILE: u32 = 1;
/// Flag of a compute level: the input tiles that a step reads are released where this level advances.
pub const FLAG_X_NEXT: u32 = 1;
/// Flag of a compute level: of the input tiles that a step reads only the oldest is released where this level advances.
pub const FLAG_X_ROLL: u32 = 16;
/// Flag of a drain level: its iterations are passes over the same results. All but the first go on from stored sums, all
/// but the last store sums.
pub const FLAG_PASS: u32 = 2;
/// Flag of a compute level: the weight tile is released where this level advances.
pub const FLAG_W_NEXT: u32 = 2;
/// Flag of a compute level: the partial sums are complete and go to the drain where this level advances.
pub const FLAG_A_NEXT: u32 = 4;
/// Flag of a compute level: a reduction loop; a partial sum starts from 0 while all of them are at 0. Of a drain
/// level: its beats are added up, and give a result when all of them are at their last iteration.
pub const FLAG_REDUCE: u32 = 8;

/// Bytes of requantise parameters a channel: bias 6, multiplier 2, shift 1, residual multiplier 2, residual
/// shift 1, each little-endian. A row of parameters is 12 planes of `post_lanes` bytes, plane 0 first.
pub const PARAMETER_BYTES: usize = 12;

/// Bytes of a stored sum, little-endian.
pub const SUM_BYTES: u32 = 4;

/// Words of a program's header: the configuration hash, then a byte offset for every queue (0 = unused).
pub const HEADER_WORDS: usize = 16;

/// Words that one fetch brings, from an address that is a multiple of its size.
pub const FETCH_WORDS: usize = 16;
