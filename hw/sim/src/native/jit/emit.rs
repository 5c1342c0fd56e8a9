//! The operations of a unit as instructions.
//!
//! A value is computed in a 64-bit register. Bits above its width may be anything until someone needs them to be 0:
//! sums and complements are cut only where they are compared, shifted right, widened or kept.

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, Function, InstBuilder, MemFlagsData, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::super::plan::Plan;
use super::super::words::{bytes, ones, Id, Memory, Op, Write};

/// What is known of a value within the function.
#[derive(Clone, Copy, Default)]
struct Known {
    /// Right in the bits of its width.
    raw: Option<Value>,
    /// The same, 0 above them.
    clean: Option<Value>,
    /// As a condition, where a comparison gave it.
    condition: Option<Value>,
}

/// Emits one unit after the other.
pub(crate) struct Emitter<'a> {
    plan: &'a Plan,
    known: Vec<Known>,
    touched: Vec<Id>,
}

/// A unit being emitted.
struct Unit<'a, 'b, 'f> {
    plan: &'a Plan,
    known: &'b mut [Known],
    touched: &'b mut Vec<Id>,
    code: FunctionBuilder<'f>,
    base: Value,
}

impl<'a> Emitter<'a> {
    pub fn new(plan: &'a Plan) -> Emitter<'a> {
        Emitter { plan, known: vec![Known::default(); plan.netlist.nodes.len()], touched: Vec::new() }
    }

    /// Emits unit `unit` as the body of `function`.
    pub fn unit(
        &mut self,
        unit: usize,
        function: &mut Function,
        context: &mut FunctionBuilderContext,
        target: TargetFrontendConfig,
    ) {
        let mut code = FunctionBuilder::new(function, context);
        let entry = code.create_block();
        code.append_block_params_for_function_params(entry);
        code.switch_to_block(entry);
        let base = code.block_params(entry)[0];
        let (known, touched) = (&mut self.known[..], &mut self.touched);
        let mut emitted = Unit { plan: self.plan, known, touched, code, base };
        match unit.checked_sub(self.plan.schedule.blocks.len()) {
            None => emitted.block(unit),
            Some(memory) => emitted.memory(memory),
        }
        emitted.forget();
        emitted.code.ins().return_(&[]);
        emitted.code.seal_all_blocks();
        emitted.code.finalize(target);
    }
}

impl Unit<'_, '_, '_> {
    /// Whatever is kept is stored as soon as it is known: values that wait for the end of a function take registers
    /// that others need.
    fn block(&mut self, unit: usize) {
        let plan = self.plan;
        let block = &plan.schedule.blocks[unit];
        let exports = &plan.exports[unit];
        let export_of: HashMap<Id, usize> = (exports.iter().enumerate())
            .flat_map(|(number, export)| export.values.iter().map(move |id| (*id, number)))
            .collect();
        let mut changed: Vec<Option<Value>> = vec![None; exports.len()];
        let mut deciding = self.decided_after(&block.nodes, &block.states);
        deciding.remove(&None).into_iter().flatten().for_each(|state| self.decide(state));
        for id in &block.nodes {
            if !self.is_pick(*id) {
                self.compute(*id);
            }
            if let Some(number) = export_of.get(id) {
                let change = self.keep(*id, !exports[*number].wakes.is_empty());
                let all = &mut changed[*number];
                *all = match (*all, change) {
                    (Some(all), Some(change)) => Some(self.code.ins().bor(all, change)),
                    (all, change) => all.or(change),
                };
            }
            deciding.remove(&Some(*id)).into_iter().flatten().for_each(|state| self.decide(state));
        }
        // The branches of waking come last: what is computed above is known in all that follows.
        for (export, changed) in exports.iter().zip(changed) {
            if let Some(changed) = changed {
                self.wake_if(changed, &export.wakes);
            }
        }
    }

    /// The states of a block by the last of its values that decides them.
    fn decided_after(&self, nodes: &[Id], states: &[u32]) -> HashMap<Option<Id>, Vec<usize>> {
        let place: HashMap<Id, usize> = nodes.iter().enumerate().map(|(place, id)| (*id, place)).collect();
        let mut after: HashMap<Option<Id>, Vec<usize>> = HashMap::new();
        for state in states.iter().map(|state| *state as usize) {
            let operands = self.plan.netlist.states[state].operands();
            let last = operands.filter_map(|id| place.get(&id)).max();
            after.entry(last.map(|place| nodes[*place])).or_default().push(state);
        }
        after
    }

    /// Stores a value at its place; gives the bits that changed, where they are asked for.
    fn keep(&mut self, id: Id, is_compared: bool) -> Option<Value> {
        let (at, value) = (self.plan.place[id as usize] as i32, self.clean(id));
        let old = is_compared.then(|| self.load_word(at));
        self.code.ins().store(MemFlagsData::trusted(), value, self.base, at);
        old.map(|old| self.code.ins().bxor(old, value))
    }

    fn wake_if(&mut self, condition: Value, units: &[u32]) {
        let (awake, after) = (self.code.create_block(), self.code.create_block());
        self.code.ins().brif(condition, awake, &[], after, &[]);
        self.code.switch_to_block(awake);
        self.wake(units);
        self.code.ins().jump(after, &[]);
        self.code.switch_to_block(after);
    }

    fn wake(&mut self, units: &[u32]) {
        let one = self.code.ins().iconst(types::I8, 1);
        for unit in units {
            self.code.ins().store(MemFlagsData::trusted(), one, self.base, *unit as i32);
        }
    }

    /// Stores what a register takes at the next edge.
    fn decide(&mut self, index: usize) {
        let state = &self.plan.netlist.states[index];
        let mut taken = self.clean(state.next);
        if let Some(enable) = state.enable {
            let held = self.load_word(8 * self.plan.state_at[index] as i32);
            let enable = self.condition(enable);
            taken = self.code.ins().select(enable, taken, held);
        }
        if let Some((reset, value)) = state.reset {
            let reset = self.condition(reset);
            let value = self.code.ins().iconst(types::I64, value as i64);
            taken = self.code.ins().select(reset, value, taken);
        }
        self.code.ins().store(MemFlagsData::trusted(), taken, self.base, 8 * self.plan.next_at[index] as i32);
    }

    /// The write ports of a memory, in their order.
    fn memory(&mut self, index: usize) {
        let plan = self.plan;
        let memory = &plan.netlist.memories[index];
        for write in &memory.writes {
            let (enable, addr) = (self.clean(write.enable), self.clean(write.addr));
            let end = self.code.ins().iconst(types::I64, i64::from(memory.depth));
            let inside = self.code.ins().icmp(IntCC::UnsignedLessThan, addr, end);
            let inside = self.code.ins().uextend(types::I64, inside);
            let writes = self.code.ins().band(enable, inside);
            let (body, after) = (self.code.create_block(), self.code.create_block());
            self.code.ins().brif(writes, body, &[], after, &[]);
            self.code.switch_to_block(body);
            self.write(memory, plan.memory_at[index], write, addr);
            self.wake(&plan.readers[index]);
            self.code.ins().jump(after, &[]);
            self.code.switch_to_block(after);
            // What was loaded in the branch is not known after it.
            self.forget();
        }
    }

    fn write(&mut self, memory: &Memory, at: usize, write: &Write, addr: Value) {
        let entry = self.entry(memory, addr);
        for (word, data) in write.data.iter().enumerate() {
            let offset = 8 * (at + word) as i32;
            let mut value = self.clean(*data);
            if let Some(mask) = &write.mask {
                let (mask, old) = (self.clean(mask[word]), self.load_bytes(memory.bytes(), entry, offset));
                let kept = self.code.ins().band_not(old, mask);
                let taken = self.code.ins().band(value, mask);
                value = self.code.ins().bor(kept, taken);
            }
            let flags = MemFlagsData::trusted();
            match memory.bytes() {
                1 => self.code.ins().istore8(flags, value, entry, offset),
                2 => self.code.ins().istore16(flags, value, entry, offset),
                4 => self.code.ins().istore32(flags, value, entry, offset),
                _ => self.code.ins().store(flags, value, entry, offset),
            };
        }
    }

    /// The address of an entry, less that of its memory.
    fn entry(&mut self, memory: &Memory, addr: Value) -> Value {
        let offset = self.code.ins().imul_imm_u(addr, i64::from(memory.stride()));
        self.code.ins().iadd(self.base, offset)
    }

    fn load_bytes(&mut self, bytes: u32, entry: Value, offset: i32) -> Value {
        let flags = MemFlagsData::trusted();
        match bytes {
            1 => self.code.ins().uload8(types::I64, flags, entry, offset),
            2 => self.code.ins().uload16(types::I64, flags, entry, offset),
            4 => self.code.ins().uload32(flags, entry, offset),
            _ => self.code.ins().load(types::I64, flags, entry, offset),
        }
    }

    fn load_word(&mut self, at: i32) -> Value {
        self.code.ins().load(types::I64, MemFlagsData::trusted(), self.base, at)
    }

    fn forget(&mut self) {
        for id in self.touched.drain(..) {
            self.known[id as usize] = Known::default();
        }
    }

    /// Whether it is a lane of a value that is kept, which is loaded and not computed.
    fn is_pick(&self, id: Id) -> bool {
        matches!(self.plan.netlist.nodes[id as usize].op, Op::Pick(..))
    }

    /// The value, right in the bits of its width; loaded where another unit computed it, unless it is cheap.
    fn raw(&mut self, id: Id) -> Value {
        if self.known[id as usize].raw.is_none() && self.plan.is_cheap[id as usize] && !self.is_pick(id) {
            self.compute(id);
        }
        if let Some(raw) = self.known[id as usize].raw {
            return raw;
        }
        let value = match self.plan.netlist.nodes[id as usize].op {
            Op::Const(value) => self.code.ins().iconst(types::I64, value as i64),
            Op::Pick(..) => {
                let at = self.plan.place[id as usize] as i32;
                self.load_bytes(bytes(self.plan.netlist.width(id)), self.base, at)
            }
            _ => self.load_word(self.plan.place[id as usize] as i32),
        };
        self.touched.push(id);
        self.known[id as usize] = Known { raw: Some(value), clean: Some(value), condition: None };
        value
    }

    /// The value with zeros above its width.
    fn clean(&mut self, id: Id) -> Value {
        let raw = self.raw(id);
        if let Some(clean) = self.known[id as usize].clean {
            return clean;
        }
        let clean = self.code.ins().band_imm_u(raw, ones(self.plan.netlist.width(id)) as i64);
        // From here on this is the value: whoever asks whether it is clean may take `raw`.
        self.known[id as usize] = Known { raw: Some(clean), clean: Some(clean), ..self.known[id as usize] };
        clean
    }

    fn is_clean(&mut self, id: Id) -> bool {
        self.raw(id);
        self.known[id as usize].clean.is_some()
    }

    /// A bit as the condition of a choice.
    fn condition(&mut self, id: Id) -> Value {
        let clean = self.clean(id);
        self.known[id as usize].condition.unwrap_or(clean)
    }

    /// The value as a signed number of 64 bits.
    fn signed(&mut self, id: Id) -> Value {
        let above = 64 - i64::from(self.plan.netlist.width(id));
        let raw = self.raw(id);
        if above == 0 {
            return raw;
        }
        let top = self.code.ins().ishl_imm_u(raw, above);
        self.code.ins().sshr_imm_u(top, above)
    }

    fn compute(&mut self, id: Id) {
        let node = self.plan.netlist.nodes[id as usize];
        let (value, is_clean) = match node.op {
            Op::Eq(a, b) => return self.compare(id, IntCC::Equal, a, b),
            Op::Less(a, b) => return self.compare(id, IntCC::UnsignedLessThan, a, b),
            Op::LessSigned(a, b) => return self.compare(id, IntCC::SignedLessThan, a, b),
            op => self.operation(op, node.width),
        };
        let clean = (is_clean || node.width == 64).then_some(value);
        self.touched.push(id);
        self.known[id as usize] = Known { raw: Some(value), clean, condition: None };
    }

    fn compare(&mut self, id: Id, how: IntCC, a: Id, b: Id) {
        let [a, b] = match how {
            IntCC::SignedLessThan => [self.signed(a), self.signed(b)],
            _ => [self.clean(a), self.clean(b)],
        };
        let condition = self.code.ins().icmp(how, a, b);
        let value = self.code.ins().uextend(types::I64, condition);
        self.touched.push(id);
        self.known[id as usize] = Known { raw: Some(value), clean: Some(value), condition: Some(condition) };
    }

    /// The result of an operation, and whether it is 0 above its width.
    fn operation(&mut self, op: Op, width: u32) -> (Value, bool) {
        match op {
            Op::Load { memory, word, lane, addr } => (self.load(memory as usize, word, lane, addr), true),
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
            leaf => panic!("{leaf:?} is not computed"),
        }
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

    fn load(&mut self, index: usize, word: u32, lane: u32, addr: Id) -> Value {
        let memory = &self.plan.netlist.memories[index];
        let is_inside = 1u64 << self.plan.netlist.width(addr).min(63) <= u64::from(memory.depth);
        let mut addr = self.clean(addr);
        if !is_inside {
            let end = self.code.ins().iconst(types::I64, i64::from(memory.depth));
            addr = self.code.ins().umin(addr, end);
        }
        let entry = self.entry(memory, addr);
        let offset = 8 * (self.plan.memory_at[index] + word as usize) as u32 + lane * memory.bytes();
        self.load_bytes(memory.bytes(), entry, offset as i32)
    }
}
