//! Cycles, words of the buffer and accesses of every tiling are those that the paper's simulator has, dataflow by dataflow in
//! its own letters: M C E F R S for K C OY OX FY FX, the suffixes 0 to 3 for register file, array, buffer and DRAM.
//! The figures of the original only check the best tilings; these check all others, and kernels, strides and maps
//! that are not square.

use mapper::energy::Objective;
use mapper::nasa::accesses::Accesses;
use mapper::nasa::energy::Unit;
use mapper::nasa::enumeration::Enumeration;
use mapper::nasa::search::{Array, Tiled};
use mapper::nasa::DATAFLOWS;
use mapper::work::{Sizes, Work};
use spec::op::Op;

/// Cycles, words of the buffer; inputs and weights at DRAM, buffer, NoC and register files; how often partial sums move there.
type Costs = (f64, f64, [f64; 4], [f64; 4], [f64; 4]);

/// A layer, M C E F R S, and its stride.
type Dims = ([u32; 6], u32);

fn work(([m, c, e, f, r, s], stride): Dims) -> Work {
    let input = [(e - 1) * stride + r - 1, (f - 1) * stride + s];
    Work { size: Sizes([1, m, c, e, f, r, s]), stride: [stride; 2], padding: [0; 2], input, residual: false }
}

/// What the paper's formulas say of a tiling.
fn expected(dataflow: &str, work: &Work, tiled: &Tiled) -> Costs {
    let [_, m, c, e, f, r, s] = work.size.0.map(f64::from);
    let ([h, w], stride) = (work.input.map(f64::from), f64::from(work.stride[0]));
    let [m0, m1, m2, m3] = tiled.tiling.k.map(f64::from);
    let [c0, c1, c2, _] = tiled.tiling.c.map(f64::from);
    let [e0, e1, _, e3] = tiled.tiling.oy.map(f64::from);
    let [f0, f1, _, f3] = tiled.tiling.ox.map(f64::from);
    let inputs = |a: f64, b: f64| ((a - 1.0) * stride + r) * ((b - 1.0) * stride + s);
    let (n_i, n_w) = (h * w * c, r * s * c * m);
    let (rows, cols) = (r * e / h, s * f / w);
    let halo = e3 * ((e0 * e1 - 1.0) * stride + r) * f3 * ((f0 * f1 - 1.0) * stride + s) * c;
    match dataflow {
        "RS" => (
            m3 * m2 * m0 * c2 * c0 * e3 * f * s,
            c1 * c0 * inputs(e1, f) + m2 * m1 * m0 * e1 * f,
            [m3, m3 * m2, m3 * m2 * m1 * rows, m3 * m2 * m1 * m0 * rows * cols].map(|times| times * n_i),
            [e3, 0.0, e3 * e1, e3 * e1 * f].map(|times| times * n_w),
            [1.0, 2.0 * (c2 - 1.0), c2 * (c1 * r - 1.0), 2.0 * c2 * c1 * r * (c0 * s - 1.0)],
        ),
        "IS" => (
            m0 * c2 * c0 * e3 * e0 * f3 * f0 * r * s,
            c1 * c0 * inputs(e1 * e0, f1 * f0) + m1 * m0 * e1 * e0 * f1 * f0,
            [n_i, n_i, m1 * halo, m1 * m0 * n_i],
            [e3 * f3, 0.0, e3 * f3 * e1 * f1, e3 * f3 * e1 * f1 * e0 * f0].map(|times| times * n_w),
            [1.0, 2.0 * (c2 - 1.0), c2 * (c1 - 1.0), 2.0 * c2 * c1 * (c0 * r * s - 1.0)],
        ),
        "WS" => (
            m3 * m2 * m0 * c2 * c0 * e0 * f0,
            c1 * c0 * inputs(e, f) + m2 * m1 * m0 * e * f,
            [m3, m3 * m2, m3 * m2 * m1 * rows * cols, m3 * m2 * m1 * m0 * rows * cols]
                .map(|times| times * n_i),
            [1.0, 0.0, e1 * f1, e1 * f1 * e0 * f0].map(|times| times * n_w),
            [1.0, 2.0 * (c2 - 1.0), c2 * (c1 * r * s - 1.0), 2.0 * c2 * c1 * r * s * (c0 - 1.0)],
        ),
        _ => (
            m3 * m2 * m0 * c0 * e3 * e0 * f3 * f0 * r * s,
            c1 * c0 * inputs(e1 * e0, f1 * f0) + m2 * m1 * m0 * e1 * e0 * f1 * f0,
            [m3 * n_i, m3 * m2 * n_i, m3 * m2 * m1 * halo, m3 * m2 * m1 * m0 * rows * cols * n_i],
            [e3 * f3, 0.0, e3 * f3 * e1 * f1, e3 * f3 * e1 * f1 * e0 * f0].map(|times| times * n_w),
            [1.0, 1.0, c1 - 1.0, 2.0 * c1 * (c0 * r * s - 1.0)],
        ),
    }
}

/// Whether two numbers are the same but for rounding.
fn is_near(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-9 * expected.abs()
}

#[test]
fn every_tiling_costs_what_the_paper_says() {
    let array = Array { op: Op::Conv, pes: 100, unit: Unit::of(Op::Conv, 16).expect("a width") };
    for dims in [([12, 12, 6, 8, 3, 2], 2), ([8, 30, 4, 6, 1, 1], 1), ([1, 1, 12, 4, 3, 5], 1)] {
        let work = work(dims);
        let n_o = f64::from(dims.0[0] * dims.0[2] * dims.0[3]);
        for dataflow in &DATAFLOWS {
            let mut tilings = 0;
            Enumeration::new(dataflow, &work, &array, Objective::Edp).each(|tiled| {
                tilings += 1;
                let (cycles, words, inputs, weights, sums) = expected(dataflow.name, &work, &tiled);
                let sums = sums.map(|times| times.max(1.0) * n_o);
                let Accesses { dram, gb, noc, rf } = tiled.accesses;
                let pairs = [dram, gb, noc, rf].into_iter().zip(0..).flat_map(|(found, level)| {
                    let expected = [inputs[level], weights[level], sums[level]];
                    [found.inputs, found.weights, found.outputs].into_iter().zip(expected)
                });
                let costs = [(tiled.cycles as f64, cycles), (tiled.words as f64, words)];
                for (found, expected) in pairs.chain(costs) {
                    assert!(is_near(found, expected), "{}: {tiled:?}: {expected}", dataflow.name);
                }
                // At 16 bits: a multiplication 1 pJ; DRAM 200 pJ, buffer 6, NoC 2, register file 1.
                let moved = [200.0, 6.0, 2.0, 1.0]
                    .iter()
                    .zip(0..)
                    .map(|(pj, level)| pj * (inputs[level] + weights[level] + sums[level]));
                let energy = work.macs() as f64 + moved.sum::<f64>();
                assert!(is_near(tiled.picojoules, energy), "{}: {tiled:?}: {energy} pJ", dataflow.name);
            });
            assert!(tilings > 0, "{} of {dims:?}", dataflow.name);
        }
    }
}
