//! The global buffer: banks behind ports that move up to a line from or to any byte address in a cycle.
//!
//! Lines alternate between two planes, so the two lines that an unaligned access touches are always in
//! different memories. Every bank of a plane serves one read and one write a cycle. There is no
//! arbitration: programs keep ports apart, and two ports that meet in a bank raise `conflict`.

use crate::wiring::{address_bits, any_of, one_hot};
use hdl::{Builder, Errors, InstanceHandle, Module, Signal};
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
    let plane = plane(buffer, readers, writers)?;
    let planes = ["even", "odd"].map(|parity| b.instance(parity, &plane));
    let reads: Vec<Access> = readers.iter().map(|name| Access::new(&b, buffer, name, "read")).collect();
    let writes: Vec<Access> = writers.iter().map(|name| Access::new(&b, buffer, name, "write")).collect();
    for (name, access) in writers.iter().zip(&writes) {
        let data = write_data(&b, buffer, name, access);
        for (i, plane) in planes.iter().enumerate() {
            access.request(plane, name, i);
            plane
                .connect(&format!("{name}_mask"), &access.masks[i])
                .connect(&format!("{name}_data"), &data[i]);
        }
    }
    for (name, access) in readers.iter().zip(&reads) {
        planes.iter().enumerate().for_each(|(i, plane)| access.request(plane, name, i));
        let lines = [0, 1].map(|i: usize| planes[i].out(&format!("{name}_line")));
        let line = access.read_line(&b, buffer, name, &lines);
        b.output(&format!("{name}_line"), &line, "the line asked for two cycles ago");
    }
    let conflict = &planes[0].out("conflict") | &planes[1].out("conflict");
    b.output("conflict", &conflict, "two ports met in a bank a cycle ago");
    b.finish()
}

/// The lines of one parity: half of every bank, each of which picks what is meant for it out of all requests.
fn plane(buffer: &Buffer, readers: &[String], writers: &[String]) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("buffer_plane", "The lines of one parity of all banks.");
    let bank = bank(buffer, readers.len(), writers.len())?;
    let bank_bits = address_bits(buffer.banks);
    let request = |name: &String| Request {
        enable: b.input(&format!("{name}_enable"), 1, "touches a line of this parity"),
        bank: b.input(&format!("{name}_bank"), bank_bits, "its bank"),
        row: b.input(&format!("{name}_row"), address_bits(rows(buffer)), "its line in the bank"),
    };
    let reads: Vec<Request> = readers.iter().map(request).collect();
    let writes: Vec<Request> = writers.iter().map(request).collect();
    let data = writers.iter().map(|name| {
        let mask = b.input(&format!("{name}_mask"), buffer.line_bytes, "bytes that are written");
        (mask, b.input(&format!("{name}_data"), 8 * buffer.line_bytes, "the bytes"))
    });
    let data: Vec<(Signal, Signal)> = data.collect();

    let banks: Vec<_> = (0..buffer.banks)
        .map(|number| {
            let cell = b.instance(&format!("bank_{number}"), &bank);
            cell.connect("number", &b.lit(bank_bits, i64::from(number)));
            reads.iter().enumerate().for_each(|(i, read)| read.connect(&cell, &format!("read_{i}")));
            for (i, (write, (mask, data))) in writes.iter().zip(&data).enumerate() {
                write.connect(&cell, &format!("write_{i}"));
                cell.connect(&format!("write_{i}_mask"), mask).connect(&format!("write_{i}_data"), data);
            }
            cell
        })
        .collect();
    let lines: Vec<Signal> = banks.iter().map(|bank| bank.out("line")).collect();
    for (name, read) in readers.iter().zip(&reads) {
        let line = b.delay(&format!("{name}_bank_q"), &read.bank).select(&lines);
        b.output(&format!("{name}_line"), &line, "the line asked for a cycle ago");
    }
    let conflict = any_of(&b, 1, banks.iter().map(|bank| bank.out("conflict")));
    b.output("conflict", &conflict, "two ports met in a bank a cycle ago");
    b.finish()
}

/// What a port asks of a plane, or of a bank of it.
struct Request {
    enable: Signal,
    bank: Signal,
    row: Signal,
}

impl Request {
    fn connect(&self, cell: &InstanceHandle, port: &str) {
        cell.connect(&format!("{port}_enable"), &self.enable)
            .connect(&format!("{port}_bank"), &self.bank)
            .connect(&format!("{port}_row"), &self.row);
    }
}

/// Half a bank: a block RAM with a read and a byte-masked write port, and the choice of who uses them.
fn bank(buffer: &Buffer, readers: usize, writers: usize) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        "buffer_bank",
        "Lines of one parity of one bank; of all requests those for this bank; one read and one masked write a cycle.",
    );
    let (row_bits, bank_bits) = (address_bits(rows(buffer)), address_bits(buffer.banks));
    let bits = 8 * buffer.line_bytes;
    let number = b.input("number", bank_bits, "which bank this is");
    // Whether a request is for this bank, and its row.
    let request = |name: String| {
        let enable = b.input(&format!("{name}_enable"), 1, "touches a line of this parity");
        let bank = b.input(&format!("{name}_bank"), bank_bits, "its bank");
        let row = b.input(&format!("{name}_row"), row_bits, "its line in the bank");
        ((&enable & &bank.eq(&number)).named(&format!("{name}_here")), row)
    };
    let reads: Vec<(Signal, Signal)> = (0..readers).map(|i| request(format!("read_{i}"))).collect();
    let writes: Vec<(Signal, Signal)> = (0..writers).map(|i| request(format!("write_{i}"))).collect();
    let here = |i: usize| writes[i].0.clone();
    let masks = (0..writers)
        .map(|i| (here(i), b.input(&format!("write_{i}_mask"), buffer.line_bytes, "bytes that are written")));
    let mask = one_hot(&b, buffer.line_bytes, masks.collect::<Vec<_>>());
    let data = (0..writers).map(|i| (here(i), b.input(&format!("write_{i}_data"), bits, "the bytes")));
    let data = one_hot(&b, bits, data.collect::<Vec<_>>());

    let memory = b.memory("lines", bits, rows(buffer));
    let (write, write_twice) = any_and_twice(&b, &writes);
    let (read, read_twice) = any_and_twice(&b, &reads);
    memory.write_masked(&one_hot(&b, row_bits, writes), &data, &write, &mask, 8);
    let line = memory.read_sync("line_q", &one_hot(&b, row_bits, reads), &read);
    b.output("line", &line, "the line read last");
    let conflict = b.delay_reset("conflict_q", &(&write_twice | &read_twice), 0);
    b.output("conflict", &conflict, "two ports wanted it at once, a cycle ago");
    b.finish()
}

/// Whether a request is here, and whether two are.
fn any_and_twice(b: &Builder, requests: &[(Signal, Signal)]) -> (Signal, Signal) {
    let (mut any, mut twice) = (b.zero(1), b.zero(1));
    for (here, _) in requests {
        twice = &twice | &(&any & here);
        any = &any | here;
    }
    (any, twice)
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

    /// Connects the port `name` of a plane.
    fn request(&self, plane: &InstanceHandle, name: &str, number: usize) {
        let [enable, bank, row] =
            [&self.enables, &self.banks, &self.rows].map(|of_planes| of_planes[number].clone());
        Request { enable, bank, row }.connect(plane, name);
    }

    /// The bytes from the offset on, a register after the banks' own.
    fn read_line(&self, b: &Builder, buffer: &Buffer, name: &str, planes: &[Signal; 2]) -> Signal {
        let odd_first = b.delay(&format!("{name}_odd_first"), &self.odd_first);
        let offset = b.delay(&format!("{name}_offset"), &self.offset);
        let (first, second) = (odd_first.mux(&planes[1], &planes[0]), odd_first.mux(&planes[0], &planes[1]));
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

/// Bank and row of a pair of lines; a slice where the rows of a bank are a power of two, else comparisons.
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
