//! Which operations must wait for which, and the tokens that make them.
//!
//! Two operations of different queues keep their order where one touches bytes that the other writes, where both
//! would read one bank or write one (the buffer does not arbitrate), and where one reads from DRAM what the
//! other writes there, an activation or a partial sum. An operation of iteration t may have to wait for one of iteration t - distance.
//!
//! Queues are in order, so of everything that an operation waits for in another queue only the latest counts, and
//! not even that if the queue has waited for as much before. What is left is one signal and one wait each,
//! and these pair up in order: one token for every pair of queues that needs any.

use crate::dram::{frame_bits, Dram};
use crate::ops::{Access, Operation, Schedule};
use crate::stages::Stages;
use model::{Graph, LayerId, Source};
use spec::accelerator::Accelerator;
use spec::error::{Diagnostic, Report};
use spec::isa::table::Queue;
use std::collections::BTreeMap;

/// A signal behind one operation and a wait before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sync {
    /// The token.
    pub token: usize,
    /// Stream of the signal, and the operation of that stream that it follows.
    pub signal: (usize, usize),
    /// Stream of the wait, and the operation of that stream that it precedes.
    pub wait: (usize, usize),
    /// Iterations from the signal to its wait.
    pub distance: u32,
}

/// An operation as its stream and its number there.
type Spot = (usize, usize);

/// `later` waits for `earlier`, `distance` iterations before.
struct Dependency {
    later: Spot,
    earlier: Spot,
    distance: u32,
}

/// Every signal and wait.
///
/// # Errors
/// Where the accelerator has too few tokens.
pub fn syncs(
    accelerator: &Accelerator,
    graph: &Graph,
    stages: &Stages,
    dram: &Dram,
    schedule: &Schedule,
) -> Result<Vec<Sync>, Report> {
    let mut dependencies = Vec::new();
    let spots: Vec<Vec<Spot>> = schedule.chunks.iter().enumerate().map(|(i, ops)| spots(i, ops)).collect();
    for (operations, spots) in schedule.chunks.iter().zip(&spots) {
        in_buffer(accelerator, operations, spots, &mut dependencies);
    }
    in_dram(graph, stages, dram, schedule, &spots, &mut dependencies);
    dependencies.retain(|d| d.distance < stages.iterations && d.later.0 != d.earlier.0);
    let mut lengths = BTreeMap::new();
    spots.iter().flatten().for_each(|(stream, _)| *lengths.entry(*stream).or_insert(0i64) += 1);
    let mut pairs: BTreeMap<(usize, usize), Vec<Dependency>> = BTreeMap::new();
    for dependency in dependencies {
        pairs.entry((dependency.earlier.0, dependency.later.0)).or_default().push(dependency);
    }
    check(accelerator, pairs.len())?;
    let reduced = pairs.into_iter().enumerate();
    Ok(reduced.flat_map(|(token, ((from, _), all))| reduce(token, lengths[&from], all)).collect())
}

fn check(accelerator: &Accelerator, needed: usize) -> Result<(), Report> {
    if needed <= accelerator.tokens as usize {
        return Ok(());
    }
    let message = format!(
        "the program needs {needed} tokens, accelerator `{}` has {}",
        accelerator.name, accelerator.tokens
    );
    Err(Diagnostic::new("compile", message).help(format!("set tokens: {needed}")).into())
}

/// Stream and number of every operation of a chunk.
fn spots(chunk: usize, operations: &[Operation]) -> Vec<Spot> {
    let mut counts = [0; Queue::ALL.len()];
    let mut spot = |operation: &Operation| {
        let queue = operation.queue as usize;
        counts[queue] += 1;
        (chunk * Queue::ALL.len() + queue, counts[queue] - 1)
    };
    operations.iter().map(&mut spot).collect()
}

/// For every operation, the latest one of each other queue that it conflicts with, back to the same place of the
/// iteration before.
fn in_buffer(accelerator: &Accelerator, operations: &[Operation], spots: &[Spot], out: &mut Vec<Dependency>) {
    let count = operations.len();
    for later in 0..count {
        let mut open: Vec<Queue> = Queue::ALL.into_iter().filter(|q| *q != operations[later].queue).collect();
        for back in 1..count {
            let earlier = (later + count - back) % count;
            let place = open.iter().position(|queue| *queue == operations[earlier].queue);
            let Some(place) = place else { continue };
            if conflicts(accelerator, &operations[earlier], &operations[later]) {
                let distance = u32::from(back > later);
                out.push(Dependency { later: spots[later], earlier: spots[earlier], distance });
                open.remove(place);
            }
            if open.is_empty() {
                break;
            }
        }
    }
}

/// Whether two operations of one chunk may not overlap in time.
fn conflicts(accelerator: &Accelerator, a: &Operation, b: &Operation) -> bool {
    let banks = |access: &Access| {
        let bank = accelerator.buffer.bank_bytes;
        access.bytes.start / bank..=(access.bytes.end - 1 + access.beyond) / bank
    };
    let in_dram = a.sums.iter().zip(&b.sums).any(|(a, b)| a.start < b.end && b.start < a.end);
    let pairs = a.accesses.iter().flat_map(|a| b.accesses.iter().map(move |b| (a, b)));
    in_dram
        || pairs.into_iter().any(|(a, b)| {
            if a.write == b.write {
                let (a, b) = (banks(a), banks(b));
                a.start() <= b.end() && b.start() <= a.end()
            } else {
                a.bytes.start < b.bytes.end && b.bytes.start < a.bytes.end
            }
        })
}

/// Reads wait for the writes of their image, and writes for the reads of the image whose frame they take.
fn in_dram(
    graph: &Graph,
    stages: &Stages,
    dram: &Dram,
    schedule: &Schedule,
    spots: &[Vec<Spot>],
    out: &mut Vec<Dependency>,
) {
    let all = || schedule.chunks.iter().zip(spots).flat_map(|(ops, spots)| ops.iter().zip(spots));
    for (producer, _) in dram.outputs.iter().enumerate().filter(|(_, frames)| frames.is_some()) {
        let source = Some(Source::Layer(LayerId(producer)));
        let of_tensor = |queue| all().filter(move |(op, _)| op.queue == queue && op.tensor == source);
        let (first, last) = (of_tensor(Queue::Store).next(), of_tensor(Queue::Store).next_back());
        let (Some((_, first)), Some((_, last))) = (first, last) else { continue };
        let frames = 1 << frame_bits(graph, stages, LayerId(producer));
        for (read, spot) in of_tensor(Queue::Load) {
            let distance = stages.distance(producer, read.layer);
            out.push(Dependency { later: *spot, earlier: *last, distance });
            out.push(Dependency { later: *first, earlier: *spot, distance: frames - distance });
        }
    }
}

/// The dependencies of one pair of queues that are not met by others, as signals and waits. `length` is the
/// number of operations of the signalling queue.
fn reduce(token: usize, length: i64, mut all: Vec<Dependency>) -> Vec<Sync> {
    let required = |d: &Dependency| d.earlier.1 as i64 - i64::from(d.distance) * length;
    all.sort_by_key(|d| (d.later.1, -required(d)));
    let mut met = all.iter().map(required).max().unwrap_or(0) - length;
    let mut kept = Vec::new();
    for d in &all {
        if required(d) > met {
            met = required(d);
            kept.push(Sync { token, signal: d.earlier, wait: d.later, distance: d.distance });
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::isa::table::Queue;

    #[test]
    fn what_is_read_beyond_the_inputs_is_another_read_of_its_bank() {
        let text = include_str!("../../../hw/configs/tiny.yaml");
        let tiny = spec::config::parse("tiny.yaml", text).expect("committed");
        let bank = tiny.buffer.bank_bytes;
        let reading = |queue, beyond, bytes| {
            let accesses = vec![Access { write: false, bytes, beyond }];
            Operation { accesses, ..Operation::new(queue, 0) }
        };
        let store = reading(Queue::Store, 0, bank..bank + 8);
        for (beyond, conflict) in [(0, false), (16, false), (17, true)] {
            let execute = reading(Queue::Execute, beyond, 0..bank - 16);
            assert_eq!(conflicts(&tiny, &execute, &store), conflict, "{beyond} bytes beyond");
            assert_eq!(conflicts(&tiny, &store, &execute), conflict, "{beyond} bytes beyond");
        }
        // What is dropped may be written meanwhile.
        let mut load = reading(Queue::Load, 0, bank..bank + 8);
        load.accesses[0].write = true;
        assert!(!conflicts(&tiny, &reading(Queue::Execute, 17, 0..bank - 16), &load));
    }
}
