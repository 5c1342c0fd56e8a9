//! The search finds a mapping of every layer, whatever the buffer: what does not fit in strips and ranges of channels is
//! cut in boxes, reductions included, and that is legal.

use mapper::check::faults;
use mapper::energy::Objective;
use mapper::search::search;
use mapper::tiling::Capacity;
use mapper::work::{Sizes, Work};
use spec::accelerator::Accelerator;

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
