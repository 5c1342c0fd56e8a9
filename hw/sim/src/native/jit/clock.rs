//! The clock edge: what registers take is moved into them, where it changes something, and wakes their users; and the users
//! of those that were written in place are woken.
//!
//! Most edges move a word or two and wake units in one or two words of flags. A loop takes these from a table: a branch
//! and code for each would be longer than all that is done for those that change. The others have code of their own.

use std::mem::offset_of;

use cranelift_codegen::ir::{types, InstBuilder, Value};
use cranelift_module::FuncId;

use super::super::plan::{Edge, Plan, FLAGS};
use super::dispatch::Body;
use super::{unaligned, Compiler};

/// A simple edge, as the loop reads it.
#[repr(C)]
pub(super) struct Simple {
    /// Bytes of the array.
    to: u32,
    from: u32,
    flags: [u32; Edge::MOST_WAKES],
    bits: [u64; Edge::MOST_WAKES],
}

const _: () = assert!(size_of::<Simple>().is_power_of_two() && Edge::MOST_WORDS == 2);

/// The simple edges that fill words of flags, as a table.
pub(super) fn simple(plan: &Plan) -> Box<[Simple]> {
    let count = plan.edges.iter().filter(|edge| edge.is_simple()).count() / FLAGS * FLAGS;
    let row = |edge: &Edge| {
        let wakes: [(usize, u64); Edge::MOST_WAKES] =
            std::array::from_fn(|wake| edge.wakes.get(wake).copied().unwrap_or_default());
        Simple {
            to: 8 * edge.states.start as u32,
            from: 8 * edge.next as u32,
            flags: wakes.map(|(word, _)| 8 * word as u32),
            bits: wakes.map(|(_, bits)| bits),
        }
    };
    plan.edges[..count].iter().map(row).collect()
}

impl Compiler<'_> {
    /// The clock edge; `simple` must live where it is as long as the code.
    pub fn clock(&mut self, simple: &[Simple]) -> Option<FuncId> {
        let (first, edges) = (self.plan.pending, &self.plan.edges[simple.len()..]);
        let looped = simple.len() / FLAGS;
        let mut words = Vec::new();
        for (number, edges) in edges.chunks(FLAGS).enumerate() {
            let word = first + looped + number;
            let function = self.body(&format!("edges_{number}"), |body| {
                body.flags(word, edges.len(), false, |body, flag| body.edge(&edges[flag]));
            })?;
            words.push((word, function));
        }
        let outer = self.outer.clone();
        let plan = self.plan;
        self.body_as("clock", outer, |body| {
            body.wake_later(plan);
            for (number, rows) in simple.chunks(FLAGS).enumerate() {
                let pending = body.word(first + number);
                body.when(pending, |body| body.simple_edges(first + number, pending, rows));
            }
            body.words(&words);
        })
    }
}

impl Body<'_, '_> {
    /// Wakes whom registers wake that were written in place.
    fn wake_later(&mut self, plan: &Plan) {
        let none = self.code.ins().iconst(types::I64, 0);
        for word in plan.woken_later() {
            let [before, bits] = [word, plan.later + word].map(|word| self.word(word));
            let all = self.code.ins().bor(before, bits);
            self.store(all, word);
            self.store(none, plan.later + word);
        }
    }

    /// Moves what registers take into them, and wakes their users.
    fn edge(&mut self, edge: &Edge) {
        self.copy([self.base; 2], [edge.next, edge.states.start], edge.states.len());
        self.wake(edge.wakes.iter().copied());
    }

    /// The same for those of `rows` whose bits are set in `pending`, which is not 0; then none is, in `word`.
    fn simple_edges(&mut self, word: usize, pending: Value, rows: &[Simple]) {
        let none = self.code.ins().iconst(types::I64, 0);
        self.store(none, word);
        let rows = self.code.ins().iconst(types::I64, rows.as_ptr() as usize as i64);
        let (body, after) = (self.code.create_block(), self.code.create_block());
        let left = self.code.append_block_param(body, types::I64);
        self.code.ins().jump(body, &[pending.into()]);
        self.code.switch_to_block(body);
        let number = self.code.ins().ctz(left);
        let row = self.code.ins().ishl_imm_u(number, i64::from(size_of::<Simple>().trailing_zeros()));
        let row = self.code.ins().iadd(rows, row);
        self.simple_edge(row);
        let less = self.code.ins().iadd_imm_s(left, -1);
        let left = self.code.ins().band(left, less);
        self.code.ins().brif(left, body, &[left.into()], after, &[]);
        self.code.switch_to_block(after);
    }

    /// What the row at an address says.
    fn simple_edge(&mut self, row: Value) {
        let unaligned = unaligned();
        let place = |this: &mut Self, at: usize| {
            let bytes = this.code.ins().uload32(unaligned, row, at as i32);
            this.code.ins().iadd(this.base, bytes)
        };
        let from = place(self, offset_of!(Simple, from));
        let to = place(self, offset_of!(Simple, to));
        let taken = self.code.ins().load(types::I64X2, unaligned, from, 0);
        self.code.ins().store(unaligned, taken, to, 0);
        for wake in 0..Edge::MOST_WAKES {
            let awake = place(self, offset_of!(Simple, flags) + 4 * wake);
            let bits = (offset_of!(Simple, bits) + 8 * wake) as i32;
            let bits = self.code.ins().load(types::I64, unaligned, row, bits);
            let before = self.code.ins().load(types::I64, unaligned, awake, 0);
            let bits = self.code.ins().bor(before, bits);
            self.code.ins().store(unaligned, bits, awake, 0);
        }
    }
}
