//! A queue: executes the stream of one engine, in order.
//!
//! It decodes by the instruction table, keeps the shadow descriptors, the loop and the skip, and waits where
//! an instruction says so. It does not know what its engine does: it sees `idle` and gives `launch`.

use crate::wiring::{any_of, one_hot, TableWrite};
use hdl::{Builder, Errors, Module, Reg, Signal};
use spec::isa::code::row_of;
use spec::isa::table::{self, Field, Queue, DRAM_BITS, INSTRUCTIONS, OPCODE};
use std::sync::Arc;

/// Bits of a word's index in the program.
pub const PC_BITS: u32 = 24;

/// The queue of `kind`; the same for every chunk.
pub fn module(kind: Queue) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        &format!("queue_{}", kind.name()),
        "Executes the instruction stream of one engine, in order.",
    );
    let word = b.input("word", 64, "the next word of the stream");
    let there = b.input("word_valid", 1, "it is there");
    let pc = b.input("pc", PC_BITS, "its index in the program");
    let idle = b.input("idle", 1, "the engine can be launched");
    let token_there = b.input("token_there", 1, "the token that the word names has a count");
    let start = b.input("start", 1, "starts the stream");

    let running = b.reg("running", 1);
    let skip = b.reg("skip", 16);
    let decode = Decode { word: word.clone(), go: &(&there & &running.q()) & &!&skip.q().any() };
    let control = LoopControl::new(&b, &decode, &pc);

    let index = Index::new(&b, &decode, kind, &control.iteration);
    let wait = &decode.is(table::WAIT) & &token_there;
    let signal = &decode.is(table::SIGNAL) & &idle;
    let end = &decode.is(table::END) & &idle;
    let launches = INSTRUCTIONS.iter().filter(|row| row.queues == [kind] && row.opcode & 0x38 == 0x08);
    let launch = any_of(&b, 1, launches.map(|row| &decode.is(row.opcode) & &idle)).named("launching");
    let at_once = [table::CFG, table::LOOP, table::GUARD].map(|opcode| decode.is(opcode));
    let tables = [table::BOUND, table::DELTA].map(|opcode| decode.is(opcode));
    let fence = &decode.is(table::FENCE) & &idle;
    let steps =
        at_once.iter().chain(&tables).chain([&wait, &signal, &launch, &fence, &control.leaves, &index.done]);
    let skipping = &(&there & &running.q()) & &skip.q().any();
    let pop = (&any_of(&b, 1, steps.cloned()) | &skipping).named("popping");

    running.reset(0).next(&(&start | &(&running.q() & &!&end)));
    let skips = &decode.is(table::GUARD) & &!&control.inside_guard;
    let skip_field = decode.field(table::GUARD, "skip");
    skip.reset(0).enable(&(&skips | &skipping)).next(&skips.mux(&skip_field, &(&skip.q() - 1)));

    registers(&b, &decode, kind, &index);
    b.output("pop", &pop, "the word is done with");
    b.output("launch", &launch, "starts the engine");
    b.output("jump", &control.repeats, "goes on behind the loop's start");
    b.output("jump_pc", &control.body, "the word there");
    b.output("token", &word.trunc(table::TOKEN_BITS), "the token that the word names");
    b.output("take", &wait, "takes one from the token");
    b.output("give", &signal, "adds one to the token");
    b.output("running", &running.q(), "END has not been reached");
    let known = INSTRUCTIONS.iter().filter(|row| row.queues.contains(&kind));
    let legal = any_of(&b, 1, known.map(|row| decode.opcode_is(row.opcode)));
    let bad_register = &(&decode.is(table::CFG) | &decode.is(table::INDEX)) & &!&index.register_exists;
    b.output(
        "illegal",
        &(&(&decode.go & &!&legal) | &bad_register),
        "the word is no instruction of this queue",
    );
    if kind == Queue::Execute {
        b.output(
            "flip",
            &decode.field(table::EXEC, "flip"),
            "with launch: flips the page of the nest tables",
        );
        table_write(&decode, &tables).outputs(&b);
    }
    b.finish()
}

/// The word, taken apart by the instruction table.
struct Decode {
    word: Signal,
    go: Signal,
}

impl Decode {
    fn opcode_is(&self, opcode: u32) -> Signal {
        self.word.slice(OPCODE.low, OPCODE.width).eq_lit(i64::from(opcode))
    }

    fn is(&self, opcode: u32) -> Signal {
        &self.go & &self.opcode_is(opcode)
    }

    fn field(&self, opcode: u32, name: &str) -> Signal {
        let field: &Field = row_of(opcode)
            .and_then(|row| row.fields.iter().find(|field| field.name == name))
            .expect("the instruction table has the fields that the hardware decodes");
        self.word.slice(field.low, field.width)
    }
}

/// LOOP, ENDLOOP and GUARD.
struct LoopControl {
    iteration: Signal,
    body: Signal,
    repeats: Signal,
    leaves: Signal,
    inside_guard: Signal,
}

impl LoopControl {
    fn new(b: &Builder, decode: &Decode, pc: &Signal) -> LoopControl {
        let iteration = b.reg("iteration", 16);
        let count = b.reg("loop_count", 16);
        let body = b.reg("loop_body", PC_BITS);
        let begins = decode.is(table::LOOP);
        let ends = decode.is(table::ENDLOOP);
        let next = &iteration.q() + 1;
        let again = next.ult(&count.q());
        count.enable(&begins).next(&decode.field(table::LOOP, "count"));
        body.enable(&begins).next(&(pc + 1));
        iteration.reset(0).enable(&(&begins | &ends)).next(&next.gate(&(&ends & &again)));
        let t = iteration.q();
        let from = decode.field(table::GUARD, "from");
        let until = decode.field(table::GUARD, "until");
        LoopControl {
            body: body.q(),
            repeats: &ends & &again,
            leaves: &ends & &!&again,
            inside_guard: &from.ule(&t) & &t.ult(&until),
            iteration: t,
        }
    }
}

/// INDEX: a multiplication by shifting and adding, as long as the multiplier has bits left.
struct Index {
    /// The product is complete in this cycle.
    done: Signal,
    product: Signal,
    chosen: Vec<Signal>,
    register_exists: Signal,
}

impl Index {
    fn new(b: &Builder, decode: &Decode, kind: Queue, iteration: &Signal) -> Index {
        let runs = decode.is(table::INDEX);
        let working = b.reg("index_working", 1);
        let factor = b.reg("index_factor", 16);
        let addend = b.reg("index_addend", DRAM_BITS);
        let product = b.reg("index_product", DRAM_BITS);
        let loads = &runs & &!&working.q();
        let done = &(&runs & &working.q()) & &!&factor.q().any();
        working.reset(0).enable(&runs).next(&!&done);

        let sum = iteration + &decode.field(table::INDEX, "offset").sext(16);
        // 2^bits - 1, all ones from 16 bits on.
        let bits = decode.field(table::INDEX, "bits");
        let mask = !&b.lit(16, -1).shift_left(&bits);
        factor.enable(&runs).next(&loads.mux(&(&sum & &mask), &factor.q().slice(1, 15).zext(16)));
        let stride = decode.field(table::INDEX, "stride").zext(DRAM_BITS);
        let doubled = addend.q().trunc(DRAM_BITS - 1).cat(&b.zero(1));
        addend.enable(&runs).next(&loads.mux(&stride, &doubled));
        let added = &product.q() + &addend.q().gate(&factor.q().bit(0));
        product.enable(&runs).next(&added.gate(&!&loads));

        // CFG and INDEX name the register in the same bits.
        let reg = decode.field(table::CFG, "reg");
        let chosen: Vec<Signal> = (0..kind.registers().len()).map(|i| reg.eq_lit(i as i64)).collect();
        let indexes = decode.opcode_is(table::INDEX);
        let legal = kind.registers().iter().zip(&chosen).map(|(register, chosen)| {
            if register.is_indexable() {
                chosen.clone()
            } else {
                chosen & &!&indexes
            }
        });
        Index { done, product: product.q(), register_exists: any_of(b, 1, legal), chosen }
    }
}

/// The shadow descriptors: written by CFG, added to by INDEX.
fn registers(b: &Builder, decode: &Decode, kind: Queue, index: &Index) {
    let writes = decode.is(table::CFG);
    let value = decode.field(table::CFG, "value");
    let shadows: Vec<Reg> = kind
        .registers()
        .iter()
        .map(|register| b.reg(&format!("shadow_{}", register.name), register.width))
        .collect();
    let addresses =
        kind.registers().iter().zip(&shadows).zip(&index.chosen).filter(|((r, _), _)| r.is_indexable());
    let old = one_hot(
        b,
        DRAM_BITS,
        addresses.map(|((_, shadow), chosen)| (chosen.clone(), shadow.q().zext(DRAM_BITS))),
    );
    let moved = (&old + &index.product).named("indexed_address");
    for ((register, shadow), chosen) in kind.registers().iter().zip(&shadows).zip(&index.chosen) {
        let written = value.trunc(register.width);
        if register.is_indexable() {
            let enable = &(&writes | &index.done) & chosen;
            shadow.enable(&enable).next(&index.done.mux(&moved.trunc(register.width), &written));
        } else {
            shadow.enable(&(&writes & chosen)).next(&written);
        }
        b.output(register.name, &shadow.q(), register.meaning);
    }
}

/// The bundle that writes nest tables.
fn table_write(decode: &Decode, writes: &[Signal; 2]) -> TableWrite {
    TableWrite {
        bound_we: writes[0].clone(),
        delta_we: writes[1].clone(),
        nest: decode.field(table::BOUND, "nest"),
        level: decode.field(table::BOUND, "level"),
        pair: decode.field(table::DELTA, "pair"),
        flags: decode.field(table::BOUND, "flags"),
        bound: decode.field(table::BOUND, "bound"),
        first: decode.field(table::DELTA, "first"),
        second: decode.field(table::DELTA, "second"),
    }
}
