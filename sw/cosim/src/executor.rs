//! Runs a program on the generated hardware: fills DRAM, drives the control port as a driver would, plays the
//! memory, and collects results, cycles, counters and the trace of every instruction that started an engine.

use crate::bench::Bench;
use crate::dram::{dram, tensor};
use crate::memory::Timing;
use crate::trace::counters;
pub use crate::trace::Event;
use accel::control::{self, offset_of};
use accel::core::ERRORS;
use model::{Shape, Tensor};
use sim::Simulator;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::program::Program;

/// How to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The memory's timing.
    pub timing: Timing,
    /// Cycles after which the run is given up.
    pub max_cycles: u64,
    /// Cycles without progress after which the hardware stops itself.
    pub watchdog: u32,
    /// Whether the hardware is reset first; it has to be once.
    pub reset: bool,
    /// The run is left where this cycle begins, if it is not over before: nobody wants to see more. Its outcome is what
    /// there was until then.
    pub stop_at: Option<u64>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            timing: Timing::Fixed { latency: 40 },
            max_cycles: 2_000_000_000,
            watchdog: 100_000,
            reset: true,
            stop_at: None,
        }
    }
}

/// What a run gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Name and values of every tensor that the program leaves in DRAM.
    pub outputs: Vec<(String, Tensor)>,
    /// Cycles from the header's arrival to the end, by the hardware's own counter.
    pub cycles: u64,
    /// Bytes that the DMA read: what was loaded, the header, and instructions.
    pub dram_read: u64,
    /// Bytes that the DMA wrote.
    pub dram_written: u64,
    /// Cycles in which two chunks or more computed, by the hardware's own counter.
    pub overlap: u64,
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
    if options.reset {
        bench.reset();
    }
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
    bench.write(offset_of("IRQ_STATUS"), 3);
    bench.write(offset_of("IRQ_MASK"), 3);
    bench.write(offset_of("CONTROL"), 1);
    if !bench.until_interrupt(options.max_cycles, options.stop_at)? {
        return Ok(outcome(bench, accelerator, program));
    }
    if let Some(fault) = bench.fault() {
        let error = Diagnostic::new("cosim", format!("the hardware is at fault: {fault}"));
        return Err(error.help("this is a bug of the generator: report it").into());
    }
    let status = bench.read(offset_of("STATUS"));
    if status & 2 == 0 {
        return Err(stopped(&mut bench, program, accelerator));
    }
    Ok(outcome(bench, accelerator, program))
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

/// What the run left behind.
fn outcome(mut bench: Bench, accelerator: &Accelerator, program: &Program) -> Outcome {
    let starts: Vec<u64> = program.stream_offsets().iter().map(|offset| offset / 8).collect();
    let mut events = std::mem::take(&mut bench.trace.events);
    for event in &mut events {
        event.word = event.word.wrapping_sub(starts[event.queue] as usize);
    }
    let chunks = 0..accelerator.chunks.len();
    let places = program.outputs.iter();
    let tensors =
        places.map(|place| (place.name.clone(), tensor(&bench.memory.bytes, place, program.images)));
    Outcome {
        outputs: tensors.collect(),
        counters: chunks.map(|chunk| counters(bench.engine, &bench.ports, chunk)).collect(),
        cycles: u64::from(bench.read(offset_of("CYCLES"))),
        dram_read: u64::from(bench.read(offset_of("DRAM_READ"))),
        dram_written: u64::from(bench.read(offset_of("DRAM_WRITTEN"))),
        overlap: u64::from(bench.read(offset_of("OVERLAP"))),
        events,
    }
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
        .trace
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
