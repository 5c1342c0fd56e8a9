//! How busy the search keeps an array: floors that must not sink, for layers of well-known networks.

use mapper::check::faults;
use mapper::energy::Objective;
use mapper::search::search;
use mapper::tiling::Capacity;
use mapper::work::{Sizes, Work};

/// Sizes G K C OY OX FY FX, stride, and the least utilisation in percent on `edge` (8 x 8) and `large` (16 x 16).
const ROWS: &[(&str, [u32; 7], u32, [u64; 2])] = &[
    ("conv 3x3 64 -> 64", [1, 64, 64, 56, 56, 3, 3], 1, [98, 94]),
    ("conv 3x3 16 -> 16", [1, 16, 16, 28, 28, 3, 3], 1, [98, 95]),
    ("conv 3x3 256 -> 256", [1, 256, 256, 14, 14, 3, 3], 1, [97, 85]),
    ("pointwise 32 -> 192", [1, 192, 32, 28, 28, 1, 1], 1, [90, 88]),
    ("pointwise 192 -> 32", [1, 32, 192, 28, 28, 1, 1], 1, [90, 86]),
    // A line brings 16 channels of one pixel, so these are bound by their inputs.
    ("depthwise 3x3 192", [192, 1, 1, 28, 28, 3, 3], 1, [55, 30]),
    // Every weight is used once, so this one is bound by its weights.
    ("fully connected 512 -> 1000", [1, 1000, 512, 1, 1, 1, 1], 1, [12, 6]),
];

#[test]
fn arrays_are_kept_busy_by_legal_mappings() {
    let texts =
        [include_str!("../../../hw/configs/edge.yaml"), include_str!("../../../hw/configs/large.yaml")];
    for (i, text) in texts.into_iter().enumerate() {
        let accelerator =
            spec::config::parse("config.yaml", text).expect("the committed configurations are legal");
        let chunk = &accelerator.chunks[0];
        let capacity = Capacity {
            inputs: 65_536,
            outputs: 65_536,
            weights: 65_536,
            residuals: 16_384,
            parameters: 16_384,
            parameter_rows: chunk.post_rows,
        };
        for (name, size, stride, floors) in ROWS {
            let padding = [(size[5] - 1) / 2, (size[6] - 1) / 2];
            let input = [size[3] * stride, size[4] * stride];
            let work = Work { size: Sizes(*size), stride: [*stride; 2], padding, input, residual: false };
            let found =
                search(&accelerator, chunk, &work, &capacity, Objective::Latency).expect("the layer fits");
            assert_eq!(
                faults(&found.mapping, &accelerator, chunk, &capacity),
                Vec::<String>::new(),
                "{name}"
            );
            let percent = 100 * work.macs() / u64::from(chunk.pes()) / (found.cycles * found.mapping.parts());
            assert!(percent >= floors[i], "{name} on {}: {percent} %\n{}", accelerator.name, found.mapping);
        }
    }
}
