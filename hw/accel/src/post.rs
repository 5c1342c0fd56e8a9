//! Post-processing: the requantise step of every lane, and the memory of its parameters.
//!
//! A row of parameters is twelve planes of a byte a lane; each plane is a memory of its own, so that filling
//! writes one plane a cycle and a drain beat reads a whole row. The arithmetic is in `requantiser`.

use crate::requantiser;
use crate::wiring::address_bits;
use hdl::{Builder, Errors, Module, Signal};
use num::requant::{ACC_BITS, ACT_BITS};
use spec::accelerator::Chunk;
use spec::isa::table::PARAMETER_BYTES;
use std::sync::Arc;

/// The post-processing of `chunk`: sums in, bytes out `num::requant::STAGES` cycles later.
pub fn module(chunk: &Chunk) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("{}_post", chunk.name()),
        &format!("Requantises {} sums a cycle with the parameters of their channels.", chunk.post_lanes),
    );
    let row_bits = address_bits(chunk.post_rows);
    let write = b.input("plane_we", 1, "writes a plane of a parameter row");
    let plane = b.input("plane", 4, "the plane");
    let write_row = b.input("plane_row", row_bits, "the row");
    let bytes = b.input("plane_bytes", 8 * chunk.post_lanes, "a byte for every lane");
    let read = b.input("row_re", 1, "reads a row for the sums of the next cycle");
    let read_row = b.input("row", row_bits, "the row");
    let sums = b.input("sums", ACC_BITS * chunk.post_lanes, "sums, lane 0 first");
    let residual = b.input("residual", ACT_BITS * chunk.post_lanes, "residuals, 0 where the layer has none");
    let lo = b.input("lo", ACT_BITS, "lower clamp");
    let hi = b.input("hi", ACT_BITS, "upper clamp");

    let planes: Vec<Signal> = (0..PARAMETER_BYTES)
        .map(|i| {
            let memory = b.memory(&format!("plane_{i}"), 8 * chunk.post_lanes, chunk.post_rows);
            memory.write(&write_row, &bytes, &(&write & &plane.eq_lit(i as i64)));
            memory.read_sync(&format!("plane_{i}_q"), &read_row, &read)
        })
        .collect();

    let requantiser = requantiser::module()?;
    let lanes = (0..chunk.post_lanes).map(|lane| {
        let parameters: Vec<Signal> = planes.iter().map(|plane| plane.slice(8 * lane, 8)).collect();
        let cell = b.instance(&format!("lane_{lane}"), &requantiser);
        cell.connect("acc", &sums.slice(ACC_BITS * lane, ACC_BITS))
            .connect("residual", &residual.slice(ACT_BITS * lane, ACT_BITS))
            .connect("parameters", &Signal::join(&parameters))
            .connect("lo", &lo)
            .connect("hi", &hi);
        cell.out("byte_out")
    });
    b.output("bytes", &Signal::join(&lanes.collect::<Vec<_>>()), "results, lane 0 first");
    b.finish()
}
