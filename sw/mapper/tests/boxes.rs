//! The search finds a mapping of every layer, whatever the buffer: what does not fit in strips and ranges of channels is
//! cut in boxes, reductions included, and that is legal.

use mapper::check::faults;
use mapper::cut::Ways;
use mapper::energy::Objective;
use mapper::search::{search, search_within, Found};
use mapper::stationary::Stationary;
use mapper::tiling::{Capacity, Footprint};
use mapper::work::{Dim, Sizes, Work};
use mapper::Mapping;
use spec::accelerator::{Accelerator, Chunk};
use spec::random::Rng;

/// The layers of ResNet-18 that differ: G K C OY OX FY FX, stride and padding.
const RESNET18: &[([u32; 7], u32, u32)] = &[
    ([1, 64, 3, 112, 112, 7, 7], 2, 3),
    ([1, 64, 64, 56, 56, 3, 3], 1, 1),
    ([1, 128, 64, 28, 28, 3, 3], 2, 1),
    ([1, 128, 64, 28, 28, 1, 1], 2, 0),
    ([1, 128, 128, 28, 28, 3, 3], 1, 1),
    ([1, 256, 128, 14, 14, 3, 3], 2, 1),
    ([1, 256, 128, 14, 14, 1, 1], 2, 0),
    ([1, 256, 256, 14, 14, 3, 3], 1, 1),
    ([1, 512, 256, 7, 7, 3, 3], 2, 1),
    ([1, 512, 256, 7, 7, 1, 1], 2, 0),
    ([1, 512, 512, 7, 7, 3, 3], 1, 1),
    ([1, 1000, 512, 1, 1, 1, 1], 1, 0),
];

fn tiny() -> Accelerator {
    let text = include_str!("../../../hw/configs/tiny.yaml");
    spec::config::parse("tiny.yaml", text).expect("the committed configuration is legal")
}

#[test]
fn every_layer_of_a_large_network_fits_a_small_buffer() {
    let accelerator = tiny();
    let chunk = &accelerator.chunks[0];
    let even = Capacity::even(&accelerator, chunk);
    let mut spilling = 0;
    for share in [1, 2, 4] {
        let Capacity { inputs, outputs, weights, parameters, .. } = even;
        let [inputs, outputs, weights] = [inputs, outputs, weights].map(|bytes| bytes / share);
        let capacity = Capacity { inputs, outputs, weights, residuals: 0, parameters, ..even };
        for (size, stride, padding) in RESNET18 {
            let input = |output: usize| (size[output] - 1) * stride + size[output + 2] - 2 * padding;
            let work = Work {
                size: Sizes(*size),
                stride: [*stride; 2],
                padding: [*padding; 2],
                input: [input(3), input(4)],
                residual: false,
            };
            let found = search(&accelerator, chunk, &work, &capacity, Objective::Latency);
            let mapping = found.unwrap_or_else(|shortages| panic!("{work:?}: {shortages:?}")).mapping;
            let faults = faults(&mapping, &accelerator, chunk, &capacity);
            assert_eq!(faults, Vec::<String>::new(), "{mapping}");
            spilling += u32::from(mapping.spills());
        }
    }
    assert!(spilling > 0, "some reduction is cut");
}

/// A layer of small numbers but for one dimension or two, which may be large.
fn drawn(rng: &mut Rng) -> Work {
    let mut size = [3, 6, 6, 4, 4, 3, 3].map(|most| rng.size(1, most));
    for _ in 0..rng.size(1, 2) {
        let dim = rng.size(0, 6) as usize;
        size[dim] = rng.size(1, if dim < 5 { 60 } else { 900 });
    }
    let stride = [rng.size(1, 3), rng.size(1, 3)];
    let padding = [rng.size(0, size[5] - 1), rng.size(0, size[6] - 1)];
    let mut input = |axis: usize| {
        let behind = rng.size(0, size[5 + axis] - 1);
        let padded = (size[3 + axis] - 1) * stride[axis] + size[5 + axis];
        padded.saturating_sub(padding[axis] + behind).max(1)
    };
    let input = [input(0), input(1)];
    Work { size: Sizes(size), stride, padding, input, residual: rng.percent(20) }
}

/// Bytes that beats may read behind the inputs that are there.
fn beyond(mapping: &Mapping, print: &Footprint) -> u32 {
    match mapping.held_inputs()[1] == mapping.layer.size[Dim::G] {
        true => print.overshoot(mapping.tile[Dim::G]),
        false => mapping.overshoot(print.line_bytes),
    }
}

/// Legal, and it reads no more beside its inputs than the compiler leaves room for before it has a mapping.
#[test]
fn what_is_found_for_random_layers_and_buffers_is_legal() {
    let accelerator = tiny();
    let mut uneven = [0; 7];
    for seed in 0..1_000 {
        let mut rng = Rng::new(seed);
        let chunk = Chunk { rows: rng.size(1, 8), cols: rng.size(1, 8), ..accelerator.chunks[0].clone() };
        let work = drawn(&mut rng);
        let mut bytes = || 64 << rng.size(0, 6);
        // Now and then all inputs are there already, or all results stay.
        let [resident, kept] = [5, 7].map(|each| seed % each == 0);
        let capacity = Capacity {
            inputs: if resident { u32::MAX } else { bytes() },
            outputs: if kept { u32::MAX } else { bytes() },
            weights: bytes(),
            residuals: bytes(),
            parameters: bytes().max(1_024),
            parameter_rows: chunk.post_rows,
        };
        let (line_bytes, post_lanes) = (accelerator.buffer.line_bytes, chunk.post_lanes);
        for fixed in [None].into_iter().chain(Stationary::ALL.map(Some)) {
            let found =
                search_within(&accelerator, &chunk, &work, &capacity, Objective::Latency, fixed, Ways::All);
            let Ok(Found { mapping, .. }) = found else { continue };
            let faults = faults(&mapping, &accelerator, &chunk, &capacity);
            assert_eq!(faults, Vec::<String>::new(), "seed {seed}, {fixed:?}: {mapping} of {work:?}");
            let print = Footprint { work: &work, unroll: &mapping.unroll, line_bytes, post_lanes };
            let (read, reserved) = (beyond(&mapping, &print), print.overshoot(work.size[Dim::G]));
            assert!(read <= reserved, "seed {seed}, {fixed:?}: {read} > {reserved}, {mapping} of {work:?}");
            Dim::ALL.into_iter().for_each(|dim| uneven[dim as usize] += u32::from(mapping.is_ragged(dim)));
        }
    }
    assert!(uneven.iter().all(|count| *count > 0), "every dimension is cut unevenly: {uneven:?}");
}
