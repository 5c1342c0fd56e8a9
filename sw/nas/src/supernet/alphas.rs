//! The choice in one block: a number for each candidate, learnt with Adam, and draws of candidates by these numbers.
//!
//! With `alpha` the numbers, `g` Gumbel noise and `T` the temperature, a draw has
//!
//! ```text
//! y = softmax((log softmax(alpha) + g) / T)      active = the k greatest of y      share = softmax(alpha[active])
//! ```
//!
//! (`log softmax(alpha)` differs from `alpha` by the same number everywhere, which the softmax around it drops.) The
//! block's output is the sum of its active candidates by their shares, without noise; its cost is `y[i] cost(i)` of the
//! greatest `y`, `i`. What is greatest is taken as given, so that the gradient by `alpha` is
//!
//! ```text
//! of the loss, for active j      share_j (d_j - sum over active of share_i d_i)      d_i = dLoss/doutput . output_i
//! of the cost, for every j       lambda cost(i) y_i ([i = j] - y_j) / T
//! ```

use crate::loss::best;
use crate::rng::Rng;
use crate::search::Alphas as Rates;

/// What every number starts from.
const START: f32 = 1e-3;
/// Keeps Adam from dividing by 0.
const EPSILON: f64 = 1e-8;

/// The numbers of one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphas {
    /// One a candidate.
    pub value: Vec<f32>,
    /// Gradient of the loss by each.
    pub gradient: Vec<f64>,
    /// Adam's running means of gradients and of their squares.
    means: [Vec<f32>; 2],
    /// How often Adam has stepped.
    steps: f32,
}

/// Candidates that run together in one block.
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The candidates, the likeliest first.
    pub active: Vec<usize>,
    /// What each of them is multiplied with; together 1.
    pub shares: Vec<f32>,
    /// `y` of every candidate; 0 of those that take no part.
    pub likely: Vec<f64>,
    /// Of the draw.
    pub temperature: f64,
}

impl Alphas {
    /// For so many candidates, which are all as likely.
    pub fn new(candidates: usize) -> Alphas {
        let zeros = vec![0.0; candidates];
        Alphas {
            value: vec![START; candidates],
            gradient: vec![0.0; candidates],
            means: [zeros.clone(), zeros],
            steps: 0.0,
        }
    }

    /// The candidate with the greatest number.
    pub fn best(&self) -> usize {
        best(&self.value)
    }

    /// `softmax(alpha)`
    pub fn probabilities(&self) -> Vec<f64> {
        softmax(self.value.iter().map(|alpha| f64::from(*alpha)))
    }

    /// How undecided the choice is, in nats: 0 where one candidate has all, `ln n` where all `n` have as much.
    pub fn entropy(&self) -> f64 {
        -self.probabilities().iter().filter(|p| **p > 0.0).map(|p| p * p.ln()).sum::<f64>()
    }

    /// Draws at most `paths` candidates among those of `takes_part`.
    pub fn draw(&self, takes_part: &[bool], temperature: f64, paths: usize, rng: &mut Rng) -> Draw {
        let mut noisy = |(alpha, takes_part): (&f32, &bool)| {
            let noise = -(-rng.uniform().max(f64::MIN_POSITIVE).ln()).ln();
            if *takes_part {
                (f64::from(*alpha) + noise) / temperature
            } else {
                f64::NEG_INFINITY
            }
        };
        let noisy: Vec<f64> = self.value.iter().zip(takes_part).map(&mut noisy).collect();
        let likely = softmax(noisy.iter().copied());
        let mut active: Vec<usize> = (0..likely.len()).filter(|i| takes_part[*i]).collect();
        active.sort_by(|a, b| likely[*b].total_cmp(&likely[*a])); // Stable: equal ones keep their order.
        active.truncate(paths);
        let shares = softmax(active.iter().map(|i| f64::from(self.value[*i])));
        Draw { active, shares: shares.into_iter().map(|share| share as f32).collect(), likely, temperature }
    }

    /// Sets the gradient: `slopes` are those by the shares of `draw`, `pressure` is lambda times the cost of its
    /// likeliest candidate.
    pub fn set_gradient(&mut self, draw: &Draw, slopes: &[f64], pressure: f64) {
        let mean: f64 = slopes.iter().zip(&draw.shares).map(|(slope, share)| slope * f64::from(*share)).sum();
        let first = draw.active[0];
        for (i, (gradient, likely)) in self.gradient.iter_mut().zip(&draw.likely).enumerate() {
            let own = if i == first { 1.0 } else { 0.0 };
            *gradient = pressure * draw.likely[first] * (own - likely) / draw.temperature;
        }
        for ((i, slope), share) in draw.active.iter().zip(slopes).zip(&draw.shares) {
            self.gradient[*i] += f64::from(*share) * (slope - mean);
        }
    }

    /// One step of Adam. What the active candidates of `draw` have together against the others is then set back to
    /// what it was, since only their shares of it were compared.
    pub fn step(&mut self, rates: &Rates, draw: &Draw) {
        let together = |value: &[f32]| draw.active.iter().map(|i| f64::from(value[*i]).exp()).sum::<f64>();
        let before = together(&self.value);
        self.steps += 1.0;
        let [first, second] = &mut self.means;
        let [fast, slow] = rates.betas;
        let unbias = |beta: f64| 1.0 / (1.0 - beta.powf(f64::from(self.steps)));
        let numbers = self.value.iter_mut().zip(&self.gradient).zip(first.iter_mut().zip(second));
        for ((value, gradient), (mean, square)) in numbers {
            *mean = (fast * f64::from(*mean) + (1.0 - fast) * gradient) as f32;
            *square = (slow * f64::from(*square) + (1.0 - slow) * gradient * gradient) as f32;
            let size = (f64::from(*square) * unbias(slow)).sqrt() + EPSILON;
            *value -= (rates.rate * f64::from(*mean) * unbias(fast) / size) as f32;
        }
        let back = (before / together(&self.value)).ln() as f32;
        draw.active.iter().for_each(|i| self.value[*i] += back);
    }

    /// Everything that a checkpoint holds, by name.
    pub fn state(&mut self, block: &str) -> Vec<(String, &mut [f32])> {
        let [first, second] = &mut self.means;
        vec![
            (format!("{block}.alphas"), &mut self.value[..]),
            (format!("{block}.alphas.mean"), &mut first[..]),
            (format!("{block}.alphas.square"), &mut second[..]),
            (format!("{block}.alphas.steps"), std::slice::from_mut(&mut self.steps)),
        ]
    }
}

fn softmax(numbers: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let most = numbers.clone().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = numbers.map(|number| (number - most).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|power| power / total).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATES: Rates = Rates { rate: 0.01, betas: [0.5, 0.999], images: 0.5 };

    fn uneven() -> Alphas {
        Alphas { value: vec![0.5, -0.2, 0.1, 0.3], ..Alphas::new(4) }
    }

    #[test]
    fn candidates_are_drawn_as_often_as_their_numbers_say() {
        let (alphas, mut rng) = (uneven(), Rng::new(3, &[]));
        let mut first = [0usize; 4];
        for _ in 0..20_000 {
            let draw = alphas.draw(&[true; 4], 5.0, 2, &mut rng);
            assert_eq!((draw.active.len(), draw.shares.iter().sum::<f32>()), (2, 1.0));
            first[draw.active[0]] += 1;
        }
        // The greatest of alpha + Gumbel noise is i with probability softmax(alpha)[i], whatever the temperature.
        for (count, probability) in first.iter().zip(alphas.probabilities()) {
            assert!((*count as f64 / 20_000.0 - probability).abs() < 0.01, "{first:?}");
        }
    }

    #[test]
    fn who_takes_no_part_is_not_drawn() {
        let draw = uneven().draw(&[false, true, false, false], 1.0, 2, &mut Rng::new(3, &[]));
        assert_eq!((draw.active, draw.shares, draw.likely), (vec![1], vec![1.0], vec![0.0, 1.0, 0.0, 0.0]));
    }

    /// Against finite differences of `sum over active of slope share + pressure y[i]` with the same noise.
    #[test]
    fn the_gradient_is_the_slope_of_loss_and_cost() {
        let (slopes, pressure) = ([0.7, -1.3], 0.9);
        let draw = |alphas: &Alphas| alphas.draw(&[true, true, false, true], 1.7, 2, &mut Rng::new(8, &[]));
        let mut alphas = uneven();
        let drawn = draw(&alphas);
        let loss = |alphas: &Alphas| {
            let moved = draw(alphas);
            assert_eq!(moved.active, drawn.active, "the step is too large for this test");
            let shares = softmax(moved.active.iter().map(|i| f64::from(alphas.value[*i])));
            let mixed: f64 = shares.iter().zip(slopes).map(|(share, slope)| share * slope).sum();
            mixed + pressure * moved.likely[moved.active[0]]
        };
        alphas.set_gradient(&drawn, &slopes, pressure);
        for i in 0..4 {
            let (mut above, mut below) = (alphas.clone(), alphas.clone());
            above.value[i] += 1e-3;
            below.value[i] -= 1e-3;
            let slope = (loss(&above) - loss(&below)) / f64::from(above.value[i] - below.value[i]);
            assert!((slope - alphas.gradient[i]).abs() < 1e-5, "{i}: {slope} {:?}", alphas.gradient);
        }
    }

    #[test]
    fn a_step_leaves_the_active_ones_what_they_had_together() {
        let mut alphas = uneven();
        let draw = alphas.draw(&[true; 4], 1.0, 2, &mut Rng::new(3, &[]));
        let together = |alphas: &Alphas| draw.active.iter().map(|i| alphas.value[*i].exp()).sum::<f32>();
        let (before, least) = (together(&alphas), alphas.value[draw.active[0]]);
        alphas.set_gradient(&draw, &[1.0, -1.0], 0.0);
        alphas.step(&RATES, &draw);
        assert!((together(&alphas) - before).abs() < 1e-6);
        assert!(alphas.value[draw.active[0]] < least - 0.005, "{alphas:?}");
    }

    #[test]
    fn entropy_runs_from_all_alike_to_decided() {
        assert!((Alphas::new(4).entropy() - 4f64.ln()).abs() < 1e-9);
        assert!(Alphas { value: vec![60.0, 0.0], ..Alphas::new(2) }.entropy() < 1e-9);
    }
}
