//! The array: rows x columns of PEs on broadcast buses.
//!
//! Row buses carry data, column buses carry addresses and take signals, control is broadcast with the delay of
//! the PE's stages. There is no skew: every PE works on the same step.

use crate::fill::data_ports;
use crate::wiring::{address_bits, delayed, delayed_strobe};
use hdl::{Builder, Errors, Module, Signal};
use num::requant::ACC_BITS;
use spec::accelerator::Chunk;
use spec::isa::table::{NestKind, RF_BITS};
use std::sync::Arc;

/// The PE array of `chunk`.
pub fn module(chunk: &Chunk, pe: &Arc<Module>) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_array", chunk.name()),
        &format!("{} rows by {} columns of PEs on broadcast buses, without skew.", chunk.rows, chunk.cols),
    );
    let buses = [NestKind::Input, NestKind::Weight].map(|kind| Buses::inputs(&b, chunk, kind));
    let x_entry = b.input("x_entry", RF_BITS, "input register-file entry of the step");
    let w_entry = b.input("w_entry", RF_BITS, "weight register-file entry of the step");
    let a_entry = b.input("a_entry", RF_BITS, "partial sum of the step");
    let step = b.input("step", 1, "a step");
    let first = b.input("first", 1, "the step's partial sum starts from 0");
    let drain_entry = b.input("drain_entry", RF_BITS, "partial sum that is read for the drain");

    // The accumulation happens two stages after the operands are read.
    let psum_bits = address_bits(chunk.psum_rf);
    let accumulate = delayed_strobe(&b, "accumulate", &step, 2);
    let first = delayed(&b, "first_there", &first, 2);
    let a_entry = delayed(&b, "a_entry_there", &a_entry.trunc(psum_bits), 2);

    let mut results = Vec::new();
    for row in 0..chunk.rows {
        for column in 0..chunk.cols {
            let cell = b.instance(&format!("pe_{row}_{column}"), pe);
            for (bus, entry) in buses.iter().zip([&x_entry, &w_entry]) {
                bus.connect(&cell, row, column, entry);
            }
            cell.connect("accumulate", &accumulate)
                .connect("first", &first)
                .connect("a_entry", &a_entry)
                .connect("drain_entry", &drain_entry.trunc(psum_bits));
            results.push(cell.out("result"));
        }
    }
    b.output("results", &Signal::join(&results), &format!("{ACC_BITS} bits a PE, row by row"));
    b.finish()
}

/// The buses of one operand.
struct Buses {
    name: &'static str,
    columns: u32,
    element_bits: u32,
    entry_bits: u32,
    /// For all columns, or for the left and the right half of them.
    data: Vec<Signal>,
    row_takes: Signal,
    column_takes: Signal,
    column_entry: Signal,
}

impl Buses {
    fn inputs(b: &Builder, chunk: &Chunk, kind: NestKind) -> Buses {
        let (name, depth, element_bits) = match kind {
            NestKind::Input => ("x", chunk.input_rf, 8),
            _ => ("w", chunk.weight_rf, chunk.weight_bits),
        };
        let entry_bits = address_bits(depth);
        let port = |suffix: &str, width, doc: &str| b.input(&format!("{name}_{suffix}"), width, doc);
        let data = data_ports(chunk, kind).iter();
        Buses {
            name,
            columns: chunk.cols,
            element_bits,
            entry_bits,
            data: data.map(|name| port(name, 8 * chunk.rows, "a byte for every row")).collect(),
            row_takes: port("row_takes", chunk.rows, "rows that take their byte"),
            column_takes: port("column_takes", chunk.cols, "columns that take the beat"),
            column_entry: port("column_entry", entry_bits * chunk.cols, "entry, a column"),
        }
    }

    fn connect(&self, cell: &hdl::InstanceHandle, row: u32, column: u32, entry: &Signal) {
        let port = |suffix: &str| format!("{}_{suffix}", self.name);
        let side = column as usize * self.data.len() / self.columns as usize;
        cell.connect(&port("bus"), &self.data[side].slice(8 * row, self.element_bits))
            .connect(&port("row_takes"), &self.row_takes.bit(row))
            .connect(&port("column_takes"), &self.column_takes.bit(column))
            .connect(
                &port("write_entry"),
                &self.column_entry.slice(self.entry_bits * column, self.entry_bits),
            )
            .connect(&port("entry"), &entry.trunc(self.entry_bits));
    }
}
