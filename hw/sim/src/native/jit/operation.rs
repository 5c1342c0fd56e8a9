//! Operations on single values.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, Block, InstBuilder, Value};
use cranelift_frontend::{FunctionBuilder, Switch};

use super::super::words::{bytes, ones, Id, Op};
use super::emit::{Known, Unit};
use super::offset;

/// The longest list from which a value is chosen without a jump.
const CHOSEN: usize = 8;

impl Unit<'_, '_, '_> {
    pub(super) fn compute(&mut self, id: Id) {
        let node = self.plan.netlist.nodes[id as usize];
        let (value, is_clean) = match node.op {
            Op::Eq(a, b) => return self.compare(id, IntCC::Equal, a, b),
            Op::Less(a, b) => return self.compare(id, IntCC::UnsignedLessThan, a, b),
            Op::LessSigned(a, b) => return self.compare(id, IntCC::SignedLessThan, a, b),
            op => self.operation(op, node.width),
        };
        let clean = (is_clean || node.width == 64).then_some(value);
        self.learn(id, Known { raw: Some(value), clean, condition: None });
    }

    fn compare(&mut self, id: Id, how: IntCC, a: Id, b: Id) {
        let [a, b] = match how {
            IntCC::SignedLessThan => [self.signed(a), self.signed(b)],
            _ => [self.clean(a), self.clean(b)],
        };
        let condition = self.code.ins().icmp(how, a, b);
        let value = self.code.ins().uextend(types::I64, condition);
        self.learn(id, Known { raw: Some(value), clean: Some(value), condition: Some(condition) });
    }

    /// The result of an operation, and whether it is 0 above its width.
    fn operation(&mut self, op: Op, width: u32) -> (Value, bool) {
        match op {
            Op::Load { memory, lane, addr } => (self.load(memory as usize, lane, addr), true),
            Op::Not(a) => {
                let (raw, is_clean) = (self.raw(a), self.is_clean(a));
                match is_clean {
                    true => (self.code.ins().bxor_imm_u(raw, ones(width) as i64), true),
                    false => (self.code.ins().bnot(raw), false),
                }
            }
            Op::And(a, b) => {
                let is_clean = self.is_clean(a) || self.is_clean(b);
                (self.on_raw(a, b, |code, a, b| code.ins().band(a, b)), is_clean)
            }
            Op::Or(a, b) => {
                let is_clean = self.is_clean(a) && self.is_clean(b);
                (self.on_raw(a, b, |code, a, b| code.ins().bor(a, b)), is_clean)
            }
            Op::Xor(a, b) => {
                let is_clean = self.is_clean(a) && self.is_clean(b);
                (self.on_raw(a, b, |code, a, b| code.ins().bxor(a, b)), is_clean)
            }
            Op::Add(a, b) => (self.on_raw(a, b, |code, a, b| code.ins().iadd(a, b)), false),
            Op::Sub(a, b) => (self.on_raw(a, b, |code, a, b| code.ins().isub(a, b)), false),
            Op::Mul(a, b) => (self.on_raw(a, b, |code, a, b| code.ins().imul(a, b)), false),
            Op::MulHigh(a, b) => (self.on_raw(a, b, |code, a, b| code.ins().umulhi(a, b)), true),
            Op::Shl(a, by) => {
                let a = self.raw(a);
                (self.shifted(a, by, |code, a, by| code.ins().ishl(a, by)), false)
            }
            Op::Shr(a, by) => {
                let a = self.clean(a);
                (self.shifted(a, by, |code, a, by| code.ins().ushr(a, by)), true)
            }
            Op::Sar(a, by) => (self.shifted_signed(a, by), false),
            Op::Mux(select, yes, no) => {
                let is_clean = self.is_clean(yes) && self.is_clean(no);
                let (select, yes, no) = (self.condition(select), self.raw(yes), self.raw(no));
                (self.code.ins().select(select, yes, no), is_clean)
            }
            Op::Slice(a, 0) => (self.raw(a), false),
            Op::Slice(a, low) => {
                let is_top = low + width == self.plan.netlist.width(a);
                let a = if is_top { self.clean(a) } else { self.raw(a) };
                (self.code.ins().ushr_imm_u(a, i64::from(low)), is_top)
            }
            Op::Concat(high, low) => {
                let is_clean = self.is_clean(high);
                let (above, low, high) = (self.plan.netlist.width(low), self.clean(low), self.raw(high));
                let high = self.code.ins().ishl_imm_u(high, i64::from(above));
                (self.code.ins().bor(high, low), is_clean)
            }
            Op::Zext(a) => (self.clean(a), true),
            Op::Sext(a) => (self.signed(a), false),
            Op::Parity(a) => {
                let a = self.clean(a);
                let count = self.code.ins().popcnt(a);
                (count, false)
            }
            Op::Choose(list, index) => self.choose(list as usize, index),
            leaf => panic!("{leaf:?} is not computed"),
        }
    }

    /// One value of a list: loaded by its number where they are neighbouring lanes; else a tree of choices or, of many,
    /// a jump to the one, which mostly is the one of the last cycle.
    fn choose(&mut self, list: usize, index: Id) -> (Value, bool) {
        let list = &self.plan.netlist.lists[list];
        let number = self.clean(index);
        let value = match self.are_neighbours(list) {
            true => self.load_one(list, number),
            false if list.len() > CHOSEN => self.jump_to(list, number),
            false => self.tree(list, number),
        };
        (value, true)
    }

    fn load_one(&mut self, list: &[Id], number: Value) -> Value {
        let size = bytes(self.plan.netlist.width(list[0]));
        let (is_inside, zero) = self.is_inside(list, number);
        // What is loaded beyond the end is not taken, but it has to be there; bits are cut off sooner than a choice is made.
        let number = match list.len().is_power_of_two() {
            true => self.code.ins().band_imm_u(number, list.len() as i64 - 1),
            false => self.code.ins().select(is_inside, number, zero),
        };
        let offset = offset(&mut self.code, number, size);
        let entry = self.code.ins().iadd(self.base, offset);
        let value = self.load_bytes(size, entry, self.plan.place[list[0] as usize] as i32);
        self.code.ins().select(is_inside, value, zero)
    }

    fn tree(&mut self, list: &[Id], number: Value) -> Value {
        let mut level: Vec<Value> = list.iter().map(|id| self.clean(*id)).collect();
        for bit in 0.. {
            if level.len() == 1 {
                break;
            }
            let select = self.code.ins().band_imm_u(number, 1 << bit);
            let pair = |pair: &[Value]| match *pair {
                [even, odd] => self.code.ins().select(select, odd, even),
                _ => pair[0],
            };
            level = level.chunks(2).map(pair).collect();
        }
        let (is_inside, zero) = self.is_inside(list, number);
        self.code.ins().select(is_inside, level[0], zero)
    }

    /// Whether a list has a value of that number, and what stands for one that it has not.
    fn is_inside(&mut self, list: &[Id], number: Value) -> (Value, Value) {
        let is_inside = self.code.ins().icmp_imm_u(IntCC::UnsignedLessThan, number, list.len() as i64);
        (is_inside, self.code.ins().iconst(types::I64, 0))
    }

    fn jump_to(&mut self, list: &[Id], number: Value) -> Value {
        let after = self.code.create_block();
        let chosen = self.code.append_block_param(after, types::I64);
        let zero = self.code.ins().iconst(types::I64, 0);
        let mut entries = Switch::new();
        let blocks: Vec<Block> = list.iter().map(|_| self.code.create_block()).collect();
        (0..).zip(&blocks).for_each(|(number, block)| entries.set_entry(number, *block));
        let otherwise = self.code.create_block();
        entries.emit(&mut self.code, number, otherwise);
        for (block, id) in blocks.iter().zip(list) {
            self.code.switch_to_block(*block);
            let before = self.so_far();
            let value = self.clean(*id);
            self.forget_since(before);
            self.code.ins().jump(after, &[value.into()]);
        }
        self.code.switch_to_block(otherwise);
        self.code.ins().jump(after, &[zero.into()]);
        self.code.switch_to_block(after);
        chosen
    }

    /// Whether values are neighbouring lanes of one.
    fn are_neighbours(&self, list: &[Id]) -> bool {
        let lane = |id: Id| match self.plan.netlist.nodes[id as usize].op {
            Op::Pick(of, lane) => Some((of, lane)),
            _ => None,
        };
        let Some((of, first)) = lane(list[0]) else { return false };
        list.len() > 2 && list.iter().zip(first..).all(|(id, number)| lane(*id) == Some((of, number)))
    }

    fn on_raw(&mut self, a: Id, b: Id, emit: fn(&mut FunctionBuilder, Value, Value) -> Value) -> Value {
        let (a, b) = (self.raw(a), self.raw(b));
        emit(&mut self.code, a, b)
    }

    /// A shift; by 64 or more it gives 0, where the machine's would begin anew.
    fn shifted(&mut self, a: Value, by: Id, emit: fn(&mut FunctionBuilder, Value, Value) -> Value) -> Value {
        let is_small = self.plan.netlist.width(by) <= 6;
        let by = self.clean(by);
        let shifted = emit(&mut self.code, a, by);
        if is_small {
            return shifted;
        }
        let is_beyond = self.code.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, by, 63);
        let zero = self.code.ins().iconst(types::I64, 0);
        self.code.ins().select(is_beyond, zero, shifted)
    }

    fn shifted_signed(&mut self, a: Id, by: Id) -> Value {
        let is_small = self.plan.netlist.width(by) <= 6;
        let (a, mut by) = (self.signed(a), self.clean(by));
        if !is_small {
            let most = self.code.ins().iconst(types::I64, 63);
            by = self.code.ins().umin(by, most);
        }
        self.code.ins().sshr(a, by)
    }

    fn load(&mut self, index: usize, lane: u32, addr: Id) -> Value {
        let memory = &self.plan.netlist.memories[index];
        let is_inside = 1u64 << self.plan.netlist.width(addr).min(63) <= u64::from(memory.depth);
        let mut addr = self.clean(addr);
        if !is_inside {
            let end = self.code.ins().iconst(types::I64, i64::from(memory.depth));
            addr = self.code.ins().umin(addr, end);
        }
        let entry = self.entry(memory, addr);
        let offset = 8 * self.plan.memory_at[index] as u32 + lane * memory.bytes();
        self.load_bytes(memory.bytes(), entry, offset as i32)
    }
}
