//! Runs a program on the generated hardware: fills DRAM, drives the control port as a driver would, plays the
//! memory, and collects results, cycles, counters and the trace of every instruction that started an engine.

use crate::memory::{FromMaster, Memory, Timing};
use accel::control::{self, offset_of};
use accel::core::ERRORS;
use accel::counters::{CHUNK_COUNTERS, COUNTER_BITS};
use accel::queue::PC_BITS;
use model::{Shape, Tensor};
use num::Bits;
use sim::{InputId, OutputId, Simulator};
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::program::{Place, Program};

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The memory's timing.
    pub timing: Timing,
    /// Cycles after which the run is given up.
    pub max_cycles: u64,
    /// Cycles without progress after which the hardware stops itself.
    pub watchdog: u32,
}

impl Default for Options {
    fn default() -> Options {
        Options { timing: Timing::Fixed { latency: 40 }, max_cycles: 2_000_000_000, watchdog: 100_000 }
    }
}

/// One engine's work for one launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Queue: three a chunk, load, execute, store.
    pub queue: usize,
    /// Word that launched it, as an index in the queue's stream.
    pub word: usize,
    /// Cycle of the launch, from the start of the run.
    pub begin: u64,
    /// First cycle in which the engine was idle again.
    pub end: u64,
    /// What the chunk's counters gained meanwhile (execute queues only), in the order of `CHUNK_COUNTERS`.
    pub counters: Vec<u32>,
}

/// What a run gave.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Name and values of every tensor that the program leaves in DRAM.
    pub outputs: Vec<(String, Tensor)>,
    /// Cycles from the header's arrival to the end, by the hardware's own counter.
    pub cycles: u64,
    /// Bytes that the DMA read.
    pub dram_read: u64,
    /// Bytes of the beats that the DMA wrote.
    pub dram_written: u64,
    /// Every launch, in the order of its end.
    pub events: Vec<Event>,
    /// Counters of every chunk at the end, in the order of `CHUNK_COUNTERS`.
    pub counters: Vec<Vec<u32>>,
}

/// Runs `program` on `images` and returns what it left in DRAM.
///
/// # Errors
/// Where program, images and accelerator do not belong together, and where the hardware stops itself; then the
/// cause, the queue and the word are named.
pub fn run(
    engine: &mut dyn Simulator,
    accelerator: &Accelerator,
    program: &Program,
    images: &Tensor,
    options: &Options,
) -> Result<Outcome, Report> {
    check(accelerator, program, images)?;
    let mut bench = Bench::new(engine, accelerator, dram(program, images), options.timing)?;
    bench.reset();
    let address = |bench: &mut Bench, name: &str, value: u64| {
        bench.write(offset_of(&format!("{name}_LO")), value as u32);
        bench.write(offset_of(&format!("{name}_HI")), (value >> 32) as u32);
    };
    address(&mut bench, "PROGRAM", program.base);
    for (side, end) in [("READ", program.read_end()), ("WRITE", program.dram_end)] {
        address(&mut bench, &format!("{side}_FIRST"), 0);
        address(&mut bench, &format!("{side}_END"), end);
    }
    bench.write(offset_of("WATCHDOG"), options.watchdog);
    bench.write(offset_of("IRQ_MASK"), 3);
    bench.write(offset_of("CONTROL"), 1);
    bench.until_interrupt(options.max_cycles)?;
    let status = bench.read(offset_of("STATUS"));
    if status & 2 == 0 {
        return Err(stopped(&mut bench, program, accelerator));
    }
    if let Some(violation) = bench.memory.violations().first() {
        let message = format!("the hardware broke a rule of AXI4: {violation}");
        return Err(Report::from(
            Diagnostic::new("cosim", message).help("this is a bug of the generator: report it"),
        ));
    }
    Ok(bench.outcome(program))
}

fn check(accelerator: &Accelerator, program: &Program, images: &Tensor) -> Result<(), Report> {
    program.check(accelerator)?;
    let [c, h, w] = program.input.shape;
    let wrong = |message: String, help: &str| Err(Report::from(Diagnostic::new("cosim", message).help(help)));
    if images.shape != Shape::new(c, h, w) {
        let message = format!("images are {} but the program takes [{c}, {h}, {w}]", images.shape);
        return wrong(message, "give an array of shape [N, C, H, W] with the network's C, H, W");
    }
    if images.n != program.images as usize {
        let message = format!("{} images for a program that processes {}", images.n, program.images);
        return wrong(message, "compile the program for as many images as it is given");
    }
    Ok(())
}

/// DRAM before the run: constants, program, and images with their channels innermost.
pub fn dram(program: &Program, images: &Tensor) -> Vec<u8> {
    let mut bytes = vec![0u8; program.read_end().next_multiple_of(64) as usize];
    for segment in &program.constants {
        let start = segment.address as usize;
        bytes[start..start + segment.bytes.len()].copy_from_slice(&segment.bytes);
    }
    for (i, word) in program.image().iter().enumerate() {
        let start = program.base as usize + 8 * i;
        bytes[start..start + 8].copy_from_slice(&word.to_le_bytes());
    }
    let Shape { c, h, w } = images.shape;
    for n in 0..images.n {
        let start = (program.input.address + n as u64 * program.input.image_bytes) as usize;
        for (i, value) in images.image(n).iter().enumerate() {
            let (channel, pixel) = (i / (h * w), i % (h * w));
            bytes[start + pixel * c + channel] = *value as u8;
        }
    }
    bytes
}

/// The tensor that lies at `place` in DRAM for every image.
pub fn tensor(bytes: &[u8], place: &Place, images: u32) -> Tensor {
    let [c, h, w] = place.shape;
    let mut tensor = Tensor::zeros(images as usize, Shape::new(c, h, w));
    let elements = c * h * w;
    for (i, value) in tensor.data.iter_mut().enumerate() {
        let (image, channel, pixel) = (i / elements, i / (h * w) % c, i % (h * w));
        let at = place.address + image as u64 * place.image_bytes + (pixel * c + channel) as u64;
        *value = bytes[at as usize] as i8;
    }
    tensor
}

/// Why the hardware stopped itself, as an error.
fn stopped(bench: &mut Bench, program: &Program, accelerator: &Accelerator) -> Report {
    let cause = bench.read(offset_of("CAUSE"));
    let queues = bench.read(offset_of("CAUSE_QUEUES"));
    let pc = u64::from(bench.read(offset_of("CAUSE_PC")));
    let what = match cause {
        control::CAUSE_DEADLOCK => "no progress: every queue waits".to_string(),
        control::CAUSE_ABORTED => "the run was aborted".to_string(),
        cause => ERRORS.get(cause as usize - 1).map_or(format!("cause {cause}"), |text| text.to_string()),
    };
    let names: Vec<&str> = accelerator.chunks.iter().map(|chunk| chunk.name()).collect();
    let offsets = program.stream_offsets();
    let place = (0..accelerator.queues()).find(|queue| queues >> queue & 1 == 1).map(|queue| {
        let word = pc.saturating_sub(offsets[queue] / 8);
        format!(", queue {} at word {word}", Program::stream_name(&names, queue))
    });
    let running: Vec<String> = bench
        .open
        .iter()
        .enumerate()
        .filter_map(|(queue, open)| {
            let (word, begin) = open.as_ref().map(|open| (open.word, open.begin))?;
            Some(format!("{} runs word {word} since cycle {begin}", Program::stream_name(&names, queue)))
        })
        .collect();
    let message = format!("the hardware stopped at cycle {}: {what}{}", bench.now, place.unwrap_or_default());
    let help = if running.is_empty() { "no engine was busy".to_string() } else { running.join("; ") };
    Report::from(Diagnostic::new("cosim", message).help(help))
}

/// The hardware on its test bench.
struct Bench<'a> {
    engine: &'a mut dyn Simulator,
    memory: Memory,
    ports: Ports,
    now: u64,
    started_at: u64,
    stream_starts: Vec<u64>,
    axi_bits: u32,
    chunks: usize,
    open: Vec<Option<Event>>,
    events: Vec<Event>,
}

impl<'a> Bench<'a> {
    fn new(
        engine: &'a mut dyn Simulator,
        accelerator: &Accelerator,
        bytes: Vec<u8>,
        timing: Timing,
    ) -> Result<Bench<'a>, Report> {
        let ports = Ports::find(engine)?;
        Ok(Bench {
            memory: Memory::new(bytes, accelerator.axi_bits, timing),
            engine,
            ports,
            now: 0,
            started_at: 0,
            stream_starts: Vec::new(),
            axi_bits: accelerator.axi_bits,
            chunks: accelerator.chunks.len(),
            open: vec![None; accelerator.queues()],
            events: Vec::new(),
        })
    }

    fn reset(&mut self) {
        self.engine.set(self.ports.aresetn, 0);
        (0..4).for_each(|_| self.engine.step());
        self.engine.set(self.ports.aresetn, 1);
        self.tick();
        self.now = 0;
    }

    /// One clock cycle with the memory attached.
    fn tick(&mut self) {
        // The master's outputs are registers, so they are read before this cycle's inputs are set: reading an
        // output afterwards would make the engine settle once more.
        let (engine, ports) = (&mut *self.engine, &self.ports);
        let mut master = FromMaster {
            ar_valid: engine.get(ports.arvalid) == 1,
            aw_valid: engine.get(ports.awvalid) == 1,
            w_valid: engine.get(ports.wvalid) == 1,
            ..FromMaster::default()
        };
        if master.ar_valid {
            master.ar_addr = engine.get(ports.araddr);
            master.ar_len = engine.get(ports.arlen) as u32;
        }
        if master.aw_valid {
            master.aw_addr = engine.get(ports.awaddr);
            master.aw_len = engine.get(ports.awlen) as u32;
        }
        if master.w_valid {
            let data = engine.get_bits(ports.wdata);
            master.w_data.iter_mut().zip(data.words()).for_each(|(to, from)| *to = *from);
            master.w_strb = engine.get(ports.wstrb) as u32;
            master.w_last = engine.get(ports.wlast) == 1;
        }
        let slave = self.memory.drive();
        for (port, value) in [
            (ports.arready, u64::from(slave.ar_ready)),
            (ports.rvalid, u64::from(slave.r_valid)),
            (ports.rresp, u64::from(slave.r_resp)),
            (ports.rlast, u64::from(slave.r_last)),
            (ports.awready, u64::from(slave.aw_ready)),
            (ports.wready, u64::from(slave.w_ready)),
            (ports.bvalid, u64::from(slave.b_valid)),
            (ports.bresp, u64::from(slave.b_resp)),
        ] {
            engine.set(port, value);
        }
        engine.set_bits(ports.rdata, &Bits::from_words(self.axi_bits, &slave.r_data));
        engine.step();
        self.memory.clock(&master);
        self.now += 1;
    }

    /// A write to a control register.
    fn write(&mut self, offset: u32, value: u32) {
        for (port, value) in [
            (self.ports.s_awaddr, offset),
            (self.ports.s_wdata, value),
            (self.ports.s_awvalid, 1),
            (self.ports.s_wvalid, 1),
            (self.ports.s_bready, 1),
        ] {
            self.engine.set(port, u64::from(value));
        }
        self.tick();
        self.engine.set(self.ports.s_awvalid, 0);
        self.engine.set(self.ports.s_wvalid, 0);
        self.tick();
    }

    /// A read of a control register.
    fn read(&mut self, offset: u32) -> u32 {
        self.engine.set(self.ports.s_araddr, u64::from(offset));
        self.engine.set(self.ports.s_arvalid, 1);
        self.engine.set(self.ports.s_rready, 0);
        self.tick();
        self.engine.set(self.ports.s_arvalid, 0);
        let value = self.engine.get(self.ports.s_rdata) as u32;
        self.engine.set(self.ports.s_rready, 1);
        self.tick();
        value
    }

    fn until_interrupt(&mut self, max_cycles: u64) -> Result<(), Report> {
        self.started_at = self.now;
        while self.engine.get(self.ports.irq) == 0 {
            if self.now - self.started_at > max_cycles {
                let message = format!("the run is not over after {max_cycles} cycles");
                return Err(Report::from(Diagnostic::new("cosim", message).help("raise --max-cycles")));
            }
            self.trace();
            self.tick();
        }
        self.trace();
        Ok(())
    }

    /// Notes launches and ends of this cycle.
    fn trace(&mut self) {
        let ended = self.engine.get(self.ports.trace_end);
        let launched = self.engine.get(self.ports.trace_launch);
        if ended == 0 && launched == 0 {
            return;
        }
        let pcs = self.engine.get_bits(self.ports.trace_pc);
        for queue in 0..self.open.len() {
            if ended >> queue & 1 == 1 {
                self.close(queue);
            }
            if launched >> queue & 1 == 1 {
                let word = pcs.slice(PC_BITS * queue as u32, PC_BITS).to_u64() as usize;
                let counters = if queue % 3 == 1 { self.counters(queue / 3) } else { Vec::new() };
                let begin = self.now - self.started_at;
                self.open[queue] = Some(Event { queue, word, begin, end: 0, counters });
            }
        }
    }

    fn close(&mut self, queue: usize) {
        if let Some(mut event) = self.open[queue].take() {
            event.end = self.now - self.started_at;
            if queue % 3 == 1 {
                let before = std::mem::replace(&mut event.counters, self.counters(queue / 3));
                event
                    .counters
                    .iter_mut()
                    .zip(before)
                    .for_each(|(now, before)| *now = now.wrapping_sub(before));
            }
            self.events.push(event);
        }
    }

    /// The counters of a chunk.
    fn counters(&mut self, chunk: usize) -> Vec<u32> {
        let count = CHUNK_COUNTERS.len();
        let values = self.engine.get_bits(self.ports.trace_counters);
        let at =
            |i: usize| values.slice(COUNTER_BITS * (chunk * count + i) as u32, COUNTER_BITS).to_u64() as u32;
        (0..count).map(at).collect()
    }

    fn outcome(mut self, program: &Program) -> Outcome {
        self.stream_starts = program.stream_offsets().iter().map(|offset| offset / 8).collect();
        for event in &mut self.events {
            event.word = event.word.wrapping_sub(self.stream_starts[event.queue] as usize);
        }
        let counters = (0..self.chunks).map(|chunk| self.counters(chunk)).collect();
        let outputs = program.outputs.iter();
        let outputs =
            outputs.map(|place| (place.name.clone(), tensor(&self.memory.bytes, place, program.images)));
        Outcome {
            outputs: outputs.collect(),
            cycles: u64::from(self.read(offset_of("CYCLES"))),
            dram_read: u64::from(self.read(offset_of("DRAM_READ"))),
            dram_written: u64::from(self.read(offset_of("DRAM_WRITTEN"))),
            counters,
            events: self.events,
        }
    }
}

/// Declares the ports that the bench uses, by the names of the top module.
macro_rules! ports {
    (inputs { $($input:ident = $input_name:literal),* $(,)? } outputs { $($output:ident = $output_name:literal),* $(,)? }) => {
        struct Ports { $($input: InputId,)* $($output: OutputId),* }

        impl Ports {
            fn find(engine: &dyn Simulator) -> Result<Ports, Report> {
                let wrong = |error: sim::Error| Report::from(Diagnostic::new("cosim", error.to_string()));
                Ok(Ports {
                    $($input: engine.input($input_name).map_err(wrong)?,)*
                    $($output: engine.output($output_name).map_err(wrong)?),*
                })
            }
        }
    };
}

ports! {
    inputs {
        aresetn = "aresetn",
        arready = "m_axi_arready", rvalid = "m_axi_rvalid", rdata = "m_axi_rdata", rresp = "m_axi_rresp",
        rlast = "m_axi_rlast", awready = "m_axi_awready", wready = "m_axi_wready", bvalid = "m_axi_bvalid",
        bresp = "m_axi_bresp",
        s_awaddr = "s_axi_awaddr", s_awvalid = "s_axi_awvalid", s_wdata = "s_axi_wdata", s_wvalid = "s_axi_wvalid",
        s_bready = "s_axi_bready", s_araddr = "s_axi_araddr", s_arvalid = "s_axi_arvalid",
        s_rready = "s_axi_rready",
    }
    outputs {
        irq = "irq",
        arvalid = "m_axi_arvalid", araddr = "m_axi_araddr", arlen = "m_axi_arlen",
        awvalid = "m_axi_awvalid", awaddr = "m_axi_awaddr", awlen = "m_axi_awlen",
        wvalid = "m_axi_wvalid", wdata = "m_axi_wdata", wstrb = "m_axi_wstrb", wlast = "m_axi_wlast",
        s_rdata = "s_axi_rdata",
        trace_launch = "trace_launch", trace_end = "trace_end", trace_pc = "trace_pc",
        trace_counters = "trace_counters",
    }
}
