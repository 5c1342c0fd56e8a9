//! Machine code for the units of a plan: one function each, which takes the array.
//!
//! Functions are small on purpose: the time that the code generator takes grows faster than their size.

mod emit;

use cranelift_codegen::ir::{types, AbiParam, Function, Signature, UserFuncName};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::Context;
use cranelift_frontend::FunctionBuilderContext;
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{default_libcall_names, FuncId, Linkage, Module};

use self::emit::Emitter;
use super::plan::Plan;

/// A compiled unit.
type Unit = unsafe extern "C" fn(*mut u64);

/// The compiled units of a plan.
pub(crate) struct Code {
    units: Vec<Option<Unit>>,
    words: usize,
    /// Holds the code; taken when it is freed.
    module: Option<JITModule>,
}

impl Code {
    /// Compiles all units; nothing where this machine has no code generator, or the array is beyond its reach.
    pub fn new(plan: &Plan) -> Option<Code> {
        let is_reachable = i32::try_from(8 * plan.words).is_ok();
        if !is_reachable || cfg!(target_endian = "big") {
            return None;
        }
        let mut module = JITModule::new(JITBuilder::with_isa(target()?, default_libcall_names()));
        let functions = compile(plan, &mut module)?;
        module.finalize_definitions().ok()?;
        let unit = |function: FuncId| entry(module.get_finalized_function(function));
        let units = functions.into_iter().map(|function| function.map(unit)).collect();
        Some(Code { units, words: plan.words, module: Some(module) })
    }

    /// Evaluates one unit.
    #[allow(unsafe_code)] // Generated code.
    pub fn run(&self, unit: usize, arena: &mut [u64]) {
        assert!(arena.len() == self.words, "the array of the plan");
        let code = self.units[unit].expect("a unit without lanes");
        // SAFETY: the code was generated for a plan of so many words, reaches no others, and lives in `self.module`.
        unsafe { code(arena.as_mut_ptr()) }
    }
}

impl Drop for Code {
    #[allow(unsafe_code)] // Generated code.
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: the only pointers into the code are in `self.units`, which are gone with it.
            unsafe { module.free_memory() }
        }
    }
}

/// The code generator for this machine.
fn target() -> Option<OwnedTargetIsa> {
    let mut flags = settings::builder();
    // The optimiser shares values, which the folder has done, and moves them to where they are stored, which costs
    // registers: without it code is half as long, is made in half the time and runs faster.
    flags.set("opt_level", "none").ok()?;
    flags.set("enable_verifier", if cfg!(debug_assertions) { "true" } else { "false" }).ok()?;
    cranelift_native::builder().ok()?.finish(settings::Flags::new(flags)).ok()
}

fn compile(plan: &Plan, module: &mut JITModule) -> Option<Vec<Option<FuncId>>> {
    let mut signature = Signature::new(module.isa().default_call_conv());
    signature.params.push(AbiParam::new(types::I64));
    let mut context = Context::new();
    let mut builder_context = FunctionBuilderContext::new();
    let mut emitter = Emitter::new(plan);
    let target = module.isa().frontend_config();
    let mut functions = Vec::new();
    for unit in 0..plan.units {
        if has_lanes(plan, unit) {
            functions.push(None);
            continue;
        }
        let function = module.declare_function(&format!("unit_{unit}"), Linkage::Local, &signature).ok()?;
        let name = UserFuncName::user(0, function.as_u32());
        context.func = Function::with_name_signature(name, signature.clone());
        emitter.unit(unit, &mut context.func, &mut builder_context, target);
        module.define_function(function, &mut context).ok()?;
        module.clear_context(&mut context);
        functions.push(Some(function));
    }
    Some(functions)
}

/// Whether a unit is evaluated by `lanes`.
fn has_lanes(plan: &Plan, unit: usize) -> bool {
    match unit.checked_sub(plan.schedule.blocks.len()) {
        None => plan.schedule.blocks[unit].has_lanes,
        Some(memory) => plan.netlist.memories[memory].lanes > 1,
    }
}

#[allow(unsafe_code)] // Generated code.
fn entry(code: *const u8) -> Unit {
    // SAFETY: the function was declared with this signature, in the convention of C.
    unsafe { std::mem::transmute::<*const u8, Unit>(code) }
}
