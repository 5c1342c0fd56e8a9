//! What calls the units: which of them are awake.
//!
//! Flags are looked at one after the other, with a branch each, and units are called directly: what is awake in a cycle
//! mostly is in the next, so that branches are foreseen better than one indirect call whose target changes every time.
//! A function serves the flags of a word, and looks at eight at once first.

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, AbiParam, Function, InstBuilder, MemFlagsData, Signature, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::JITModule;
use cranelift_module::{FuncId, Module};

use super::super::lanes::Steps;
use super::super::plan::{Part, FLAGS};
use super::{unaligned, Callee, Compiler};

/// Flags that are looked at together first.
const GROUP: usize = 8;

/// Words that are copied without a loop.
const UNROLLED: usize = 32;

/// Words that a loop copies at a time.
const AT_ONCE: usize = 8;

impl Compiler<'_> {
    /// Evaluates the units of a part that are awake.
    pub fn evaluation(&mut self, part: Part, units: &[Vec<Callee>], loops: &[Steps]) -> Option<FuncId> {
        let mut words = Vec::new();
        for word in self.plan.flags_of(part) {
            let of_word = units.len().min(FLAGS * (word + 1)) - FLAGS * word;
            let function = self.body(&format!("units_{word}"), |body| {
                body.flags(word, of_word, true, |body, flag| {
                    for callee in &units[FLAGS * word + flag] {
                        match callee {
                            Callee::Code(function) => body.call(*function),
                            Callee::Loops(number) => body.call_loops(&loops[*number]),
                        }
                    }
                });
            })?;
            words.push((word, function));
        }
        let outer = self.outer.clone();
        self.body_as(&format!("{part:?}"), outer, |body| body.words(&words))
    }

    /// A function whose body `emit` emits.
    pub(super) fn body(&mut self, name: &str, emit: impl FnOnce(&mut Body)) -> Option<FuncId> {
        let inner = self.inner.clone();
        self.body_as(name, inner, emit)
    }

    pub(super) fn body_as(
        &mut self,
        name: &str,
        signature: Signature,
        emit: impl FnOnce(&mut Body),
    ) -> Option<FuncId> {
        let target = self.module.isa().frontend_config();
        let emit = |module: &mut JITModule, function: &mut Function, context: &mut FunctionBuilderContext| {
            Body::emit(module, function, context, target, emit);
        };
        self.function(name, signature, emit)
    }
}

/// A function being emitted.
pub(super) struct Body<'a, 'f> {
    module: &'a mut JITModule,
    pub code: FunctionBuilder<'f>,
    pub base: Value,
}

impl Body<'_, '_> {
    fn emit(
        module: &mut JITModule,
        function: &mut Function,
        context: &mut FunctionBuilderContext,
        target: TargetFrontendConfig,
        emit: impl FnOnce(&mut Body),
    ) {
        let mut code = FunctionBuilder::new(function, context);
        let entry = code.create_block();
        code.append_block_params_for_function_params(entry);
        code.switch_to_block(entry);
        let base = code.block_params(entry)[0];
        let mut body = Body { module, code, base };
        emit(&mut body);
        body.code.ins().return_(&[]);
        body.code.seal_all_blocks();
        body.code.finalize(target);
    }

    /// Emits what is done where `condition` is not 0.
    pub(super) fn when(&mut self, condition: Value, emit: impl FnOnce(&mut Self)) {
        let (body, after) = (self.code.create_block(), self.code.create_block());
        self.code.ins().brif(condition, body, &[], after, &[]);
        self.code.switch_to_block(body);
        emit(self);
        self.code.ins().jump(after, &[]);
        self.code.switch_to_block(after);
    }

    /// Calls the function of each word that has a flag set.
    pub(super) fn words(&mut self, words: &[(usize, FuncId)]) {
        for (word, function) in words {
            let flags = self.word(*word);
            self.when(flags, |body| body.call(*function));
        }
    }

    /// For each of the first `count` flags of a word that is set, in order, what `emit` emits; then none of them is. What
    /// is done for one may set later ones, if it `sets_later`.
    pub(super) fn flags(
        &mut self,
        word: usize,
        count: usize,
        sets_later: bool,
        emit: impl Fn(&mut Self, usize),
    ) {
        for first in (0..count).step_by(GROUP) {
            let at = (8 * word + first / GROUP) as i32;
            let group = self.byte(at);
            self.when(group, |body| {
                let mut group = group;
                for flag in first..count.min(first + GROUP) {
                    let is_set = body.code.ins().band_imm_u(group, 1 << (flag - first));
                    if !sets_later {
                        body.when(is_set, |body| emit(body, flag));
                        continue;
                    }
                    let (set, after) = (body.code.create_block(), body.code.create_block());
                    body.code.append_block_param(after, types::I8);
                    body.code.ins().brif(is_set, set, &[], after, &[group.into()]);
                    body.code.switch_to_block(set);
                    emit(body, flag);
                    let again = body.byte(at);
                    body.code.ins().jump(after, &[again.into()]);
                    body.code.switch_to_block(after);
                    group = body.code.block_params(after)[0];
                }
            });
        }
        let none = self.code.ins().iconst(types::I64, 0);
        self.store(none, word);
    }

    fn byte(&mut self, at: i32) -> Value {
        self.code.ins().load(types::I8, MemFlagsData::trusted(), self.base, at)
    }

    pub(super) fn word(&mut self, word: usize) -> Value {
        self.code.ins().load(types::I64, MemFlagsData::trusted(), self.base, 8 * word as i32)
    }

    pub(super) fn store(&mut self, value: Value, word: usize) {
        self.code.ins().store(MemFlagsData::trusted(), value, self.base, 8 * word as i32);
    }

    pub(super) fn call(&mut self, function: FuncId) {
        let function = self.module.declare_func_in_func(function, self.code.func);
        self.code.ins().call(function, &[self.base]);
    }

    /// `steps` must live where they are as long as the code.
    fn call_loops(&mut self, steps: &Steps) {
        let mut signature = Signature::new(self.module.isa().default_call_conv());
        signature.params.extend([AbiParam::new(types::I64), AbiParam::new(types::I64)]);
        let signature = self.code.import_signature(signature);
        let run: unsafe extern "C" fn(*const Steps, *mut u64) = run;
        let run = self.code.ins().iconst(types::I64, run as usize as i64);
        let steps = self.code.ins().iconst(types::I64, std::ptr::from_ref(steps) as usize as i64);
        self.code.ins().call_indirect(signature, run, &[steps, self.base]);
    }

    /// Sets flags.
    pub(super) fn wake(&mut self, flags: impl IntoIterator<Item = (usize, u64)>) {
        for (word, bits) in flags {
            let awake = self.word(word);
            let awake = self.code.ins().bor_imm_u(awake, bits as i64);
            self.store(awake, word);
        }
    }

    /// Copies words: from the first of two bases and places to the second.
    pub(super) fn copy(&mut self, bases: [Value; 2], places: [usize; 2], words: usize) {
        let looped = if words <= UNROLLED { 0 } else { words / AT_ONCE * AT_ONCE };
        if looped > 0 {
            self.copy_in_loop(bases, places, looped);
        }
        self.copy_unrolled(bases, places.map(|place| place + looped), words - looped);
    }

    fn copy_in_loop(&mut self, bases: [Value; 2], places: [usize; 2], words: usize) {
        let (body, after) = (self.code.create_block(), self.code.create_block());
        self.code.append_block_param(body, types::I64);
        let zero = self.code.ins().iconst(types::I64, 0);
        self.code.ins().jump(body, &[zero.into()]);
        self.code.switch_to_block(body);
        let offset = self.code.block_params(body)[0];
        let here = bases.map(|base| self.code.ins().iadd(base, offset));
        self.copy_unrolled(here, places, AT_ONCE);
        let next = self.code.ins().iadd_imm_s(offset, 8 * AT_ONCE as i64);
        let is_last = self.code.ins().icmp_imm_u(IntCC::Equal, next, 8 * words as i64);
        self.code.ins().brif(is_last, after, &[], body, &[next.into()]);
        self.code.switch_to_block(after);
    }

    fn copy_unrolled(&mut self, [from, to]: [Value; 2], places: [usize; 2], words: usize) {
        let flags = unaligned();
        let mut done = 0;
        while done < words {
            let (size, of) = if words - done > 1 { (2, types::I64X2) } else { (1, types::I64) };
            let [from_at, to_at] = places.map(|place| 8 * (place + done) as i32);
            let value = self.code.ins().load(of, flags, from, from_at);
            self.code.ins().store(flags, value, to, to_at);
            done += size;
        }
    }
}

/// What the code calls for array operations.
///
/// # Safety
/// `steps` are those of the code's plan, and `arena` its array.
#[allow(unsafe_code)] // Called by generated code.
unsafe extern "C" fn run(steps: *const Steps, arena: *mut u64) {
    // SAFETY: as above; the caller lent the array to the code, which does not touch it meanwhile.
    let steps = &*steps;
    steps.run(std::slice::from_raw_parts_mut(arena, steps.words()));
}
