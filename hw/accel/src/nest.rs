//! The loop nest: one affine walk over up to `nest_depth` levels, a step a cycle.
//!
//! Trip counts, flags and deltas lie in small tables of two pages; instructions write the page that is not
//! live. At start the live page's bounds are copied level by level into registers (`nest_depth` cycles), because
//! the carry chain needs all of them at once; deltas are only needed one level at a time and stay in the
//! table. A step adds the delta of the advancing level to every accumulator: one adder each, however deep.
//!
//! The nest knows nothing of what its accumulators mean.

use crate::wiring::{any_of, TableWrite};
use hdl::{Builder, Errors, Module, Signal};
use spec::accelerator::Accelerator;
use spec::isa::table::{NestKind, FLAG_BITS, FLAG_PASS, FLAG_REDUCE};
use std::sync::Arc;

/// The nest engine of `kind`; the same for every chunk.
pub fn module(accelerator: &Accelerator, kind: NestKind) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("nest_{}", kind.name()),
        "Walks a loop nest, one step a cycle. Does not know what its accumulators mean.",
    );
    let start = b.input("start", 1, "loads the live page and starts");
    let page = b.input("page", 1, "the live page of the tables");
    let depth = b.input("depth", 5, "levels in use");
    let step = b.input("step", 1, "takes one step; only while valid");
    let table = TableWrite::inputs(&b);
    let mine = table.is_for(kind);
    let write_address = (!&page).cat(&table.level);

    let bounds = b.memory("bounds", 16 + FLAG_BITS, 32);
    bounds.write(&write_address, &table.flags.cat(&table.bound), &(&table.bound_we & &mine));
    let loader = loader(&b, accelerator.nest_depth, &start);
    let entry = bounds.read(&page.cat(&loader.level));
    let unused = loader.level.zext(5).uge(&depth);
    let limit_in = (&entry.slice(0, 16) - 1).gate(&!&unused);
    let flags_in = entry.slice(16, FLAG_BITS).gate(&!&unused);

    let levels = levels(&b, accelerator.nest_depth, &start, &step, &loader, &limit_in, &flags_in);
    let last = Signal::join(&levels.iter().map(|level| level.at_end.clone()).collect::<Vec<_>>()).all();
    let running = b.reg("running", 1);
    running.reset(0).next(&(&loader.done | &(&running.q() & &!&(&step & &last))));

    // The index of the advancing level addresses the deltas.
    let encoded = levels.iter().enumerate().map(|(i, level)| b.lit(4, i as i64).gate(&level.advances));
    let advancing = any_of(&b, 4, encoded).named("advancing_level");
    let read_address = page.cat(&advancing);
    for (i, (name, width)) in kind.accumulators().iter().enumerate() {
        let deltas = b.memory(&format!("delta_{name}"), *width, 32);
        let data = [&table.first, &table.second][i % 2].trunc(*width);
        let enable = &(&table.delta_we & &mine) & &table.pair.eq_lit(i as i64 / 2);
        deltas.write(&write_address, &data, &enable);
        let value = b.reg(&format!("value_{name}"), *width);
        let moved = &value.q() + &deltas.read(&read_address);
        value.enable(&(&start | &step)).next(&moved.gate(&!&start));
        b.output(&format!("at_{name}"), &value.q(), "accumulator");
    }

    let crossed = any_of(&b, FLAG_BITS, levels.iter().map(|level| level.flags.gate(&level.advances)));
    b.output(
        "crossed",
        &(&crossed | &last.replicate(FLAG_BITS)),
        "flags of the level that the step advances; all at the end",
    );
    // Whether all levels with a flag are at iteration 0, and whether all are at their last.
    let all_at_first = |flag: u32| {
        let begun = levels.iter().map(|level| &level.flags.bit(flag.trailing_zeros()) & &level.count.any());
        !&any_of(&b, 1, begun)
    };
    let all_at_last = |flag: u32| {
        let open = levels.iter().map(|level| &level.flags.bit(flag.trailing_zeros()) & &!&level.at_end);
        !&any_of(&b, 1, open)
    };
    if matches!(kind, NestKind::Compute | NestKind::Drain) {
        b.output("first", &all_at_first(FLAG_REDUCE), "all reduction loops are at iteration 0");
    }
    if kind == NestKind::Drain {
        b.output("last", &all_at_last(FLAG_REDUCE), "all reduction loops are at their last iteration");
        b.output("first_pass", &all_at_first(FLAG_PASS), "all loops of passes are at iteration 0");
        b.output("last_pass", &all_at_last(FLAG_PASS), "all loops of passes are at their last iteration");
    }
    b.output("valid", &running.q(), "the nest is at a step");
    b.finish()
}

/// The walk over the live page at start.
struct Loader {
    busy: Signal,
    level: Signal,
    done: Signal,
}

fn loader(b: &Builder, nest_depth: u32, start: &Signal) -> Loader {
    let busy = b.reg("loading", 1);
    let level = b.reg("loading_level", 4);
    let at_last = level.q().eq_lit(i64::from(nest_depth - 1));
    busy.reset(0).next(&(start | &(&busy.q() & &!&at_last)));
    level.reset(0).enable(&(start | &busy.q())).next(&(&level.q() + 1).gate(&!start));
    let done = &busy.q() & &at_last;
    Loader { busy: busy.q(), level: level.q(), done }
}

/// One loop: its counter and whether the next step advances it.
struct Level {
    count: Signal,
    flags: Signal,
    at_end: Signal,
    advances: Signal,
}

fn levels(
    b: &Builder,
    nest_depth: u32,
    start: &Signal,
    step: &Signal,
    loader: &Loader,
    limit_in: &Signal,
    flags_in: &Signal,
) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut reached = b.one();
    for i in 0..nest_depth {
        let load = &loader.busy & &loader.level.eq_lit(i64::from(i));
        let limit = b.reg(&format!("limit_{i}"), 16);
        limit.enable(&load).next(limit_in);
        let flags = b.reg(&format!("flags_{i}"), FLAG_BITS);
        flags.enable(&load).next(flags_in);
        let count = b.reg(&format!("count_{i}"), 16);
        let at_end = count.q().eq(&limit.q()).named(&format!("at_end_{i}"));
        let restarts = start | &at_end;
        count.enable(&(start | &(step & &reached))).next(&(&count.q() + 1).gate(&!&restarts));
        let advances = &reached & &!&at_end;
        reached = &reached & &at_end;
        levels.push(Level { count: count.q(), flags: flags.q(), at_end, advances });
    }
    levels
}
