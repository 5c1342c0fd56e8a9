//! `Verilated`: a loaded model, driven through the same trait as our own simulators.

use std::ffi::c_void;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use hdl::verilog::VerilogFile;
use hdl::Module;
use num::Bits;
use sim::{InputId, OutputId, Simulator};

use super::cache;
use super::compile::Tools;
use super::error::{at, BuildError};
use super::shim;

/// A module running as Verilator's C++.
pub struct Verilated {
    module: Arc<Module>,
    pub(super) running: *mut c_void,
    eval: unsafe extern "C" fn(*mut c_void),
    tick: unsafe extern "C" fn(*mut c_void, u64),
    delete: unsafe extern "C" fn(*mut c_void),
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    /// Whether the outputs follow from the inputs as they are now.
    is_settled: bool,
    /// Keeps the code loaded; dropped last.
    pub(super) library: libloading::Library,
}

/// A port in the model's memory: Verilator keeps up to 8, 16, 32 and 64 bits in integers of that size, and more
/// in 32-bit words, lowest first.
#[derive(Clone, Copy)]
struct Port {
    address: *mut c_void,
    width: u32,
}

impl Verilated {
    /// Builds `top`, or finds it built, in `work_dir`, and starts it. Everything in it is 0.
    pub fn build(top: &Arc<Module>, work_dir: &Path) -> Result<Verilated, BuildError> {
        Verilated::build_files(top, &hdl::verilog::print(top), work_dir)
    }

    /// The same, compiled for the fastest runs and however long that takes: what measurements compare with.
    pub fn build_optimised(top: &Arc<Module>, work_dir: &Path) -> Result<Verilated, BuildError> {
        let mut tools = Tools::find()?;
        tools.fast = "-O3";
        Verilated::build_with(&tools, top, &hdl::verilog::print(top), work_dir)
    }

    /// The same with Verilog that was printed before, and may have been changed since; its top has the ports of
    /// `top`.
    pub fn build_files(
        top: &Arc<Module>,
        files: &[VerilogFile],
        work_dir: &Path,
    ) -> Result<Verilated, BuildError> {
        Verilated::build_with(&Tools::find()?, top, files, work_dir)
    }

    pub(super) fn build_with(
        tools: &Tools,
        top: &Arc<Module>,
        files: &[VerilogFile],
        work_dir: &Path,
    ) -> Result<Verilated, BuildError> {
        let root = work_dir.join("verilated");
        fs::create_dir_all(&root).map_err(at(&root))?;
        // Verilator runs inside its work folder, so paths must not depend on ours.
        let root = root.canonicalize().map_err(at(&root))?;
        let shim = shim::text(top, tools.records);
        let options = tools.options();
        let runtime =
            cache::get(&root, &cache::key(&[&options]), "verilated.o", |folder| tools.build_runtime(folder))?;
        let library = runtime.parent().unwrap_or(&root);
        let mut contents: Vec<&str> = vec![&options, &shim];
        contents.extend(files.iter().map(|file| file.text.as_str()));
        let model = cache::get(&root, &cache::key(&contents), cache::MODEL, |folder| {
            for (name, text) in
                files.iter().map(|file| (file.name.as_str(), &file.text)).chain([("shim.cpp", &shim)])
            {
                let path = folder.join(name);
                fs::write(&path, text).map_err(at(&path))?;
            }
            tools.build(folder, top.name(), library)
        })?;
        Verilated::load(top, &model)
    }

    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    fn load(top: &Arc<Module>, path: &Path) -> Result<Verilated, BuildError> {
        let failed =
            |error: libloading::Error| BuildError::File { path: path.to_owned(), reason: error.to_string() };
        let widths = top.inputs().iter().map(|port| port.width);
        let widths = widths.chain(top.outputs().iter().map(|output| output.port.width));
        let mut ports: Vec<Port> =
            widths.map(|width| Port { address: std::ptr::null_mut(), width }).collect();
        let mut addresses: Vec<*mut c_void> = vec![std::ptr::null_mut(); ports.len()];
        // SAFETY: the library is the shim compiled above: it has no constructors with requirements, its symbols
        // have these types, and `model_new` writes as many addresses as the module has ports.
        let (library, eval, tick, delete, running) = unsafe {
            let library = libloading::Library::new(path).map_err(failed)?;
            let new = *library
                .get::<unsafe extern "C" fn(*mut *mut c_void) -> *mut c_void>(b"model_new\0")
                .map_err(failed)?;
            let eval = *library.get(b"model_eval\0").map_err(failed)?;
            let tick = *library.get(b"model_tick\0").map_err(failed)?;
            let delete = *library.get(b"model_delete\0").map_err(failed)?;
            let running = new(addresses.as_mut_ptr());
            (library, eval, tick, delete, running)
        };
        for (port, address) in ports.iter_mut().zip(addresses) {
            port.address = address;
        }
        let outputs = ports.split_off(top.inputs().len());
        let module = Arc::clone(top);
        let (inputs, is_settled) = (ports, false);
        Ok(Verilated { module, running, eval, tick, delete, inputs, outputs, is_settled, library })
    }

    /// `cycles` clock edges with the inputs as they are.
    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    pub fn run(&mut self, cycles: u64) {
        // SAFETY: `running` is the live model that `model_new` made.
        unsafe { (self.tick)(self.running, cycles) };
        self.is_settled = true;
    }

    /// Notes that something besides [`Verilated::run`] has made a clock cycle.
    pub(super) fn unsettle(&mut self) {
        self.is_settled = false;
    }

    #[allow(unsafe_code)] // Foreign code: each block says why it is sound.
    fn settle(&mut self) {
        if !self.is_settled {
            // SAFETY: `running` is the live model that `model_new` made.
            unsafe { (self.eval)(self.running) };
            self.is_settled = true;
        }
    }
}

#[allow(unsafe_code)] // Foreign code: each block says why it is sound.
impl Drop for Verilated {
    fn drop(&mut self) {
        // SAFETY: `running` is the live model that `model_new` made, and nothing uses it afterwards.
        unsafe { (self.delete)(self.running) };
    }
}

#[allow(unsafe_code)] // Foreign code: each block says why it is sound.
impl Port {
    /// Stores the low bits of `value`; for ports of at most 64 bits.
    #[inline]
    fn set(self, value: u64) {
        let value = value & (u64::MAX >> (64 - self.width));
        // SAFETY: the address is that of a variable of this size in the live model.
        unsafe {
            match self.width {
                0..=8 => self.address.cast::<u8>().write(value as u8),
                9..=16 => self.address.cast::<u16>().write(value as u16),
                17..=32 => self.address.cast::<u32>().write(value as u32),
                _ => self.address.cast::<u64>().write(value),
            }
        }
    }

    /// The low 64 bits.
    #[inline]
    fn get(self) -> u64 {
        // SAFETY: the address is that of a variable of this size in the live model.
        unsafe {
            match self.width {
                0..=8 => u64::from(self.address.cast::<u8>().read()),
                9..=16 => u64::from(self.address.cast::<u16>().read()),
                17..=32 => u64::from(self.address.cast::<u32>().read()),
                33..=64 => self.address.cast::<u64>().read(),
                _ => self.wide_word(0) | self.wide_word(1) << 32,
            }
        }
    }

    /// A 32-bit word of a port of more than 64 bits.
    fn wide_word(self, index: u32) -> u64 {
        assert!(self.width > 64 && index < self.width.div_ceil(32), "a word of a wide port");
        // SAFETY: a wide port is this many words in the live model.
        u64::from(unsafe { self.address.cast::<u32>().add(index as usize).read() })
    }

    fn get_bits(self) -> Bits {
        if self.width <= 64 {
            return Bits::from_u64(self.width, self.get());
        }
        let half = |index: u32| if index < self.width.div_ceil(32) { self.wide_word(index) } else { 0 };
        let words = (0..self.width.div_ceil(64)).map(|word| half(2 * word) | half(2 * word + 1) << 32);
        Bits::from_words(self.width, &words.collect::<Vec<u64>>())
    }

    fn set_bits(self, value: &Bits) {
        if self.width <= 64 {
            return self.set(value.to_u64());
        }
        for index in 0..self.width.div_ceil(32) {
            let word = (value.words()[(index / 2) as usize] >> (32 * (index % 2))) as u32;
            // SAFETY: a wide port is this many words in the live model.
            unsafe { self.address.cast::<u32>().add(index as usize).write(word) };
        }
    }
}

impl Simulator for Verilated {
    fn module(&self) -> &Arc<Module> {
        &self.module
    }

    fn set(&mut self, input: InputId, value: u64) {
        let port = self.inputs[input.0];
        match port.width <= 64 {
            true => port.set(value),
            false => port.set_bits(&Bits::from_u64(port.width, value)),
        }
        self.is_settled = false;
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.settle();
        self.outputs[output.0].get()
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        let port = self.inputs[input.0];
        assert_eq!(value.width(), port.width, "a value of the input's width");
        port.set_bits(value);
        self.is_settled = false;
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.settle();
        self.outputs[output.0].get_bits()
    }

    fn step(&mut self, cycles: u64) {
        self.run(cycles);
    }
}
