//! A plan as machine code: a function for each unit, which takes the array, those that call them ([`dispatch`]), and the
//! clock edge ([`clock`]).
//!
//! Functions are small on purpose: the time that the code generator takes grows faster than their size.

mod clock;
mod dispatch;
mod emit;
mod guard;
mod operation;
mod registers;
mod vector;
mod writes;

use cranelift_codegen::ir::{
    types, AbiParam, Function, InstBuilder, MemFlagsData, Signature, UserFuncName, Value,
};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::Context;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{default_libcall_names, FuncId, Linkage, Module};

use self::clock::Simple;
use self::emit::Emitter;
use super::cpu::Cpu;
use super::lanes::Steps;
use super::plan::{self, Part, Plan};
use super::segments::{Segment, Segments};
use super::words::{bytes, Id, Op};

/// A compiled function.
type Entry = unsafe extern "C" fn(*mut u64);

/// A plan as machine code.
pub(crate) struct Code {
    shown: Entry,
    hidden: Entry,
    memories: Entry,
    clock: Entry,
    words: usize,
    /// What the code calls for what it cannot do, where it knows it to be.
    _loops: Vec<Steps>,
    /// The edges that it moves in a loop.
    _simple: Box<[Simple]>,
    /// Holds the code; taken when it is freed.
    module: Option<JITModule>,
}

impl Code {
    /// Compiles a plan; nothing where this machine has no code generator, or the array is beyond its reach.
    pub fn new(plan: &Plan, segments: &Segments, cpu: Cpu) -> Option<Code> {
        let is_reachable = i32::try_from(8 * plan.words).is_ok();
        if !is_reachable || cfg!(target_endian = "big") {
            return None;
        }
        let mut module = JITModule::new(JITBuilder::with_isa(target(cpu)?, default_libcall_names()));
        let mut compiler = Compiler::new(&mut module, plan, segments, cpu);
        let units = compiler.units()?;
        // From here on they stay where they are.
        let loops = std::mem::take(&mut compiler.loops);
        let shown = compiler.evaluation(Part::Shown, &units, &loops)?;
        let hidden = compiler.evaluation(Part::Hidden, &units, &loops)?;
        let memories = compiler.evaluation(Part::Memories, &units, &loops)?;
        let simple = clock::simple(plan);
        let clock = compiler.clock(&simple)?;
        module.finalize_definitions().ok()?;
        let [shown, hidden, memories, clock] =
            [shown, hidden, memories, clock].map(|function| entry(module.get_finalized_function(function)));
        Some(Code {
            shown,
            hidden,
            memories,
            clock,
            words: plan.words,
            _loops: loops,
            _simple: simple,
            module: Some(module),
        })
    }

    /// Evaluates the units of a part that are awake.
    pub fn evaluate(&self, part: Part, arena: &mut [u64]) {
        match part {
            Part::Shown => self.call(self.shown, arena),
            Part::Hidden => self.call(self.hidden, arena),
            Part::Memories => self.call(self.memories, arena),
        }
    }

    /// Moves what registers take into them.
    pub fn clock(&self, arena: &mut [u64]) {
        self.call(self.clock, arena);
    }

    #[allow(unsafe_code)] // Generated code.
    fn call(&self, code: Entry, arena: &mut [u64]) {
        assert!(arena.len() == self.words, "the array of the plan");
        // SAFETY: the code was generated for a plan of so many words, reaches no others, and lives in `self.module`.
        unsafe { code(arena.as_mut_ptr()) }
    }
}

impl Drop for Code {
    #[allow(unsafe_code)] // Generated code.
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the only pointers into the code are in `self`, which is gone with it.
            unsafe { module.free_memory() }
        }
    }
}

/// The code generator for a machine.
fn target(cpu: Cpu) -> Option<OwnedTargetIsa> {
    if !cpu.has_shuffles {
        return None;
    }
    let mut flags = settings::builder();
    // The optimiser shares values, which the folder has done, and moves them to where they are stored, which costs
    // registers: without it code is half as long, is made in half the time and runs faster.
    flags.set("opt_level", "none").ok()?;
    flags.set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }).ok()?;
    let mut target = cranelift_native::builder_with_options(cpu.has_extensions).ok()?;
    if cfg!(target_arch = "x86_64") && !cpu.has_extensions {
        ["has_sse3", "has_ssse3"].iter().try_for_each(|flag| target.enable(flag)).ok()?;
    }
    target.finish(settings::Flags::new(flags)).ok()
}

/// What is called to evaluate a unit, or a part of it.
enum Callee {
    Code(FuncId),
    /// Array operations, by number.
    Loops(usize),
}

/// Compiles functions one by one.
struct Compiler<'a> {
    module: &'a mut JITModule,
    plan: &'a Plan,
    segments: &'a Segments,
    cpu: Cpu,
    /// Of what Rust calls.
    outer: Signature,
    /// Of what only this code calls.
    inner: Signature,
    context: Context,
    builder_context: FunctionBuilderContext,
    /// What the code calls, in the order in which it was met.
    loops: Vec<Steps>,
}

impl<'a> Compiler<'a> {
    fn new(module: &'a mut JITModule, plan: &'a Plan, segments: &'a Segments, cpu: Cpu) -> Compiler<'a> {
        let signature = |convention: CallConv| {
            let mut signature = Signature::new(convention);
            signature.params.push(AbiParam::new(types::I64));
            signature
        };
        let outer = signature(module.isa().default_call_conv());
        Compiler {
            module,
            plan,
            segments,
            cpu,
            outer,
            inner: signature(CallConv::Tail),
            context: Context::new(),
            builder_context: FunctionBuilderContext::new(),
            loops: Vec::new(),
        }
    }

    /// By unit, what evaluates it.
    fn units(&mut self) -> Option<Vec<Vec<Callee>>> {
        let mut emitter = Emitter::new(self.plan);
        let (plan, target) = (self.plan, self.module.isa().frontend_config());
        let unit = |unit: usize| match plan.unit(unit) {
            plan::Unit::Nothing => Some(Vec::new()),
            plan::Unit::Block(block) if plan.has_lanes(unit) => self.segments(block),
            plan::Unit::Memory(memory) if plan.has_lanes(unit) => {
                if !writes::are_code(&plan.netlist, &plan.netlist.memories[memory]) {
                    let steps = Steps::of_memory(plan, memory, self.cpu);
                    return Some(vec![self.called(steps)]);
                }
                let function = self.body(&format!("writes_{memory}"), |body| body.writes(plan, memory))?;
                Some(vec![Callee::Code(function)])
            }
            _ => {
                let emit =
                    |_: &mut JITModule, function: &mut Function, context: &mut FunctionBuilderContext| {
                        emitter.unit(unit, function, context, target);
                    };
                let function = self.function(&format!("unit_{unit}"), self.inner.clone(), emit)?;
                Some(vec![Callee::Code(function)])
            }
        };
        (0..plan.units).map(unit).collect()
    }

    /// What evaluates a block with lanes, segment by segment.
    fn segments(&mut self, block: usize) -> Option<Vec<Callee>> {
        let (plan, segments, target) = (self.plan, self.segments, self.module.isa().frontend_config());
        let of_segment = |(number, segment): (usize, &Segment)| match segment.is_fused {
            false => {
                let steps = Steps::of_segment(plan, segment, self.cpu);
                Some(self.called(steps))
            }
            true => {
                let emit =
                    |_: &mut JITModule, function: &mut Function, context: &mut FunctionBuilderContext| {
                        vector::segment(plan, segments, segment, function, context, target);
                    };
                let name = format!("block_{block}_segment_{number}");
                Some(Callee::Code(self.function(&name, self.inner.clone(), emit)?))
            }
        };
        segments.of_block(block).enumerate().map(of_segment).collect()
    }

    fn called(&mut self, steps: Steps) -> Callee {
        self.loops.push(steps);
        Callee::Loops(self.loops.len() - 1)
    }

    fn function(
        &mut self,
        name: &str,
        signature: Signature,
        emit: impl FnOnce(&mut JITModule, &mut Function, &mut FunctionBuilderContext),
    ) -> Option<FuncId> {
        let function = self.module.declare_function(name, Linkage::Local, &signature).ok()?;
        let name = UserFuncName::user(0, function.as_u32());
        self.context.func = Function::with_name_signature(name, signature);
        emit(self.module, &mut self.context.func, &mut self.builder_context);
        self.module.define_function(function, &mut self.context).ok()?;
        self.module.clear_context(&mut self.context);
        Some(function)
    }
}

/// A value without lanes, which a place holds.
fn scalar(code: &mut FunctionBuilder, base: Value, plan: &Plan, id: Id) -> Value {
    let (node, at) = (plan.netlist.nodes[id as usize], plan.place[id as usize] as i32);
    match node.op {
        Op::Pick(..) => load_bytes(code, bytes(node.width), base, at),
        _ => load_bytes(code, 8, base, at),
    }
}

/// An entry of a memory or a lane, of a size, in 64 bits.
fn load_bytes(code: &mut FunctionBuilder, size: u32, base: Value, at: i32) -> Value {
    let flags = MemFlagsData::trusted();
    match size {
        1 => code.ins().uload8(types::I64, flags, base, at),
        2 => code.ins().uload16(types::I64, flags, base, at),
        4 => code.ins().uload32(flags, base, at),
        _ => code.ins().load(types::I64, flags, base, at),
    }
}

/// Stores as many bytes of a value as an entry or a lane has.
fn store_bytes(code: &mut FunctionBuilder, size: u32, value: Value, base: Value, at: i32) {
    let flags = MemFlagsData::trusted();
    match size {
        1 => code.ins().istore8(flags, value, base, at),
        2 => code.ins().istore16(flags, value, base, at),
        4 => code.ins().istore32(flags, value, base, at),
        _ => code.ins().store(flags, value, base, at),
    };
}

/// The byte at which entry `number` begins, of entries of `size` bytes. A shift can be part of the address that an
/// instruction loads from, a multiplication cannot.
fn offset(code: &mut FunctionBuilder, number: Value, size: u32) -> Value {
    match size.is_power_of_two() {
        true => code.ins().ishl_imm_u(number, i64::from(size.trailing_zeros())),
        false => code.ins().imul_imm_u(number, i64::from(size)),
    }
}

/// Of words that may lie anywhere in the array.
fn unaligned() -> MemFlagsData {
    MemFlagsData::new().with_notrap()
}

#[allow(unsafe_code)] // Generated code.
fn entry(code: *const u8) -> Entry {
    // SAFETY: the function was declared with this signature, in the convention of C.
    unsafe { std::mem::transmute::<*const u8, Entry>(code) }
}
