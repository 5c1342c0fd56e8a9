use mapper::search::search;
use mapper::tiling::Capacity;
use mapper::work::{Sizes, Work};
fn main() {
    let rows = [
        ("conv3x3 64->64 @56", [1, 64, 64, 56, 56, 3, 3], 1),
        ("stem 3->64 @112 7x7s2", [1, 64, 3, 112, 112, 7, 7], 2),
        ("conv3x3 128 @28", [1, 128, 128, 28, 28, 3, 3], 1),
        ("conv3x3 256 @14", [1, 256, 256, 14, 14, 3, 3], 1),
        ("conv3x3 s2 64->128 @28", [1, 128, 64, 28, 28, 3, 3], 2),
        ("pw 32->192 @28", [1, 192, 32, 28, 28, 1, 1], 1),
        ("pw 192->32 @28", [1, 32, 192, 28, 28, 1, 1], 1),
        ("pw 16->96 @16", [1, 96, 16, 16, 16, 1, 1], 1),
        ("pw 24->24 @8", [1, 24, 24, 8, 8, 1, 1], 1),
        ("dw 3x3 192 @28", [192, 1, 1, 28, 28, 3, 3], 1),
        ("dw 5x5 96 @14 s2", [96, 1, 1, 14, 14, 5, 5], 2),
        ("conv3x3 16->16 @28", [1, 16, 16, 28, 28, 3, 3], 1),
        ("fc 512->1000", [1, 1000, 512, 1, 1, 1, 1], 1),
        ("pool 7x7 64", [64, 1, 1, 1, 1, 7, 7], 1),
    ];
    for file in std::env::args().skip(1) {
        let text = std::fs::read_to_string(&file).unwrap();
        let acc = spec::config::parse(&file, &text).unwrap();
        let chunk = &acc.chunks[0];
        println!("{file} {}x{} in {} w {} psum {} post {} line {}", chunk.rows, chunk.cols, chunk.input_rf, chunk.weight_rf, chunk.psum_rf, chunk.post_lanes, acc.buffer.line_bytes);
        for (name, size, s) in &rows {
            let pad = (size[5] - 1) / 2;
            let work = Work { size: Sizes(*size), stride: [*s, *s], padding: [pad, pad], input: [size[3] * s, size[4] * s], residual: false };
            let cap = Capacity { inputs: 64 << 10, outputs: 64 << 10, weights: 64 << 10, residuals: 16 << 10, parameters: 16 << 10, parameter_rows: chunk.post_rows };
            let t = std::time::Instant::now();
            match search(&acc, chunk, &work, &cap) {
                Ok(f) => println!("{name:24} {:5.1}% {} cyc, {} evals {:?}\n     {}", 100.0 * work.macs() as f64 / chunk.pes() as f64 / f.total() as f64, f.total(), f.evaluations, t.elapsed(), f.mapping),
                Err(e) => println!("{name:24} {:?}", e.iter().map(|s| s.sentence()).collect::<Vec<_>>()),
            }
        }
    }
}
