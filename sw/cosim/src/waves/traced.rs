//! `Traced`: a simulator that can be watched, and the file that it is recorded in.

use std::ops::Range;
use std::sync::Arc;

use hdl::Module;
use num::Bits;
use sim::{InputId, OutputId, Simulator, Watch};
use spec::error::Report;

use super::fst::Fst;
use super::writer::Writer;
use super::{recorded, time, Output, Plan, Recorder};

/// A simulator being recorded. Within the window it writes what changes; outside it just runs.
pub struct Traced<E> {
    engine: E,
    plan: Plan,
    open: Option<(Output, Writer)>,
    /// The cycle that the next clock edge ends, where it is one of a run.
    marked: Option<u64>,
    /// The cycle after the last one that was recorded.
    next: Option<u64>,
}

impl<E: Watch> Traced<E> {
    /// Opens the file of `plan` for an engine that watches its selection.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn new(engine: E, plan: Plan) -> Result<Traced<E>, Report> {
        let (output, file) = Output::create(&plan.file)?;
        let fst = Fst::new(file, &plan.selection, engine.watched(), time(plan.window.start));
        let fst = fst.map_err(|error| output.failed(&error))?;
        let open = Some((output, Writer::new(fst, &engine.watched().widths)));
        Ok(Traced { engine, plan, open, marked: None, next: None })
    }

    /// A clock edge within the window.
    fn record(&mut self, cycle: u64) {
        let Some((_, writer)) = &mut self.open else { return self.engine.step(1) };
        writer.cycle(cycle);
        let is_first = self.next.is_none();
        self.engine.step_noting(is_first, &mut |value, words| writer.value(value, words));
        self.next = Some(cycle + 1);
    }
}

impl<E: Watch> Simulator for Traced<E> {
    fn module(&self) -> &Arc<Module> {
        self.engine.module()
    }

    fn set(&mut self, input: InputId, value: u64) {
        self.engine.set(input, value);
    }

    fn get(&mut self, output: OutputId) -> u64 {
        self.engine.get(output)
    }

    fn set_bits(&mut self, input: InputId, value: &Bits) {
        self.engine.set_bits(input, value);
    }

    fn get_bits(&mut self, output: OutputId) -> Bits {
        self.engine.get_bits(output)
    }

    fn step(&mut self, cycles: u64) {
        for _ in 0..cycles {
            match self.marked.take().filter(|cycle| self.plan.window.contains(cycle)) {
                Some(cycle) => self.record(cycle),
                None => self.engine.step(1),
            }
        }
    }

    fn mark(&mut self, cycle: u64) {
        self.marked = Some(cycle);
    }
}

impl<E: Watch> Recorder for Traced<E> {
    fn close(&mut self) -> Result<Range<u64>, Report> {
        if let Some((output, writer)) = self.open.take() {
            let written = writer.finish();
            recorded(&self.plan, self.next)?;
            written.map_err(|error| output.failed(&error))?;
            output.finish()?;
        }
        recorded(&self.plan, self.next)
    }
}
