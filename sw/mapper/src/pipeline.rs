//! Which mapping of each layer serves a pipeline best, in which chunks work on different images: an image takes as long as
//! the busiest chunk, and the energy of all. So a chunk that has time to spare should save energy, up to where it becomes
//! the busiest itself; what is best for a layer alone is not best for the whole.
//!
//! For every chunk, starting from the least energy, cycles are bought where they cost the fewest picojoules; that gives its
//! best trades of one for the other, but for choices between them. Then every number of cycles at which a chunk
//! can end is tried as the time of all.

/// What a mapping of a layer takes for an image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Cycles.
    pub cycles: u64,
    /// Picojoules.
    pub picojoules: f64,
}

/// The options of a layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Index of its chunk.
    pub chunk: usize,
    /// At least one.
    pub costs: Vec<Cost>,
}

/// The option of every layer that leaves the product of the busiest chunk's cycles and of all picojoules the smallest; `base` is
/// what an image takes beside, of both: cycles in which even the busiest chunk waits, and picojoules between DRAM and buffer.
pub fn choose(layers: &[Options], base: Cost) -> Vec<usize> {
    let chunks = layers.iter().map(|layer| layer.chunk + 1).max().unwrap_or(0);
    let trades: Vec<Vec<Trade>> = (0..chunks).map(|chunk| trades(layers, chunk)).collect();
    let ends = trades.iter().flatten().map(|trade| trade.cycles);
    let within = |end: u64| -> Option<Vec<&Trade>> {
        let cheapest = |trades: &'_ Vec<Trade>| trades.iter().position(|trade| trade.cycles <= end);
        trades.iter().map(|trades| Some(&trades[cheapest(trades)?])).collect()
    };
    let score = |chosen: &Vec<&Trade>| {
        let busiest = chosen.iter().map(|trade| trade.cycles).max().unwrap_or(0);
        let picojoules: f64 = chosen.iter().map(|trade| trade.picojoules).sum();
        (base.cycles + busiest) as f64 * (base.picojoules + picojoules)
    };
    let best = ends.filter_map(within).min_by(|a, b| score(a).total_cmp(&score(b))).unwrap_or_default();
    let mut picks = vec![0; layers.len()];
    for (layer, pick) in best.iter().flat_map(|trade| &trade.picks) {
        picks[*layer] = *pick;
    }
    picks
}

/// What a chunk can take for an image.
#[derive(Clone, Debug, Default)]
struct Trade {
    cycles: u64,
    picojoules: f64,
    /// Layer and option.
    picks: Vec<(usize, usize)>,
}

/// A step from one option of a layer to a faster one.
struct Step {
    /// Picojoules for a cycle less.
    price: f64,
    /// Index among the chunk's layers, and the option.
    layer: usize,
    option: usize,
}

/// The trades of a chunk, from the least energy to the fewest cycles.
fn trades(layers: &[Options], chunk: usize) -> Vec<Trade> {
    let mine: Vec<usize> = (0..layers.len()).filter(|layer| layers[*layer].chunk == chunk).collect();
    let fronts: Vec<Vec<usize>> = mine.iter().map(|layer| front(&layers[*layer].costs)).collect();
    let cost = |layer: usize, option: usize| layers[mine[layer]].costs[option];
    let mut steps: Vec<Step> = Vec::new();
    for (layer, front) in fronts.iter().enumerate() {
        steps.extend(front.windows(2).map(|pair| {
            let price = price(&cost(layer, pair[0]), &cost(layer, pair[1]));
            Step { price, layer, option: pair[1] }
        }));
    }
    // The prices of a layer rise along its front, so its steps stay in their order.
    steps.sort_by(|a, b| a.price.total_cmp(&b.price));
    let mut at: Vec<usize> = fronts.iter().map(|front| front[0]).collect();
    let trade = |at: &[usize]| Trade {
        cycles: at.iter().enumerate().map(|(layer, option)| cost(layer, *option).cycles).sum(),
        picojoules: at.iter().enumerate().map(|(layer, option)| cost(layer, *option).picojoules).sum(),
        picks: mine.iter().copied().zip(at.iter().copied()).collect(),
    };
    let mut trades = vec![trade(&at)];
    for step in steps {
        at[step.layer] = step.option;
        trades.push(trade(&at));
    }
    trades
}

/// Picojoules for each cycle that `fast` takes less than `slow`.
fn price(slow: &Cost, fast: &Cost) -> f64 {
    (fast.picojoules - slow.picojoules) / (slow.cycles - fast.cycles) as f64
}

/// The options on the lower hull, from the least energy to the fewest cycles, each step dearer than the one before.
fn front(costs: &[Cost]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..costs.len()).collect();
    order.sort_by(|a, b| {
        let key = |option: usize| (costs[option].picojoules, costs[option].cycles);
        key(*a).partial_cmp(&key(*b)).expect("energies are numbers")
    });
    let mut front: Vec<usize> = Vec::new();
    for option in order {
        if front.last().is_some_and(|last| costs[*last].cycles <= costs[option].cycles) {
            continue;
        }
        while let [.., before, last] = front[..] {
            if price(&costs[before], &costs[last]) < price(&costs[last], &costs[option]) {
                break;
            }
            front.pop();
        }
        front.push(option);
    }
    front
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::random::Rng;

    fn score(layers: &[Options], base: Cost, picks: &[usize]) -> f64 {
        let chosen = || layers.iter().zip(picks).map(|(layer, pick)| (layer.chunk, layer.costs[*pick]));
        let of =
            |chunk: usize| chosen().filter(|(of, _)| *of == chunk).map(|(_, cost)| cost.cycles).sum::<u64>();
        let busiest = layers.iter().map(|layer| of(layer.chunk)).max().unwrap_or(0);
        let picojoules: f64 = chosen().map(|(_, cost)| cost.picojoules).sum();
        (base.cycles + busiest) as f64 * (base.picojoules + picojoules)
    }

    /// The best of all combinations.
    fn exhaustive(layers: &[Options], base: Cost) -> f64 {
        let mut all = vec![vec![]];
        for layer in layers {
            let longer =
                |picks: Vec<usize>| (0..layer.costs.len()).map(move |pick| [&picks[..], &[pick]].concat());
            all = all.into_iter().flat_map(longer).collect();
        }
        all.iter().map(|picks| score(layers, base, picks)).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn a_chunk_with_time_to_spare_saves_energy() {
        let options = |chunk, costs: &[(u64, f64)]| Options {
            chunk,
            costs: costs
                .iter()
                .map(|(cycles, picojoules)| Cost { cycles: *cycles, picojoules: *picojoules })
                .collect(),
        };
        let layers = [options(0, &[(100, 9.0), (50, 12.0)]), options(1, &[(20, 9.0), (40, 4.0), (90, 3.0)])];
        let nothing = Cost { cycles: 0, picojoules: 0.0 };
        assert_eq!(choose(&layers, nothing), [1, 1]);
        assert_eq!(choose(&layers[..1], nothing), [1]);
        assert_eq!(choose(&[], nothing), Vec::<usize>::new());
        // Where all wait for long anyway, fewer cycles are not worth their energy.
        assert_eq!(choose(&layers, Cost { cycles: 1000, picojoules: 0.0 }), [0, 2]);
    }

    #[test]
    fn it_is_nearly_the_best_of_all_combinations() {
        let mut rng = Rng::new(7);
        let base = Cost { cycles: 50, picojoules: 100.0 };
        let mut exact = 0;
        for _ in 0..200 {
            let layers: Vec<Options> = (0..6)
                .map(|_| Options {
                    chunk: rng.size(0, 2) as usize,
                    costs: (0..3)
                        .map(|_| Cost {
                            cycles: rng.size(50, 150).into(),
                            picojoules: rng.size(50, 150).into(),
                        })
                        .collect(),
                })
                .collect();
            let (found, best) = (score(&layers, base, &choose(&layers, base)), exhaustive(&layers, base));
            assert!(best <= found && found <= 1.2 * best, "{found} against {best}: {layers:?}");
            exact += u32::from(found == best);
        }
        assert!(exact > 100, "{exact} of 200 are the best");
    }
}
