//! Instruction words. Each stream is a loop over iterations; in it, an operation's descriptors are written
//! before the queue signals what came before and waits for what it needs, so that writing them costs no time;
//! what is known to be there already is not written.
//! Nest tables, launches and `INDEX` run only in the iterations in which their layer has an image.

use crate::hazards::Sync;
use crate::known::{Known, TableWord};
use crate::ops::{Operation, Schedule};
use crate::stages::Stages;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::isa::code::Instruction;
use spec::isa::table::{
    NestKind, Queue, Register, BOUND, CFG, DELTA, END, ENDLOOP, EXEC, GUARD, INDEX, LD, LOOP, SIGNAL, ST,
    WAIT,
};
use spec::nest::Nest;
use spec::program::Span;
use std::ops::Range;

/// Streams and what their words are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lowered {
    /// In the order of the program's header.
    pub streams: Vec<Vec<u64>>,
    /// In the order of the streams.
    pub source: Vec<Span>,
}

/// The words of every queue.
///
/// # Errors
/// Where a value does not fit its field, or a nest the hardware; names layer, instruction and field.
pub fn streams(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    schedule: &Schedule,
    syncs: &[Sync],
) -> Result<Lowered, Report> {
    let mut report = Report::default();
    let names: Vec<&str> = graph.layers().map(|(_, layer)| layer.name.as_str()).collect();
    let mut lowered = Lowered::default();
    for (chunk, operations) in schedule.chunks.iter().enumerate() {
        for queue in Queue::ALL {
            let stream = chunk * Queue::ALL.len() + queue as usize;
            let own: Vec<&Operation> =
                operations.iter().filter(|operation| operation.queue == queue).collect();
            let mut writer = Writer::new(accelerator, stages, &names, &mut report);
            writer.stream(stream, &own, syncs);
            lowered.source.extend(writer.spans(stream, &own));
            lowered.streams.push(writer.words.iter().map(|(word, _)| *word).collect());
        }
    }
    report.or(lowered)
}

/// Iterations in which words run.
type Iterations = Range<u32>;

/// A word, and the operation that it belongs to.
type Word = (u64, usize);

struct Writer<'a> {
    accelerator: &'a Accelerator,
    stages: &'a Stages,
    names: &'a [&'a str],
    report: &'a mut Report,
    words: Vec<Word>,
    /// Words that run in the same iterations and wait for their guard.
    block: Vec<Word>,
    iterations: Iterations,
    /// The operation that is being lowered, and its layer.
    operation: usize,
    layer: usize,
    known: Known,
}

impl<'a> Writer<'a> {
    fn new(
        accelerator: &'a Accelerator,
        stages: &'a Stages,
        names: &'a [&'a str],
        report: &'a mut Report,
    ) -> Writer<'a> {
        let iterations = 0..stages.iterations;
        Writer {
            accelerator,
            stages,
            names,
            report,
            words: Vec::new(),
            block: Vec::new(),
            iterations,
            operation: 0,
            layer: 0,
            known: Known::default(),
        }
    }

    /// The whole stream; nothing at all for a queue without operations.
    ///
    /// A signal waits for the engine, and a jump throws away what was fetched ahead. So the last operation's signals are sent
    /// in the next iteration, when the stream has jumped and the first operation's descriptors are there: all of that happens
    /// while the last operation runs, if that runs long enough.
    fn stream(&mut self, stream: usize, operations: &[&Operation], syncs: &[Sync]) {
        if operations.is_empty() {
            return;
        }
        let every = 0..self.stages.iterations;
        let last = (stream, operations.len() - 1);
        self.put(every.clone(), LOOP, &[every.end.into()]);
        for (i, operation) in operations.iter().enumerate() {
            (self.operation, self.layer) = (i, operation.layer);
            let flip = self.prepare(operation);
            match i {
                0 => self.signals(last, 1, syncs),
                _ => self.signals((stream, i - 1), 0, syncs),
            }
            self.waits((stream, i), syncs);
            self.launch(operation, flip);
        }
        self.put(every.clone(), ENDLOOP, &[]);
        for sync in syncs.iter().filter(|sync| sync.signal == last && sync.distance == 0) {
            self.put(every.clone(), SIGNAL, &[sync.token as i64]);
        }
        self.put(every, END, &[]);
        self.flush();
    }

    /// The words from the first to the last of every operation.
    fn spans(&self, stream: usize, operations: &[&Operation]) -> Vec<Span> {
        let one = |(i, operation): (usize, &&Operation)| Span {
            stream,
            first: self.words.iter().position(|(_, owner)| *owner == i).unwrap_or(0),
            last: self.words.iter().rposition(|(_, owner)| *owner == i).unwrap_or(0),
            layer: self.names[operation.layer].to_string(),
            what: operation.what.clone(),
        };
        operations.iter().enumerate().map(one).collect()
    }

    /// The signals of an operation that ran so many iterations `ago`, none or one.
    fn signals(&mut self, spot: (usize, usize), ago: u32, syncs: &[Sync]) {
        let all = self.stages.iterations;
        for sync in syncs.iter().filter(|sync| sync.signal == spot) {
            let iterations = ago..(all - sync.distance + ago).min(all);
            if !iterations.is_empty() {
                self.put(iterations, SIGNAL, &[sync.token as i64]);
            }
        }
    }

    fn waits(&mut self, spot: (usize, usize), syncs: &[Sync]) {
        for sync in syncs.iter().filter(|sync| sync.wait == spot) {
            self.put(sync.distance..self.stages.iterations, WAIT, &[sync.token as i64]);
        }
    }

    fn active(&self, layer: usize) -> Iterations {
        let stage = self.stages.stage[layer];
        stage..stage + self.stages.images
    }

    /// Descriptors, as far as they are not known to be there; then whether the nest tables must flip.
    fn prepare(&mut self, operation: &Operation) -> bool {
        let active = self.active(operation.layer);
        self.known.enter(&active);
        for (index, value) in self.known.registers(&operation.registers) {
            self.check_register(&operation.queue.registers()[index], value);
            self.put(0..self.stages.iterations, CFG, &[index as i64, value]);
        }
        if let Some(frames) = operation.frames.filter(|frames| frames.bits > 0) {
            let dram = operation.registers.index("dram");
            let offset = -i64::from(self.stages.stage[operation.layer]);
            let operands = [dram as i64, offset, frames.bits.into(), frames.stride as i64];
            self.put(active.clone(), INDEX, &operands);
            self.known.forget(dram);
        }
        let Some(nests) = &operation.nests else { return false };
        self.check_depths(nests);
        let words = self.known.nests(nests);
        for word in words.iter().flatten() {
            match word {
                TableWord::Bound(operands) => self.put(active.clone(), BOUND, operands),
                TableWord::Delta(operands) => self.put(active.clone(), DELTA, operands),
            }
        }
        words.is_some()
    }

    /// `CFG` would drop the bits that a register does not have.
    fn check_register(&mut self, register: &Register, value: i64) {
        let (lo, hi) = register.range();
        if !(lo..=hi).contains(&value) {
            self.refuse(format!("register {} holds {lo}..={hi}, not {value}", register.name));
        }
    }

    fn check_depths(&mut self, nests: &[Nest; 4]) {
        for (kind, nest) in NestKind::ALL.iter().zip(nests) {
            let (depth, most) = (nest.levels.len(), self.accelerator.nest_depth);
            if depth > most as usize {
                self.refuse(format!("the {} nest has {depth} levels, nest_depth is {most}", kind.name()));
            }
        }
    }

    fn launch(&mut self, operation: &Operation, flip: bool) {
        let active = self.active(operation.layer);
        match operation.queue {
            Queue::Load => self.put(active, LD, &[]),
            Queue::Execute => self.put(active, EXEC, &[flip.into()]),
            Queue::Store => self.put(active, ST, &[]),
        }
    }

    /// Adds an instruction that runs in these iterations only.
    fn put(&mut self, iterations: Iterations, opcode: u32, operands: &[i64]) {
        match Instruction::new(opcode, operands) {
            Ok(instruction) => {
                if iterations != self.iterations {
                    self.flush();
                    self.iterations = iterations;
                }
                self.block.push((instruction.encode(), self.operation));
            }
            Err(error) => self.refuse(error.to_string()),
        }
    }

    fn refuse(&mut self, error: String) {
        let layer = self.names[self.layer];
        self.report.push(Diagnostic::new("mapping", format!("layer `{layer}`: {error}")));
    }

    /// Writes the block behind its guard.
    fn flush(&mut self) {
        let block = std::mem::take(&mut self.block);
        let every = 0..self.stages.iterations;
        if block.is_empty() {
            return;
        }
        if self.iterations != every {
            let [from, until] = [self.iterations.start, self.iterations.end].map(i64::from);
            match Instruction::new(GUARD, &[from, until, block.len() as i64]) {
                Ok(guard) => self.words.push((guard.encode(), block[0].1)),
                Err(error) => self.refuse(error.to_string()),
            }
        }
        self.words.extend(block);
    }
}
