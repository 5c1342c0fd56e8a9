//! A network in training and, where the schedule asks for one, the exponential moving average of what it has been: steadier than
//! any single step, and what is measured and exported.
//!
//! Statistics of norms and ranges of values are averaged as weights are, not measured anew with the averaged weights.

use super::checkpoint::State;
use crate::config::Schedule;
use crate::network::Network;

/// What a training run trains.
pub struct Trainee {
    /// What learns.
    pub network: Network,
    /// Its average, with what that keeps of itself at every batch.
    average: Option<(f64, Network)>,
}

impl Trainee {
    /// `network`, untrained, as `schedule` wants it.
    pub fn new(network: Network, schedule: &Schedule) -> Trainee {
        let average = schedule.ema.map(|kept| (kept, network.clone()));
        Trainee { network, average }
    }

    /// What the run gives.
    pub fn result(&self) -> &Network {
        self.average.as_ref().map_or(&self.network, |(_, average)| average)
    }

    /// Lets the average follow the network after so many batches since training or rounding began. It keeps less in the
    /// beginning: there it knows nothing, or what was good without rounding.
    pub fn follow(&mut self, batches: usize) {
        let Some((kept, average)) = &mut self.average else { return };
        let batches = batches as f64;
        let share = (1.0 - kept.min((1.0 + batches) / (10.0 + batches))) as f32;
        for (average, layer) in average.layers.iter_mut().zip(&mut self.network.layers) {
            for ((_, average), (_, values)) in average.evaluated().into_iter().zip(layer.evaluated()) {
                let pairs = average.iter_mut().zip(values);
                pairs.for_each(|(average, value)| *average += share * (*value - *average));
            }
        }
    }
}

impl State for Trainee {
    fn state(&mut self) -> Vec<(String, &mut [f32])> {
        let layers = self.average.iter_mut().flat_map(|(_, average)| &mut average.layers);
        let average = layers.flat_map(|layer| layer.evaluated());
        let average = average.map(|(name, values)| (format!("ema.{name}"), values));
        self.network.state().into_iter().chain(average).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Item, TrainConfig};
    use crate::plan::Plan;

    fn trainee(ema: Option<f64>) -> Trainee {
        let text = "{name: t, seed: 1, data: {format: idx, path: .}, input: {scale: 1, mean: [0], std: [1]},
            schedule: {epochs: 1, quantise_from: 1, batch: 1, rate: 1}, network: []}";
        let mut config = TrainConfig::parse("t.yaml", text).expect("a configuration");
        config.schedule.ema = ema;
        config.network = vec![Item { out_channels: 2, ..Item::conv("a") }];
        let plan = Plan::new(&config, [1, 1, 1], &[]).expect("a plan");
        Trainee::new(Network::new(&plan, &config), &config.schedule)
    }

    #[test]
    fn the_average_follows_and_is_part_of_the_state() {
        let mut trainee = trainee(Some(0.5));
        let at = |trainee: &Trainee| trainee.result().layers[0].beta.value[0];
        trainee.network.layers[0].beta.value[0] = 1.0;
        // At first it keeps a tenth, later what it was told to.
        trainee.follow(0);
        assert!((at(&trainee) - 0.9).abs() < 1e-6, "{}", at(&trainee));
        trainee.follow(1_000);
        assert!((at(&trainee) - 0.95).abs() < 1e-6, "{}", at(&trainee));
        let names: Vec<String> = trainee.state().into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"ema.a.beta".to_string()) && names.contains(&"a.beta".to_string()));
        assert!(!names.contains(&"ema.a.beta.velocity".to_string()), "sums are the optimiser's alone");
    }

    #[test]
    fn without_an_average_the_network_itself_is_the_result() {
        let mut trainee = trainee(None);
        trainee.network.layers[0].beta.value[0] = 1.0;
        trainee.follow(0);
        assert_eq!(trainee.result().layers[0].beta.value[0], 1.0);
        assert!(trainee.state().iter().all(|(name, _)| !name.starts_with("ema.")));
    }
}
