//! A layer's hand-written gradients against finite differences of its own forward pass, norm, residual and
//! clamp included. Adder and shift weights have gradients by definition, not by slope: `kernels.rs` checks
//! those against their formulas, and here what flows through and around them.

use nas::kernels::Window;
use nas::layer::{Layer, Phase};
use nas::maps::Maps;
use nas::plan::{Planned, Tail};
use nas::rng::Rng;
use spec::op::Op;

const IMAGES: usize = 3;

fn planned(op: Op, depthwise: bool, tail: Tail, residual: bool, relu: bool) -> Planned {
    let outputs = if depthwise { 4 } else { 5 };
    Planned {
        name: "layer".into(),
        op,
        bits: op.default_weight_bits(),
        input: 0,
        residual: residual.then_some(0),
        window: Window {
            input: [5, 5, 4],
            output: [5, 5, outputs],
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1; 4],
            depthwise,
        },
        tail,
        relu,
    }
}

fn random(shape: [usize; 3], seed: u64, size: f64) -> Maps {
    let mut rng = Rng::new(seed, &[]);
    let mut maps = Maps::zeros(IMAGES, shape);
    maps.data.iter_mut().for_each(|x| *x = (rng.normal() * size) as f32);
    maps
}

/// The scene that all gradients are measured in: `loss = sum(coefficients * y)`.
struct Scene {
    layer: Layer,
    x: Maps,
    residual: Maps,
    coefficients: Maps,
}

impl Scene {
    fn new(plan: Planned) -> Scene {
        let (input, output) = (plan.window.input, plan.window.output);
        let mut layer = Layer::new(plan, &mut Rng::new(5, &[]));
        layer.gamma.value.iter_mut().enumerate().for_each(|(i, gamma)| *gamma = 0.5 + 0.3 * i as f32);
        layer.beta.value.iter_mut().enumerate().for_each(|(i, beta)| *beta = 0.2 * i as f32 - 0.3);
        let size = if layer.plan.op == Op::Adder { 8.0 } else { 1.0 };
        let (x, residual) = (random(input, 6, size), random(output, 7, 1.0));
        Scene { layer, x, residual, coefficients: random(output, 8, 1.0) }
    }

    fn loss(&self) -> f64 {
        let residual = self.layer.plan.residual.map(|_| &self.residual);
        let (y, _) = self.layer.clone().forward(&self.x, residual, 0.1, Phase::Float);
        y.data.iter().zip(&self.coefficients.data).map(|(y, c)| f64::from(y * c)).sum()
    }

    /// Compares `gradient` with the slope of the loss along the numbers that `pick` finds. With a ReLU a few may
    /// move an output across its kink, where the slope is not the gradient.
    fn check(&mut self, what: &str, gradient: &[f32], pick: fn(&mut Scene) -> &mut [f32]) {
        let (step, size) = (4e-3, gradient.iter().fold(0.5f32, |most, g| most.max(g.abs())));
        assert!(!gradient.is_empty(), "{what}");
        let mut wrong = 0;
        for (i, gradient) in gradient.iter().enumerate() {
            let before = pick(self)[i];
            pick(self)[i] = before + step;
            let above = self.loss();
            pick(self)[i] = before - step;
            let slope = (above - self.loss()) / f64::from(2.0 * step);
            pick(self)[i] = before;
            wrong += usize::from((slope - f64::from(*gradient)).abs() > 0.02 * f64::from(size));
        }
        let allowed = if self.layer.plan.relu { (gradient.len() / 10).max(1) } else { 0 };
        assert!(wrong <= allowed, "{what}: {wrong} of {} differ", gradient.len());
    }

    fn check_all(mut self, weights: bool) {
        let residual = self.layer.plan.residual.map(|_| &self.residual);
        let (y, tape) = self.layer.forward(&self.x, residual, 0.1, Phase::Float);
        let found = self.layer.backward(&self.x.clone(), &y, &tape, self.coefficients.clone(), true);
        let [weight, gamma, beta] =
            [&self.layer.weight, &self.layer.gamma, &self.layer.beta].map(|param| param.gradient.clone());
        let what = format!("{:?}", self.layer.plan);
        self.check(&format!("input of {what}"), &found.input.expect("asked for").data, |s| &mut s.x.data);
        if let Some(residual) = found.residual {
            self.check(&format!("residual of {what}"), &residual.data, |s| &mut s.residual.data);
        }
        if weights {
            self.check(&format!("weights of {what}"), &weight, |s| &mut s.layer.weight.value);
        }
        if !gamma.is_empty() {
            self.check(&format!("gamma of {what}"), &gamma, |s| &mut s.layer.gamma.value);
        }
        if !beta.is_empty() {
            self.check(&format!("beta of {what}"), &beta, |s| &mut s.layer.beta.value);
        }
    }
}

#[test]
fn convolutions_have_the_slopes_of_their_loss() {
    for depthwise in [false, true] {
        for (tail, residual, relu) in
            [(Tail::Norm, true, true), (Tail::Norm, false, false), (Tail::Bias, true, false)]
        {
            Scene::new(planned(Op::Conv, depthwise, tail, residual, relu)).check_all(true);
        }
    }
    Scene::new(planned(Op::Conv, true, Tail::Mean, false, true)).check_all(false);
}

#[test]
fn shift_layers_pass_the_slope_by_their_inputs_and_norms() {
    for depthwise in [false, true] {
        Scene::new(planned(Op::Shift, depthwise, Tail::Norm, true, true)).check_all(false);
    }
}

#[test]
fn adder_layers_pass_the_slope_where_inputs_and_weights_lie_apart() {
    for depthwise in [false, true] {
        // Without a norm the slope by an input is a sum of signs, which the clamp equals beyond distance 1.
        let mut scene = Scene::new(planned(Op::Adder, depthwise, Tail::Bias, true, false));
        scene.x.data.iter_mut().for_each(|x| *x += 6.0 * x.signum());
        scene.check_all(false);
    }
}

#[test]
fn rounding_lets_the_gradient_through_and_the_clamp_stops_it() {
    let mut scene = Scene::new(planned(Op::Conv, false, Tail::Bias, false, true));
    scene.layer.forward(&scene.x, None, 0.1, Phase::Float);
    scene.layer.range *= 0.5; // Half of the outputs' range is cut off.
    let (y, tape) = scene.layer.forward(&scene.x, None, 0.1, Phase::Rounded);
    let step = tape.step();
    assert!(y.data.iter().all(|y| (y / step - (y / step).round()).abs() < 1e-3));
    scene.coefficients.data.fill(1.0);
    scene.layer.backward(&scene.x, &y, &tape, scene.coefficients.clone(), false);
    let inside = y.data.iter().filter(|y| **y > 0.0 && **y < 126.5 * step).count() as f32;
    let through: f32 = scene.layer.beta.gradient.iter().sum();
    assert!((through - inside).abs() <= 0.03 * inside, "{through} of {inside}");
}
