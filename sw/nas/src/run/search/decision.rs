//! Which network a search names at its end: the likeliest one, as far as the target of costs allows it. While the choice is
//! open, the best candidates of all blocks together may cost far more than the networks that the search weighed.

use crate::cost::CostTable;

/// Steps in which costs are counted up to the limit, each cost rounded up: so what is found keeps to the limit, and what
/// is missed is within a step a block of it.
const STEPS: usize = 20_000;

/// The candidate of every block, given their probabilities: those whose product is the greatest among the networks that
/// cost at most `limit`, or the cheapest network where there is none.
pub fn decide(probabilities: &[Vec<f64>], costs: &CostTable, limit: Option<f64>) -> Vec<usize> {
    let likeliest: Vec<usize> = probabilities.iter().map(|block| first_best(block, |p| *p)).collect();
    match limit {
        Some(limit) if costs.total(&likeliest) > limit => within(probabilities, costs, limit)
            .unwrap_or_else(|| costs.0.iter().map(|block| first_best(block, |cost| -cost)).collect()),
        _ => likeliest,
    }
}

/// The index of the first item that has the greatest score.
fn first_best<T>(items: &[T], score: impl Fn(&T) -> f64) -> usize {
    let better = |best: usize, i: usize| if score(&items[i]) > score(&items[best]) { i } else { best };
    (0..items.len()).fold(0, better)
}

/// The likeliest network that costs at most `limit`; none where every one costs more.
fn within(probabilities: &[Vec<f64>], costs: &CostTable, limit: f64) -> Option<Vec<usize>> {
    let steps = |cost: f64| (cost * STEPS as f64 / limit).ceil();
    // The logarithm of the product for every sum of steps that the blocks so far can come to, and how they come to it.
    let mut reached = vec![f64::NEG_INFINITY; STEPS + 1];
    reached[0] = 0.0;
    let mut chosen: Vec<Vec<Option<usize>>> = Vec::new();
    for (shares, costs) in probabilities.iter().zip(&costs.0) {
        let mut next = vec![f64::NEG_INFINITY; STEPS + 1];
        let mut how = vec![None; STEPS + 1];
        for (i, (share, cost)) in shares.iter().zip(costs).enumerate() {
            let (logarithm, cost) = (share.max(f64::MIN_POSITIVE).ln(), steps(*cost));
            if cost > STEPS as f64 {
                continue;
            }
            let cost = cost as usize;
            for from in 0..=STEPS - cost {
                let found = reached[from] + logarithm;
                if found > next[from + cost] {
                    (next[from + cost], how[from + cost]) = (found, Some(i));
                }
            }
        }
        reached = next;
        chosen.push(how);
    }
    let mut at = first_best(&reached, |logarithm| *logarithm);
    let mut network = Vec::new();
    for (how, costs) in chosen.iter().zip(&costs.0).rev() {
        let candidate = how[at]?;
        at -= steps(costs[candidate]) as usize;
        network.push(candidate);
    }
    network.reverse();
    Some(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every network of a space, with the product of its probabilities.
    fn networks(probabilities: &[Vec<f64>]) -> Vec<(Vec<usize>, f64)> {
        let mut all = vec![(Vec::new(), 1.0)];
        for block in probabilities {
            let longer = |(network, product): &(Vec<usize>, f64)| {
                let (network, product) = (network.clone(), *product);
                block.iter().enumerate().map(move |(i, p)| ([network.clone(), vec![i]].concat(), product * p))
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }

    #[test]
    fn the_likeliest_network_that_keeps_to_the_target_is_found() {
        let mut rng = spec::random::Rng::new(7);
        for case in 0..200 {
            let blocks = rng.size(1, 4) as usize;
            // Whole steps, so that rounding misses nothing.
            let costs =
                CostTable((0..blocks).map(|_| (0..4).map(|_| rng.size(0, 50) as f64).collect()).collect());
            let probabilities: Vec<Vec<f64>> = (0..blocks)
                .map(|_| {
                    let shares: Vec<f64> = (0..4).map(|_| rng.size(1, 1000) as f64).collect();
                    let all: f64 = shares.iter().sum();
                    shares.iter().map(|share| share / all).collect()
                })
                .collect();
            let limit = *rng.choose(&[1.0, 20.0, 50.0, 100.0, 200.0]);
            let found = decide(&probabilities, &costs, Some(limit));
            let product = |network: &[usize]| {
                network.iter().zip(&probabilities).map(|(i, block)| block[*i]).product::<f64>()
            };
            let all = networks(&probabilities);
            let cheap = all.iter().filter(|(network, _)| costs.total(network) <= limit);
            match cheap.map(|(_, product)| *product).reduce(f64::max) {
                Some(best) => {
                    assert!(costs.total(&found) <= limit, "case {case}");
                    assert!(product(&found) > best * (1.0 - 1e-12), "case {case}: {found:?}");
                }
                None => {
                    let least = all.iter().map(|(network, _)| costs.total(network)).reduce(f64::min);
                    assert_eq!(Some(costs.total(&found)), least, "case {case}");
                }
            }
        }
    }

    #[test]
    fn without_a_target_the_best_candidates_are_taken() {
        let costs = CostTable(vec![vec![1.0, 9.0], vec![9.0, 1.0]]);
        let probabilities = [vec![0.4, 0.6], vec![0.6, 0.4]];
        assert_eq!(decide(&probabilities, &costs, None), [1, 0]);
        assert_eq!(decide(&probabilities, &costs, Some(18.0)), [1, 0]);
        assert_eq!(decide(&probabilities, &costs, Some(17.0)), [0, 0]);
        assert_eq!(decide(&probabilities, &costs, Some(1.0)), [0, 1]);
    }
}
