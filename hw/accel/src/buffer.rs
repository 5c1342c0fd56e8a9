//! The global buffer: banks behind ports that move up to a line from or to any byte address in a cycle.
//!
//! Lines alternate between two planes, so the two lines that an unaligned access touches are always in
//! different memories. Every bank of a plane serves one read and one write a cycle. There is no
//! arbitration: programs keep ports apart, and two ports that meet in a bank raise `conflict`.

use crate::wiring::{address_bits, any_of, one_hot};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::{Accelerator, Buffer};
use spec::isa::table::{BUFFER_BITS, LANE_BITS};
use std::sync::Arc;

/// The buffer with the given read and write ports.
pub fn module(
    accelerator: &Accelerator,
    readers: &[String],
    writers: &[String],
) -> Result<Arc<Module>, Errors> {
    let buffer = &accelerator.buffer;
    let b = Builder::new(
        "global_buffer",
        &format!("{} banks of {} bytes; unaligned lines; no arbitration.", buffer.banks, buffer.bank_bytes),
    );
    let bank = bank(buffer)?;
    let reads: Vec<Access> = readers.iter().map(|name| Access::new(&b, buffer, name, "read")).collect();
    let writes: Vec<Access> = writers.iter().map(|name| Access::new(&b, buffer, name, "write")).collect();
    let data: Vec<[Signal; 2]> =
        writers.iter().zip(&writes).map(|(name, access)| write_data(&b, buffer, name, access)).collect();

    let line_bits = 8 * buffer.line_bytes;
    let mut conflicts = Vec::new();
    let mut lines: [Vec<Signal>; 2] = [Vec::new(), Vec::new()];
    for number in 0..buffer.banks {
        for plane in 0..2 {
            let half = ["even", "odd"][plane];
            let cell = b.instance(&format!("bank_{number}_{half}"), &bank);
            let (read, read_row, clash) = choose(&b, buffer, &reads, plane, number);
            conflicts.push(clash);
            let (write, write_row, clash) = choose(&b, buffer, &writes, plane, number);
            conflicts.push(clash);
            let here = |access: &Access| access.hits(plane, number);
            let value =
                one_hot(&b, line_bits, writes.iter().zip(&data).map(|(a, d)| (here(a), d[plane].clone())));
            let masks = writes.iter().map(|a| (here(a), a.masks[plane].clone()));
            cell.connect("read", &read)
                .connect("read_row", &read_row)
                .connect("write", &write)
                .connect("write_row", &write_row)
                .connect("write_mask", &one_hot(&b, buffer.line_bytes, masks))
                .connect("write_line", &value);
            lines[plane].push(cell.out("line"));
        }
    }
    for (name, access) in readers.iter().zip(&reads) {
        let line = access.read_line(&b, buffer, name, &lines);
        b.output(&format!("{name}_line"), &line, "the line asked for two cycles ago");
    }
    let conflict = any_of(&b, 1, conflicts);
    b.output("conflict", &b.delay_reset("conflict_q", &conflict, 0), "two ports met in a bank");
    b.finish()
}

/// Half a bank: a block RAM with a read and a byte-masked write port.
fn bank(buffer: &Buffer) -> Result<Arc<Module>, Errors> {
    let rows = rows(buffer);
    let b = Builder::new(
        "buffer_bank",
        "Lines of one parity of one bank; one read and one masked write a cycle.",
    );
    let bits = 8 * buffer.line_bytes;
    let memory = b.memory("lines", bits, rows);
    let write = b.input("write", 1, "writes the masked bytes");
    let write_row = b.input("write_row", address_bits(rows), "line");
    let mask = b.input("write_mask", buffer.line_bytes, "bytes that are written");
    let data = b.input("write_line", bits, "the bytes");
    memory.write_masked(&write_row, &data, &write, &mask, 8);
    let read = b.input("read", 1, "reads a line");
    let read_row = b.input("read_row", address_bits(rows), "line");
    b.output("line", &memory.read_sync("line_q", &read_row, &read), "the line read last");
    b.finish()
}

/// Lines of one parity in a bank.
fn rows(buffer: &Buffer) -> u32 {
    buffer.bank_bytes / (2 * buffer.line_bytes)
}

/// A port's request of a cycle: which row of which bank in each plane.
struct Access {
    offset: Signal,
    odd_first: Signal,
    enables: [Signal; 2],
    banks: [Signal; 2],
    rows: [Signal; 2],
    masks: [Signal; 2],
}

impl Access {
    fn new(b: &Builder, buffer: &Buffer, name: &str, verb: &str) -> Access {
        let enable = b.input(&format!("{name}_{verb}"), 1, &format!("{verb}s up to a line"));
        let address = b.input(&format!("{name}_address"), BUFFER_BITS, "first byte");
        let bytes = b.input(&format!("{name}_bytes"), LANE_BITS, "number of bytes");
        let offset_bits = buffer.line_bytes.trailing_zeros();
        let offset = address.trunc(offset_bits);
        let odd_first = address.bit(offset_bits);
        // Line n is row n / 2 of plane n % 2; the access touches line n, and n + 1 if it straddles.
        let pair = address.slice(offset_bits + 1, BUFFER_BITS - offset_bits - 1);
        let even_row = &pair + &odd_first.zext(pair.width());
        let end = &offset.zext(LANE_BITS + 1) + &bytes.zext(LANE_BITS + 1);
        let straddles = end.ugt(&b.lit(LANE_BITS + 1, i64::from(buffer.line_bytes)));
        let touches_even = &!&odd_first | &straddles;
        let touches_odd = &odd_first | &straddles;
        let (even_bank, even_row) = split(b, buffer, &even_row);
        let (odd_bank, odd_row) = split(b, buffer, &pair);
        // Two lines' worth of byte enables, moved to the offset; the first line's half is the lower one.
        let line = buffer.line_bytes;
        let wanted =
            Signal::join(&(0..line).map(|i| b.lit(LANE_BITS, i64::from(i)).ult(&bytes)).collect::<Vec<_>>());
        let both = wanted.zext(2 * line).shift_left(&offset);
        let (low, high) = (both.slice(0, line), both.slice(line, line));
        Access {
            enables: [&enable & &touches_even, &enable & &touches_odd],
            banks: [even_bank, odd_bank],
            rows: [even_row, odd_row],
            masks: [odd_first.mux(&high, &low), odd_first.mux(&low, &high)],
            offset,
            odd_first,
        }
    }

    fn hits(&self, plane: usize, bank: u32) -> Signal {
        &self.enables[plane] & &self.banks[plane].eq_lit(i64::from(bank))
    }

    /// The bytes from the offset on, a register after the banks' own.
    fn read_line(&self, b: &Builder, buffer: &Buffer, name: &str, lines: &[Vec<Signal>; 2]) -> Signal {
        let banks = [0, 1].map(|plane: usize| {
            let half = ["even", "odd"][plane];
            b.delay(&format!("{name}_{half}_bank"), &self.banks[plane]).select(&lines[plane])
        });
        let odd_first = b.delay(&format!("{name}_odd_first"), &self.odd_first);
        let offset = b.delay(&format!("{name}_offset"), &self.offset);
        let (first, second) = (odd_first.mux(&banks[1], &banks[0]), odd_first.mux(&banks[0], &banks[1]));
        let moved = second.cat(&first).shift_right(&offset.cat(&b.zero(3))).trunc(8 * buffer.line_bytes);
        b.delay(&format!("{name}_line_q"), &moved)
    }
}

/// A port's write data, moved to its offset, for each plane.
fn write_data(b: &Builder, buffer: &Buffer, name: &str, access: &Access) -> [Signal; 2] {
    let bits = 8 * buffer.line_bytes;
    let line = b.input(&format!("{name}_line"), bits, "the bytes, first one lowest");
    let both = line.zext(2 * bits).shift_left(&access.offset.cat(&b.zero(3)));
    let (low, high) = (both.slice(0, bits), both.slice(bits, bits));
    [access.odd_first.mux(&high, &low), access.odd_first.mux(&low, &high)]
}

/// Bank and row of a pair of lines; a slice where banks are powers of two, comparisons where they are not.
fn split(b: &Builder, buffer: &Buffer, pair: &Signal) -> (Signal, Signal) {
    let rows = rows(buffer);
    let (row_bits, bank_bits) = (address_bits(rows), address_bits(buffer.banks));
    if rows.is_power_of_two() && rows > 1 {
        return (pair.slice(row_bits, bank_bits), pair.trunc(row_bits));
    }
    let first_rows = (1..buffer.banks).map(|bank| b.lit(pair.width(), i64::from(bank * rows)));
    let mut bank = b.zero(bank_bits);
    let mut row = pair.clone();
    for (i, first) in first_rows.enumerate() {
        let reached = first.ule(pair);
        bank = reached.mux(&b.lit(bank_bits, i as i64 + 1), &bank);
        row = reached.mux(&(pair - &first), &row);
    }
    (bank, row.trunc(row_bits))
}

/// Enable and row of one bank's port, and whether two accesses want it.
fn choose(
    b: &Builder,
    buffer: &Buffer,
    accesses: &[Access],
    plane: usize,
    bank: u32,
) -> (Signal, Signal, Signal) {
    let hits: Vec<Signal> = accesses.iter().map(|access| access.hits(plane, bank)).collect();
    let candidates = hits.iter().zip(accesses).map(|(hit, access)| (hit.clone(), access.rows[plane].clone()));
    let row = one_hot(b, address_bits(rows(buffer)), candidates);
    let (mut any, mut twice) = (b.zero(1), b.zero(1));
    for hit in &hits {
        twice = &twice | &(&any & hit);
        any = &any | hit;
    }
    (any, row, twice)
}
