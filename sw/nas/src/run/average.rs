//! A network in training and, where the schedule asks for one, the running mean of what it has been: the mean is steadier than
//! any single step, and is what is measured and exported.

use super::checkpoint::State;
use crate::network::Network;

/// What a training run trains.
pub struct Trainee {
    /// What learns.
    pub network: Network,
    /// Its running mean, with what that keeps of itself at every step.
    mean: Option<(f64, Network)>,
}

impl Trainee {
    /// `network`, untrained, with a mean that keeps so much of itself, if any.
    pub fn new(network: Network, kept: Option<f64>) -> Trainee {
        let mean = kept.map(|kept| (kept, network.clone()));
        Trainee { network, mean }
    }

    /// What the run gives.
    pub fn result(&self) -> &Network {
        self.mean.as_ref().map_or(&self.network, |(_, mean)| mean)
    }

    /// Lets the mean follow the network after so many steps. It keeps less in the beginning, when it knows nothing.
    pub fn follow(&mut self, steps: usize) {
        let Some((kept, mean)) = &mut self.mean else { return };
        let steps = steps as f64;
        let share = (1.0 - kept.min((1.0 + steps) / (10.0 + steps))) as f32;
        for (mean, layer) in mean.layers.iter_mut().zip(&mut self.network.layers) {
            for ((_, mean), (_, values)) in mean.evaluated().into_iter().zip(layer.evaluated()) {
                mean.iter_mut().zip(values).for_each(|(mean, value)| *mean += share * (*value - *mean));
            }
        }
    }
}

impl State for Trainee {
    fn state(&mut self) -> Vec<(String, &mut [f32])> {
        let layers = self.mean.iter_mut().flat_map(|(_, mean)| &mut mean.layers);
        let mean = layers.flat_map(|layer| layer.evaluated());
        let mean = mean.map(|(name, values)| (format!("mean.{name}"), values));
        self.network.state().into_iter().chain(mean).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Item, TrainConfig};
    use crate::plan::Plan;

    fn network() -> Network {
        let text = "{name: t, seed: 1, data: {format: idx, path: .}, input: {scale: 1, mean: [0], std: [1]},
            schedule: {epochs: 1, quantise_from: 1, batch: 1, rate: 1}, network: []}";
        let config = TrainConfig::parse("t.yaml", text).expect("a configuration");
        let config = TrainConfig { network: vec![Item { out_channels: 2, ..Item::conv("a") }], ..config };
        let plan = Plan::new(&config, [1, 1, 1], &[]).expect("a plan");
        Network::new(&plan, &config)
    }

    #[test]
    fn the_mean_follows_and_is_part_of_the_state() {
        let mut trainee = Trainee::new(network(), Some(0.5));
        let at = |trainee: &Trainee| trainee.result().layers[0].beta.value[0];
        trainee.network.layers[0].beta.value[0] = 1.0;
        trainee.network.layers[0].beta.velocity[0] = 7.0;
        // At first it keeps a tenth, later what it was told to.
        trainee.follow(0);
        assert!((at(&trainee) - 0.9).abs() < 1e-6, "{}", at(&trainee));
        trainee.follow(1_000);
        assert!((at(&trainee) - 0.95).abs() < 1e-6, "{}", at(&trainee));
        let names: Vec<String> = trainee.state().into_iter().map(|(name, _)| name).collect();
        assert!(names.contains(&"mean.a.beta".to_string()) && names.contains(&"a.beta".to_string()));
        assert!(!names.contains(&"mean.a.beta.velocity".to_string()), "sums are the optimiser's alone");
    }

    #[test]
    fn without_a_mean_the_network_itself_is_the_result() {
        let mut trainee = Trainee::new(network(), None);
        trainee.network.layers[0].beta.value[0] = 1.0;
        trainee.follow(0);
        assert_eq!(trainee.result().layers[0].beta.value[0], 1.0);
        assert!(trainee.state().iter().all(|(name, _)| !name.starts_with("mean.")));
    }
}
