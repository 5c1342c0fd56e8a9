//! A transfer engine: cuts a three-deep copy into bursts, for loads and stores alike.
//!
//! A burst ends at the latest where DRAM addresses reach a multiple of 64 beats, so it is never longer than that
//! and never crosses 4 KiB. The engine is idle again when every burst it gave away has been completed.

use crate::wiring::credits;
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::{BUFFER_BITS, DRAM_BITS, TRANSFER};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Beats of the longest burst.
pub const BURST_BEATS: u32 = 64;

/// Bits of a burst's size in bytes.
pub const BURST_BITS: u32 = 11;

/// The transfer engine; loads and stores share the definition.
pub fn module(accelerator: &Accelerator) -> Result<Arc<Module>, Errors> {
    let b = Builder::new("transfer", "Cuts planes of rows of bytes into bursts.");
    let launch = b.input("launch", 1, "starts; only while idle");
    let granted = b.input("granted", 1, "the burst offered is under way");
    let completed = b.input("completed", 1, "a burst has been completed");
    let stop = b.input("stop", 1, "gives no further bursts");
    let next: BTreeMap<&str, Signal> =
        TRANSFER.iter().map(|r| (r.name, b.input(r.name, r.width, r.meaning))).collect();
    let copy = |name: &str| {
        let copy = b.reg(&format!("live_{name}"), next[name].width());
        copy.enable(&launch).next(&next[name]);
        copy.q()
    };

    let walking = b.reg("walking", 1);
    let left = b.reg("left", 24);
    let longest = BURST_BEATS * accelerator.axi_bytes();
    let boundary_bits = longest.trailing_zeros();
    let dram = b.reg("dram_at", DRAM_BITS);
    let buffer = b.reg("buffer_at", BUFFER_BITS);
    let to_boundary =
        &b.lit(BURST_BITS, i64::from(longest)) - &dram.q().trunc(boundary_bits).zext(BURST_BITS);
    let row_ends = left.q().ule(&to_boundary.zext(24)).named("row_ends");
    let bytes = row_ends.mux(&left.q().trunc(BURST_BITS), &to_boundary).named("burst_bytes");

    let rows = Countdown::new(&b, "rows", &launch, &next["rows"], &copy("rows"), &(&granted & &row_ends));
    let planes = Countdown::new(&b, "planes", &launch, &next["planes"], &copy("planes"), &rows.wraps);
    walking.reset(0).enable(&(&(&launch | &planes.wraps) | &stop)).next(&(&launch & &!&stop));
    let whole_row = copy("bytes");
    let left_in = row_ends.mux(&whole_row, &(&left.q() - &bytes.zext(24)));
    left.enable(&(&launch | &granted)).next(&launch.mux(&next["bytes"], &left_in));

    for (side, at, stride_bits) in [("dram", &dram, 32), ("buffer", &buffer, BUFFER_BITS)] {
        let width = at.q().width();
        let start = |level: &str| b.reg(&format!("{side}_{level}_start"), width);
        let (row, plane) = (start("row"), start("plane"));
        let stride = |level: &str| copy(&format!("{side}_{level}")).trunc(stride_bits).sext(width);
        let next_row = &row.q() + &stride("row");
        let next_plane = &plane.q() + &stride("plane");
        let row_in = rows.wraps.mux(&next_plane, &next_row);
        let moved = row_ends.mux(&row_in, &(&at.q() + &bytes.zext(width)));
        at.enable(&(&launch | &granted)).next(&launch.mux(&next[side], &moved));
        row.enable(&(&launch | &(&granted & &row_ends))).next(&launch.mux(&next[side], &row_in));
        plane.enable(&(&launch | &rows.wraps)).next(&launch.mux(&next[side], &next_plane));
    }

    let open = credits(&b, "open_bursts", 16, &granted, &completed);
    b.output("offers", &walking.q(), "offers a burst");
    b.output("offered_address", &dram.q(), "its first byte in DRAM");
    b.output("offered_bytes", &bytes, "its bytes");
    b.output("offered_buffer", &buffer.q(), "its first byte in the buffer");
    b.output("idle", &!&(&walking.q() | &open.any()), "ready to launch");
    b.finish()
}

/// A counter that starts over when it has run out.
struct Countdown {
    wraps: Signal,
}

impl Countdown {
    fn new(
        b: &Builder,
        name: &str,
        launch: &Signal,
        first: &Signal,
        again: &Signal,
        step: &Signal,
    ) -> Countdown {
        let left = b.reg(&format!("{name}_left"), first.width());
        let last = left.q().ule(&b.lit(first.width(), 1));
        let next = last.mux(again, &(&left.q() - 1));
        left.enable(&(launch | step)).next(&launch.mux(first, &next));
        Countdown { wraps: step & &last }
    }
}
