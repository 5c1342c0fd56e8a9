//! Machine code for the units of a plan: one function each, which takes the array.
//!
//! Functions are small on purpose: the time that the code generator takes grows faster than their size.

mod emit;
mod operation;
mod vector;

use cranelift_codegen::ir::{types, AbiParam, Function, Signature, UserFuncName};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{default_libcall_names, FuncId, Linkage, Module};

use self::emit::Emitter;
use super::cpu::Cpu;
use super::plan::Plan;
use super::segments::{Segment, Segments};

/// A compiled unit.
type Unit = unsafe extern "C" fn(*mut u64);

/// The compiled units of a plan.
pub(crate) struct Code {
    units: Vec<Option<Unit>>,
    /// By segment; those that are fused.
    segments: Vec<Option<Unit>>,
    words: usize,
    /// Holds the code; taken when it is freed.
    module: Option<JITModule>,
}

impl Code {
    /// Compiles all units; nothing where this machine has no code generator, or the array is beyond its reach.
    pub fn new(plan: &Plan, segments: &Segments, cpu: Cpu) -> Option<Code> {
        let is_reachable = i32::try_from(8 * plan.words).is_ok();
        if !is_reachable || cfg!(target_endian = "big") {
            return None;
        }
        let mut module = JITModule::new(JITBuilder::with_isa(target(cpu)?, default_libcall_names()));
        let mut compiler = Compiler::new(&mut module);
        let mut functions = compiler.units(plan)?;
        let fused = compiler.segments(plan, segments)?;
        let whole = segments.all.iter().zip(&fused).filter(|(segment, _)| segments.is_whole(segment.block));
        whole.for_each(|(segment, function)| functions[segment.block] = *function);
        module.finalize_definitions().ok()?;
        let unit = |function: FuncId| entry(module.get_finalized_function(function));
        let all = |functions: Vec<Option<FuncId>>| {
            functions.into_iter().map(|function| function.map(unit)).collect()
        };
        let (units, segments) = (all(functions), all(fused));
        Some(Code { units, segments, words: plan.words, module: Some(module) })
    }

    /// Evaluates one unit.
    pub fn run(&self, unit: usize, arena: &mut [u64]) {
        self.call(self.units[unit].expect("a unit that is machine code"), arena);
    }

    /// Evaluates one fused segment.
    pub fn run_fused(&self, segment: usize, arena: &mut [u64]) {
        self.call(self.segments[segment].expect("a fused segment"), arena);
    }

    #[allow(unsafe_code)] // Generated code.
    fn call(&self, code: Unit, arena: &mut [u64]) {
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

/// Compiles functions one by one.
struct Compiler<'a> {
    module: &'a mut JITModule,
    signature: Signature,
    context: Context,
    builder_context: FunctionBuilderContext,
}

impl Compiler<'_> {
    fn new(module: &mut JITModule) -> Compiler<'_> {
        let mut signature = Signature::new(module.isa().default_call_conv());
        signature.params.push(AbiParam::new(types::I64));
        Compiler {
            module,
            signature,
            context: Context::new(),
            builder_context: FunctionBuilderContext::new(),
        }
    }

    fn units(&mut self, plan: &Plan) -> Option<Vec<Option<FuncId>>> {
        let mut emitter = Emitter::new(plan);
        let target = self.module.isa().frontend_config();
        let unit = |unit: usize| match plan.has_lanes(unit) {
            true => Some(None),
            false => {
                let emit = |function: &mut Function, context: &mut FunctionBuilderContext| {
                    emitter.unit(unit, function, context, target);
                };
                self.function(&format!("unit_{unit}"), emit).map(Some)
            }
        };
        (0..plan.units).map(unit).collect()
    }

    fn segments(&mut self, plan: &Plan, segments: &Segments) -> Option<Vec<Option<FuncId>>> {
        let target = self.module.isa().frontend_config();
        let all = segments.all.iter().enumerate();
        let segment = |(number, segment): (usize, &Segment)| match segment.is_fused {
            false => Some(None),
            true => {
                let emit = |function: &mut Function, context: &mut FunctionBuilderContext| {
                    vector::segment(plan, segments, segment, function, context, target);
                };
                self.function(&format!("segment_{number}"), emit).map(Some)
            }
        };
        all.map(segment).collect()
    }

    fn function(
        &mut self,
        name: &str,
        emit: impl FnOnce(&mut Function, &mut FunctionBuilderContext),
    ) -> Option<FuncId> {
        let function = self.module.declare_function(name, Linkage::Local, &self.signature).ok()?;
        let name = UserFuncName::user(0, function.as_u32());
        self.context.func = Function::with_name_signature(name, self.signature.clone());
        emit(&mut self.context.func, &mut self.builder_context);
        self.module.define_function(function, &mut self.context).ok()?;
        self.module.clear_context(&mut self.context);
        Some(function)
    }
}

#[allow(unsafe_code)] // Generated code.
fn entry(code: *const u8) -> Unit {
    // SAFETY: the function was declared with this signature, in the convention of C.
    unsafe { std::mem::transmute::<*const u8, Unit>(code) }
}
