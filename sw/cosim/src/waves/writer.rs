//! Writes on a thread of its own, because to write a change takes longer than to simulate it. What happens is packed
//! into batches of words: for each value that changed its number and its words, and before those of a cycle a mark and
//! the cycle.

use std::sync::mpsc::{sync_channel, Receiver, SyncSender};
use std::thread::JoinHandle;

use fst_writer::FstWriteError;

use super::fst::Fst;
use super::time;

/// Words of a batch, about.
const BATCH: usize = 1 << 16;

/// Batches that may wait; then the simulator does.
const WAITING: usize = 4;

/// In place of a number: a cycle follows.
const MARK: u64 = u64::MAX;

/// The near end of the thread.
pub(super) struct Writer {
    batch: Vec<u64>,
    to: SyncSender<Vec<u64>>,
    thread: JoinHandle<Result<(), FstWriteError>>,
}

impl Writer {
    /// Starts to write a file whose tree is there; `widths` are those of the values.
    pub fn new(fst: Fst, widths: &[u32]) -> Writer {
        let (to, from) = sync_channel(WAITING);
        let words = widths.iter().map(|width| width.div_ceil(64) as usize).collect();
        let thread = std::thread::spawn(move || write(fst, words, &from));
        Writer { batch: Vec::new(), to, thread }
    }

    /// From here on values are those of this cycle.
    pub fn cycle(&mut self, cycle: u64) {
        if self.batch.len() >= BATCH {
            self.send();
        }
        self.batch.extend([MARK, cycle]);
    }

    /// A value of this cycle.
    pub fn value(&mut self, number: usize, words: &[u64]) {
        self.batch.push(number as u64);
        self.batch.extend_from_slice(words);
    }

    /// Where the thread has given up, what it says of that is asked for at the end.
    fn send(&mut self) {
        let _ = self.to.send(std::mem::take(&mut self.batch));
    }

    /// Waits until everything is written.
    pub fn finish(mut self) -> Result<(), FstWriteError> {
        self.send();
        let Writer { to, thread, .. } = self;
        drop(to);
        thread.join().expect("the writer of waves does not panic")
    }
}

/// Writes what comes until nothing more does.
fn write(mut fst: Fst, words: Vec<usize>, from: &Receiver<Vec<u64>>) -> Result<(), FstWriteError> {
    let mut last = None;
    for batch in from {
        let mut rest = &batch[..];
        while let [number, more @ ..] = rest {
            if *number == MARK {
                if let Some(last) = last.replace(more[0]) {
                    fst.time(time(last) + 1, false)?;
                }
                fst.time(time(more[0]), true)?;
                rest = &more[1..];
            } else {
                let (value, more) = more.split_at(words[*number as usize]);
                fst.change(*number as usize, value)?;
                rest = more;
            }
        }
    }
    if let Some(last) = last {
        fst.time(time(last) + 1, false)?;
    }
    fst.finish()
}
