//! The supernet: mixed gradients against finite differences, candidates that share weights against blocks cut out by
//! hand, what a pass keeps, and who learns in which stage.

mod common;

use nas::layer::Phase;
use nas::loss::cross_entropy;
use nas::maps::Maps;
use nas::network::Network;
use nas::optimiser::step_all;
use nas::rng::Rng;
use nas::run::checkpoint::State;
use nas::search::curriculum::Stage;
use nas::space::Candidate;
use nas::supernet::alphas::Draw;
use nas::supernet::block::Block;
use nas::supernet::{Learns, Supernet};
use nas::SearchConfig;
use spec::op::Op;
use std::collections::BTreeMap;
use std::path::Path;

const IMAGES: usize = 6;
const SHAPE: [usize; 3] = [9, 9, 1];

fn config() -> SearchConfig {
    let mut config = common::search_config(Path::new("nowhere"));
    config.weights.zero_gamma = false;
    config
}

/// Blocks that add their input start as skips; elsewhere nothing would come through.
#[test]
fn zero_gamma_starts_blocks_as_skips() {
    for zero_gamma in [true, false] {
        let mut config = config();
        config.weights.zero_gamma = zero_gamma;
        let supernet = Supernet::new(&config, SHAPE, 3).expect("a supernet");
        let mut adding = 0;
        for block in &supernet.blocks {
            for shared in &block.shared {
                let last = shared.network.layers.last().expect("layers");
                let starts_at_zero = last.gamma.value.iter().all(|gamma| *gamma == 0.0);
                assert_eq!(starts_at_zero, zero_gamma && last.plan.residual.is_some(), "{}", last.plan.name);
                adding += usize::from(last.plan.residual.is_some());
            }
        }
        assert!(adding > 0);
    }
}

fn random(shape: [usize; 3], seed: u64) -> Maps {
    batch(IMAGES, shape, seed)
}

fn batch(images: usize, shape: [usize; 3], seed: u64) -> Maps {
    let mut rng = Rng::new(seed, &[]);
    let mut maps = Maps::zeros(images, shape);
    maps.data.iter_mut().for_each(|x| *x = rng.normal() as f32);
    maps
}

fn conv(expansion: usize) -> Candidate {
    Candidate::Block { op: Op::Conv, kernel: 3, expansion }
}

/// A draw of `candidates`, each with the share beside it.
fn draw(block: &Block, candidates: &[(Candidate, f32)]) -> Draw {
    let place = |candidate| block.place.candidates.iter().position(|c| *c == candidate).expect("a candidate");
    Draw {
        active: candidates.iter().map(|(candidate, _)| place(*candidate)).collect(),
        shares: candidates.iter().map(|(_, share)| *share).collect(),
        likely: vec![0.0; block.place.candidates.len()],
        temperature: 1.0,
    }
}

/// `sum(coefficients * y)` of a block's mixture.
fn loss(block: &Block, x: &Maps, draw: &Draw, coefficients: &Maps) -> f64 {
    let (y, _) = block.clone().forward(x, 0.1, draw).expect("finite");
    y.dot(coefficients)
}

#[test]
fn a_mixture_has_the_slope_of_its_loss_by_weights_input_and_shares() {
    let config = config();
    for place in &config.space.places(SHAPE)[1..3] {
        let mut block = Block::new(&config, place).expect("a block");
        let drawn = draw(&block, &[(conv(3), 0.3), (Candidate::Skip, 0.2), (conv(1), 0.5)]);
        let (mut x, coefficients) = (random(place.input, 1), random(place.output(), 2));
        let (_, mixture) = block.clone().forward(&x, 0.1, &drawn).expect("finite");
        let (by_input, slopes) = block.backward(mixture, &coefficients).expect("finite");
        let near = |slope: f64, gradient: f64, what: &str| {
            assert!((slope - gradient).abs() < 0.02 * gradient.abs().max(1.0), "{what}: {slope} {gradient}");
        };
        // Moving one number may move an activation across its kink, so a mean over many is looked at.
        let layers = block.shared[0].network.layers.len();
        for layer in 0..layers {
            let gradient = block.shared[0].network.layers[layer].weight.gradient.clone();
            let moved = |by: f32| {
                let mut block = block.clone();
                let weights = &mut block.shared[0].network.layers[layer].weight.value;
                weights.iter_mut().zip(&gradient).for_each(|(w, g)| *w += by * g);
                loss(&block, &x, &drawn, &coefficients)
            };
            let length: f64 = gradient.iter().map(|g| f64::from(*g).powi(2)).sum();
            let by = (1e-2 / length.sqrt()) as f32;
            near(
                (moved(by) - moved(-by)) / f64::from(2.0 * by) / length,
                1.0,
                &format!("weights of {layer}"),
            );
        }
        for (i, slope) in slopes.iter().enumerate() {
            let moved = |by: f32| {
                let mut drawn = drawn.clone();
                drawn.shares[i] += by;
                loss(&block, &x, &drawn, &coefficients)
            };
            near((moved(1e-2) - moved(-1e-2)) / 2e-2, *slope, &format!("share {i}"));
        }
        let length: f64 = by_input.dot(&by_input);
        let mut moved = |by: f32| {
            x.add_scaled(by, &by_input);
            let found = loss(&block, &x, &drawn, &coefficients);
            x.add_scaled(-by, &by_input);
            found
        };
        let by = (1e-2 / length.sqrt()) as f32;
        near((moved(by) - moved(-by)) / f64::from(2.0 * by) / length, 1.0, "input");
    }
}

/// Shift and adder weights have gradients by definition, so a mixture must hand each candidate its share of `g`.
#[test]
fn a_candidate_in_a_mixture_gets_its_share_of_the_gradient() {
    let config = config();
    let place = &config.space.places(SHAPE)[2];
    let (x, g) = (random(place.input, 1), random(place.output(), 2));
    for (op, share) in [(Op::Conv, 0.25), (Op::Shift, 0.5), (Op::Adder, 0.75)] {
        let candidate = Candidate::Block { op, kernel: 3, expansion: 3 };
        let mut block = Block::new(&config, place).expect("a block");
        let index = block.place.candidates.iter().position(|c| *c == candidate).expect("a candidate");
        let mut alone = block.network(index).expect("a network");
        let pass = alone.forward(x.clone(), Phase::Float).expect("finite");
        let mut part = Maps::zeros(IMAGES, g.shape);
        part.add_scaled(share, &g);
        let alone_by_input = alone.backward_to_input(&pass, part).expect("finite");
        let drawn = draw(&block, &[(candidate, share), (Candidate::Skip, 1.0 - share)]);
        let (_, mixture) = block.forward(&x, 0.1, &drawn).expect("finite");
        let (by_input, _) = block.backward(mixture, &g).expect("finite");
        let shared = block.shared.iter().find(|shared| shared.candidate == candidate).expect("shared");
        for (whole, alone) in shared.network.layers.iter().zip(&alone.layers) {
            assert_eq!(whole.weight.gradient, alone.weight.gradient, "{}", whole.plan.name);
            assert_eq!(whole.gamma.gradient, alone.gamma.gradient, "{}", whole.plan.name);
            assert!(whole.weight.gradient.iter().any(|g| *g != 0.0), "{}", whole.plan.name);
        }
        assert_ne!(by_input, alone_by_input, "the other candidate adds its own");
    }
}

/// The first eC channels of the widest block, row by row, as the paper's code slices them.
#[test]
fn a_narrow_candidate_is_the_first_channels_of_the_widest() {
    let config = config();
    let place = &config.space.places(SHAPE)[2];
    let mut block = Block::new(&config, place).expect("a block");
    let (inputs, outputs) = (place.input[2], place.channels);
    let (narrow, wide) = (inputs, 3 * inputs);
    let whole = block.shared[0].network.clone();
    let [pw1, dw, pw2] = &whole.layers[..] else { panic!("three layers") };
    let by_hand: [Vec<f32>; 3] = [
        (0..inputs).flat_map(|i| pw1.weight.value[i * wide..][..narrow].to_vec()).collect(),
        (0..9).flat_map(|tap| dw.weight.value[tap * wide..][..narrow].to_vec()).collect(),
        pw2.weight.value[..narrow * outputs].to_vec(),
    ];
    let index = block.place.candidates.iter().position(|c| *c == conv(1)).expect("a candidate");
    let mut cut = block.network(index).expect("a network");
    for (layer, by_hand) in cut.layers.iter().zip(&by_hand) {
        assert_eq!(layer.weight.value, *by_hand, "{}", layer.plan.name);
        assert_eq!(layer.plan.window.weights(), by_hand.len());
    }
    let x = random(place.input, 1);
    let expected = cut.forward(x.clone(), Phase::Float).expect("finite");
    let drawn = draw(&block, &[(conv(1), 1.0)]);
    let (y, mixture) = block.forward(&x, 0.1, &drawn).expect("finite");
    assert_eq!(y, *expected.output());
    // What the candidate saw and learnt is in the first channels, and nowhere else.
    block.backward(mixture, &random(place.output(), 2)).expect("finite");
    let [pw1, dw, _] = &block.shared[0].network.layers[..] else { panic!("three layers") };
    assert_eq!(
        (&pw1.mean[..narrow], &pw1.mean[narrow..]),
        (&cut.layers[0].mean[..], &vec![0.0; wide - narrow][..])
    );
    for row in dw.weight.gradient.chunks(wide) {
        assert!(row[..narrow].iter().all(|g| *g != 0.0) && row[narrow..].iter().all(|g| *g == 0.0));
    }
}

/// One step of the weights, on images of its own.
fn step(supernet: &mut Supernet, config: &SearchConfig, stage: &Stage, number: u64) {
    supernet.learn(Learns::Weights(stage));
    let draws = supernet.draw(config, (stage, 1), 5.0, &[number]);
    let pass = supernet.forward(random(SHAPE, number), &draws).expect("finite");
    for (mixture, draw) in pass.mixtures().iter().zip(&draws) {
        assert!(mixture.passes() <= draw.active.len() && draw.active.len() == config.sampling.paths);
    }
    let gradient = cross_entropy(pass.output(), &[0, 1, 2, 0, 1, 2]).gradient;
    supernet.backward(pass, gradient).expect("finite");
    step_all(&mut supernet.moving(&draws), &config.schedule(), 0.05);
}

fn state(network: &mut Network) -> BTreeMap<String, Vec<f32>> {
    network.state().into_iter().map(|(name, values)| (name, values.to_vec())).collect()
}

#[test]
fn frozen_weights_stay_to_the_bit_while_their_norms_learn() {
    let config = config();
    let mut supernet = Supernet::new(&config, SHAPE, 3).expect("a supernet");
    let adders = config.curriculum[1].clone();
    let before = supernet.clone();
    for number in 0..12 {
        step(&mut supernet, &config, &adders, number);
    }
    let (mut moved, mut frozen) = (0, 0);
    for (now, before) in supernet.blocks.iter_mut().zip(before.blocks) {
        for (now, mut before) in now.shared.iter_mut().zip(before.shared) {
            let (candidate, now, before) =
                (now.candidate, state(&mut now.network), state(&mut before.network));
            let changed = |part: &str| now.iter().any(|(name, v)| name.ends_with(part) && before[name] != *v);
            if !changed(".mean") {
                continue; // Not drawn in these steps.
            }
            assert!(changed(".gamma") || candidate == Candidate::Skip, "{candidate}");
            let learns = adders.trains(candidate);
            assert_eq!((changed(".weight"), changed(".weight.velocity")), (learns, learns), "{candidate}");
            if learns {
                moved += 1
            } else {
                frozen += 1
            }
        }
    }
    assert!(moved > 3 && frozen > 3, "{moved} {frozen}");
}

#[test]
fn the_first_epochs_of_a_stage_draw_the_widest_only() {
    let config = config();
    let supernet = Supernet::new(&config, SHAPE, 3).expect("a supernet");
    let products = &config.curriculum[0];
    for (epoch, narrow_is_drawn) in [(0, false), (1, true)] {
        let mut narrow = false;
        for number in 0..40 {
            let draws = supernet.draw(&config, (products, epoch), 5.0, &[number]);
            for (block, draw) in supernet.blocks.iter().zip(draws) {
                for candidate in draw.active.iter().map(|active| block.place.candidates[*active]) {
                    assert!(products.trains(candidate), "{candidate}");
                    narrow |= matches!(candidate, Candidate::Block { expansion: 1, .. });
                }
            }
        }
        assert_eq!(narrow, narrow_is_drawn, "epoch {epoch}");
    }
}

/// The whole way: cross entropy through all blocks, by the numbers behind the shares. Among convolutions, since the
/// gradient by an adder's input is no slope.
#[test]
fn the_choice_has_the_slope_of_the_loss() {
    let config = config().with_ops(vec!["conv".into()]).expect("a search");
    let mut supernet = Supernet::new(&config, SHAPE, 3).expect("a supernet");
    let stage = config.curriculum.last().expect("a stage").clone();
    // So many images, and so small a step, that activations which cross their kinks hardly count.
    const STEP: f32 = 0.0025;
    let (images, labels) = (batch(300, SHAPE, 3), [0, 1, 2, 2, 1, 0].repeat(50));
    let draw = |supernet: &Supernet| supernet.draw(&config, (&stage, 0), 5.0, &[7]);
    let loss = |supernet: &Supernet| {
        let mut supernet = supernet.clone();
        let draws = draw(&supernet);
        let pass = supernet.forward(images.clone(), &draws).expect("finite");
        cross_entropy(pass.output(), &labels).sum / labels.len() as f64
    };
    supernet.learn(Learns::Alphas);
    let (draws, whole) = (draw(&supernet), supernet.clone());
    let pass = supernet.forward(images.clone(), &draws).expect("finite");
    let gradient = cross_entropy(pass.output(), &labels).gradient;
    let slopes = supernet.backward(pass, gradient).expect("finite");
    let mut seen: f64 = 0.0;
    for (i, (draw, slopes)) in draws.iter().zip(&slopes).enumerate() {
        supernet.blocks[i].alphas.set_gradient(draw, slopes, 0.0);
        let active = draw.active[0];
        let [mut above, mut below] = [whole.clone(), whole.clone()];
        above.blocks[i].alphas.value[active] += STEP;
        below.blocks[i].alphas.value[active] -= STEP;
        let slope = (loss(&above) - loss(&below)) / f64::from(2.0 * STEP);
        let found = supernet.blocks[i].alphas.gradient[active];
        assert!((slope - found).abs() < 1e-4, "block {i}: {slope} {found}");
        seen = found.abs().max(seen);
    }
    assert!(seen > 50e-4, "the tolerance hides what is to be seen: {seen}");
}
