//! Predicted against measured: what every launch makes the hardware's counters gain, whatever the memory, and before
//! a memory of fixed latency the cycles in which every launch begins and ends.

use super::bench::{Failure, Kind};
use cosim::executor::Outcome;
use mapper::events::Run;
use spec::counters::CHUNK_COUNTERS;

/// A launch: begin, queue, word, end. Begins count from the first launch.
type Launch = (i64, usize, usize, i64);

/// Every launch begins and ends as predicted, and so does the run; how many launches there are.
///
/// # Errors
/// The first launch, in the order of time, that differs.
pub fn same_cycles(run: &Run, outcome: &Outcome) -> Result<u64, Failure> {
    let wrong = |text: String| Err(Failure::new(Kind::Cycles, text));
    let predicted = run.events.iter().map(|e| (e.begin as i64, e.queue, e.word, e.end as i64));
    let measured = outcome.events.iter().map(|e| (e.begin as i64, e.queue, e.word, e.end as i64));
    let (predicted, measured) = (from_first(predicted.collect()), from_first(measured.collect()));
    if let Some((predicted, measured)) = predicted.iter().zip(&measured).find(|(a, b)| a != b) {
        let say = |(begin, queue, word, end): &Launch| format!("queue {queue} word {word} {begin}..{end}");
        return wrong(format!("predicted {}, measured {}", say(predicted), say(measured)));
    }
    let (ours, theirs) = ((run.events.len(), run.cycles), (outcome.events.len(), outcome.cycles));
    match ours == theirs {
        true => Ok(run.events.len() as u64),
        false => wrong(format!("predicted (launches, cycles) {ours:?}, measured {theirs:?}")),
    }
}

fn from_first(mut launches: Vec<Launch>) -> Vec<Launch> {
    let first = launches.iter().map(|launch| launch.0).min().unwrap_or(0);
    launches.iter_mut().for_each(|launch| (launch.0, launch.3) = (launch.0 - first, launch.3 - first));
    launches.sort_unstable();
    launches
}

/// Every launch gains what is predicted, and the stores of all launches are what the DMA wrote.
///
/// # Errors
/// The first counter of the first launch that differs.
pub fn same_counts(run: &Run, outcome: &Outcome) -> Result<(), Failure> {
    let wrong = |text: String| Err(Failure::new(Kind::Counts, text));
    let mut predicted: Vec<_> = run.events.iter().map(|e| (e.queue, e.word, e.counts.0.to_vec())).collect();
    let wide = |counters: &[u32]| counters.iter().map(|count| u64::from(*count)).collect::<Vec<u64>>();
    let mut measured: Vec<_> = outcome.events.iter().map(|e| (e.queue, e.word, wide(&e.counters))).collect();
    // Launches of one queue end in their order; how the queues mix depends on the memory.
    predicted.sort_by_key(|launch| launch.0);
    measured.sort_by_key(|launch| launch.0);
    if predicted.len() != measured.len() {
        return wrong(format!("predicted {} launches, measured {}", predicted.len(), measured.len()));
    }
    for ((queue, word, ours), (other_queue, other_word, theirs)) in predicted.iter().zip(&measured) {
        if (queue, word) != (other_queue, other_word) {
            return wrong(format!(
                "predicted queue {queue} word {word}, measured queue {other_queue} word {other_word}"
            ));
        }
        let mut counters = CHUNK_COUNTERS.iter().map(|counter| counter.name).zip(ours.iter().zip(theirs));
        if let Some((name, (ours, theirs))) = counters.find(|(_, (ours, theirs))| ours != theirs) {
            return wrong(format!(
                "queue {queue} word {word}: {name} predicted to gain {ours}, measured {theirs}"
            ));
        }
    }
    let stored = run.events.iter().map(|e| e.counts.get("st_bytes")).sum::<u64>();
    match stored == outcome.dram_written {
        true => Ok(()),
        false => {
            wrong(format!("predicted {stored} bytes written to DRAM, measured {}", outcome.dram_written))
        }
    }
}

/// Instructions and loads together are what the DMA read; fetches run ahead as far as the memory lets them, so this
/// holds for fixed latency only.
///
/// # Errors
/// Both numbers.
pub fn same_reads(run: &Run, outcome: &Outcome) -> Result<(), Failure> {
    let read = run.fetched + run.events.iter().map(|e| e.counts.get("ld_bytes")).sum::<u64>();
    match read == outcome.dram_read {
        true => Ok(()),
        false => {
            let text = format!("predicted {read} bytes read from DRAM, measured {}", outcome.dram_read);
            Err(Failure::new(Kind::Counts, text))
        }
    }
}
