//! `Recorded`: a model that writes its own waves, by Verilator's code and not ours, in the tree and the time of ours.
//!
//! A model has no scope of its own at the top of the tree, because its name is empty; the ports that Verilator shows
//! there are left out, as are memories. Before a clock edge everything is settled; then the file gets the values with
//! the clock high, half a cycle later the clock low. The model itself sees one edge a cycle.

use std::ffi::{c_char, c_void, CString};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use hdl::verilog::VerilogFile;
use hdl::Module;
use num::Bits;
use sim::{InputId, OutputId, Simulator};
use spec::error::{Diagnostic, Report};

use super::compile::Tools;
use super::model::Verilated;
use crate::waves::{recorded, time, Output, Plan, Recorder};

/// What Verilator is asked for in addition.
pub(super) const RECORDING: &[&str] = &["--trace-fst", "--trace-max-array", "1"];

/// What the shim has in addition. `low` and `high` set the clock.
pub(super) fn shim(low: &str, high: &str) -> String {
    format!(
        r#"
extern "C" VerilatedFstC* record_open(Running* running, const char* file, const char* const* paths, unsigned count) {{
    running->context.traceEverOn(true);
    VerilatedFstC* fst = new VerilatedFstC;
    running->model.trace(fst, 0);
    for (unsigned i = 0; i < count; ++i) fst->dumpvars(1000, paths[i]);
    fst->open(file);
    return fst;
}}

extern "C" void record_tick(Running* running, VerilatedFstC* fst, uint64_t time) {{
    {CLASS}* model = &running->model;
    {low}model->eval();
    {high}fst->dump(time);
    {low}model->eval();
    fst->dump(time + 1);
    {high}model->eval();
}}

extern "C" void record_close(VerilatedFstC* fst) {{
    fst->close();
    delete fst;
}}
"#,
        CLASS = super::shim::CLASS
    )
}

/// A model being recorded.
pub struct Recorded {
    model: Verilated,
    plan: Plan,
    open: Option<(Output, *mut c_void)>,
    tick: unsafe extern "C" fn(*mut c_void, *mut c_void, u64),
    close: unsafe extern "C" fn(*mut c_void),
    marked: Option<u64>,
    next: Option<u64>,
}

impl Recorded {
    /// Builds the model as [`Verilated::build_files`] does, in a form that can be recorded, and opens the file of
    /// `plan`.
    ///
    /// # Errors
    /// Where there is no model, or the file cannot be written.
    pub fn build(
        top: &Arc<Module>,
        files: &[VerilogFile],
        work_dir: &Path,
        plan: Plan,
    ) -> Result<Recorded, Report> {
        let model = Tools::recording().and_then(|tools| Verilated::build_with(&tools, top, files, work_dir));
        let model = model.map_err(|error| error.diagnostic())?;
        let (output, _) = Output::create(&plan.file)?;
        Recorded::open(model, plan, output)
    }

    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    fn open(model: Verilated, plan: Plan, output: Output) -> Result<Recorded, Report> {
        // Verilator's names begin with that of the model, which is empty.
        let paths = plan.selection.paths.iter().map(|path| CString::new(format!(".{path}")));
        let paths: Result<Vec<CString>, _> = paths.collect();
        let name = CString::new(output.unfinished().as_os_str().as_encoded_bytes());
        let (Ok(paths), Ok(name)) = (paths, name) else {
            return Err(Diagnostic::new("trace", "a path holds a zero byte").help("write it without").into());
        };
        let pointers: Vec<*const c_char> = paths.iter().map(|path| path.as_ptr()).collect();
        let lacks = |error: libloading::Error| output.failed(&error);
        // SAFETY: the library is the shim compiled for this very model, whose functions have these types; the strings
        // live beyond the call.
        let (fst, tick, close) = unsafe {
            type Open =
                unsafe extern "C" fn(*mut c_void, *const c_char, *const *const c_char, u32) -> *mut c_void;
            let open = *model.library.get::<Open>(b"record_open\0").map_err(lacks)?;
            let tick = *model.library.get(b"record_tick\0").map_err(lacks)?;
            let close = *model.library.get(b"record_close\0").map_err(lacks)?;
            (open(model.running, name.as_ptr(), pointers.as_ptr(), pointers.len() as u32), tick, close)
        };
        Ok(Recorded { model, plan, open: Some((output, fst)), tick, close, marked: None, next: None })
    }

    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    fn record(&mut self, cycle: u64) {
        if let Some((_, fst)) = &self.open {
            // SAFETY: the model runs and its file is open; both stay so during the call.
            unsafe { (self.tick)(self.model.running, *fst, time(cycle)) };
            self.model.unsettle();
            self.next = Some(cycle + 1);
        }
    }

    /// Closes the file, if that is still to be done.
    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    fn shut(&mut self) -> Option<Output> {
        self.open.take().map(|(output, fst)| {
            // SAFETY: the file is open, and nobody uses it after this.
            unsafe { (self.close)(fst) };
            output
        })
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        self.shut();
    }
}

impl Simulator for Recorded {
    fn module(&self) -> &Arc<Module> {
        self.model.module()
    }

    fn set(&mut self, input: InputId, value: u64) {
        self.model.set(input, value);
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.model.get(output)
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        self.model.set_bits(input, value);
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.model.get_bits(output)
    }

    fn step(&mut self, cycles: u64) {
        for _ in 0..cycles {
            match self.marked.take().filter(|cycle| self.plan.window.contains(cycle)) {
                Some(cycle) => self.record(cycle),
                None => self.model.step(1),
            }
        }
    }

    fn mark(&mut self, cycle: u64) {
        self.marked = Some(cycle);
    }
}

impl Recorder for Recorded {
    fn close(&mut self) -> Result<Range<u64>, Report> {
        let output = self.shut();
        let cycles = recorded(&self.plan, self.next)?;
        output.map_or(Ok(()), Output::finish)?;
        Ok(cycles)
    }
}
