//! The operations of a unit as instructions.
//!
//! A value is computed in a 64-bit register. Bits above its width may be anything until someone needs them to be 0:
//! sums and complements are cut only where they are compared, shifted right, widened or kept.

use std::collections::HashMap;

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, Function, InstBuilder, MemFlagsData, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use super::super::plan::{self, flags, Plan};
use super::super::words::{bytes, ones, Id, Memory, Op, Write};
use super::registers::Registers;
use super::{load_bytes, offset, store_bytes};

/// What is known of a value within the function.
#[derive(Clone, Copy, Default)]
pub(super) struct Known {
    /// Right in the bits of its width.
    pub raw: Option<Value>,
    /// The same, 0 above them.
    pub clean: Option<Value>,
    /// As a condition, where a comparison gave it.
    pub condition: Option<Value>,
}

/// Emits one unit after the other.
pub(crate) struct Emitter<'a> {
    plan: &'a Plan,
    known: Vec<Known>,
    learnt: Vec<(Id, Known)>,
}

/// A unit being emitted.
pub(super) struct Unit<'a, 'b, 'f> {
    pub plan: &'a Plan,
    /// The unit, where it is a block.
    pub block: usize,
    known: &'b mut [Known],
    /// Of what values more became known, in order, and what was known before.
    learnt: &'b mut Vec<(Id, Known)>,
    pub code: FunctionBuilder<'f>,
    pub base: Value,
}

impl<'a> Emitter<'a> {
    pub fn new(plan: &'a Plan) -> Emitter<'a> {
        Emitter { plan, known: vec![Known::default(); plan.netlist.nodes.len()], learnt: Vec::new() }
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
        let (known, learnt) = (&mut self.known[..], &mut self.learnt);
        let mut emitted = Unit { plan: self.plan, block: unit, known, learnt, code, base };
        match self.plan.unit(unit) {
            plan::Unit::Block(block) => emitted.block(block),
            plan::Unit::Memory(memory) => emitted.memory(memory),
            plan::Unit::Nothing => {}
        }
        emitted.forget_since(0);
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
        let mut registers = Registers::new(plan, unit);
        self.decide_after(None, &mut registers);
        for id in &block.nodes {
            if registers.is_guarded(*id) {
                continue;
            }
            self.compute(*id);
            if let Some(number) = export_of.get(id) {
                let change = self.keep(*id, !exports[*number].wakes.is_empty());
                let all = &mut changed[*number];
                *all = match (*all, change) {
                    (Some(all), Some(change)) => Some(self.code.ins().bor(all, change)),
                    (all, change) => all.or(change),
                };
            }
            self.decide_after(Some(*id), &mut registers);
        }
        // The branches of waking come last: what is computed above is known in all that follows.
        for (export, changed) in exports.iter().zip(changed) {
            if let Some(changed) = changed {
                self.wake_if(changed, &export.wakes);
            }
        }
        self.finish(&registers);
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
        for (word, bits) in flags(units) {
            let awake = self.load_word(8 * word as i32);
            let awake = self.code.ins().bor_imm_u(awake, bits as i64);
            self.code.ins().store(MemFlagsData::trusted(), awake, self.base, 8 * word as i32);
        }
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
            let before = self.so_far();
            self.write(memory, plan.memory_at[index], write, addr);
            self.wake(&plan.readers[index]);
            self.code.ins().jump(after, &[]);
            self.code.switch_to_block(after);
            self.forget_since(before);
        }
    }

    fn write(&mut self, memory: &Memory, at: usize, write: &Write, addr: Value) {
        let entry = self.entry(memory, addr);
        let offset = 8 * at as i32;
        let mut value = self.clean(write.data);
        if let Some(mask) = write.mask {
            let (mask, old) = (self.clean(mask), self.load_bytes(memory.bytes(), entry, offset));
            let kept = self.code.ins().band_not(old, mask);
            let taken = self.code.ins().band(value, mask);
            value = self.code.ins().bor(kept, taken);
        }
        store_bytes(&mut self.code, memory.bytes(), value, entry, offset);
    }

    /// The address of an entry, less that of its memory.
    pub fn entry(&mut self, memory: &Memory, addr: Value) -> Value {
        let offset = offset(&mut self.code, addr, memory.stride());
        self.code.ins().iadd(self.base, offset)
    }

    pub fn load_bytes(&mut self, bytes: u32, entry: Value, offset: i32) -> Value {
        load_bytes(&mut self.code, bytes, entry, offset)
    }

    pub fn load_word(&mut self, at: i32) -> Value {
        self.code.ins().load(types::I64, MemFlagsData::trusted(), self.base, at)
    }

    pub fn known(&self, id: Id) -> Known {
        self.known[id as usize]
    }

    pub fn learn(&mut self, id: Id, known: Known) {
        let before = std::mem::replace(&mut self.known[id as usize], known);
        self.learnt.push((id, before));
    }

    /// How much is known here. What becomes known in a branch is not known after it, see [`Unit::forget_since`].
    pub fn so_far(&self) -> usize {
        self.learnt.len()
    }

    pub fn forget_since(&mut self, before: usize) {
        for (id, known) in self.learnt.drain(before..).rev() {
            self.known[id as usize] = known;
        }
    }

    /// Whether it is a lane of a value that is kept, which is loaded and not computed.
    pub fn is_pick(&self, id: Id) -> bool {
        matches!(self.plan.netlist.nodes[id as usize].op, Op::Pick(..))
    }

    /// The value, right in the bits of its width; loaded where another unit computed it, unless it is cheap.
    pub fn raw(&mut self, id: Id) -> Value {
        if self.known(id).raw.is_none() && self.plan.is_cheap[id as usize] && !self.is_pick(id) {
            self.compute(id);
        }
        if let Some(raw) = self.known(id).raw {
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
        self.learn(id, Known { raw: Some(value), clean: Some(value), condition: None });
        value
    }

    /// The value with zeros above its width.
    pub fn clean(&mut self, id: Id) -> Value {
        let raw = self.raw(id);
        if let Some(clean) = self.known(id).clean {
            return clean;
        }
        let clean = self.code.ins().band_imm_u(raw, ones(self.plan.netlist.width(id)) as i64);
        // From here on this is the value: whoever asks whether it is clean may take `raw`.
        self.learn(id, Known { raw: Some(clean), clean: Some(clean), ..self.known(id) });
        clean
    }

    pub fn is_clean(&mut self, id: Id) -> bool {
        self.raw(id);
        self.known(id).clean.is_some()
    }

    /// A bit as the condition of a choice.
    pub fn condition(&mut self, id: Id) -> Value {
        let clean = self.clean(id);
        self.known(id).condition.unwrap_or(clean)
    }

    /// The value as a signed number of 64 bits.
    pub fn signed(&mut self, id: Id) -> Value {
        let above = 64 - i64::from(self.plan.netlist.width(id));
        let raw = self.raw(id);
        if above == 0 {
            return raw;
        }
        let top = self.code.ins().ishl_imm_u(raw, above);
        self.code.ins().sshr_imm_u(top, above)
    }
}
