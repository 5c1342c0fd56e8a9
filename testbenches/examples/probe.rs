use compiler::{compile, Options};
use mapper::events::predict;
use model::random::{network, Knobs};
fn main() {
    let acc = testbenches::rtl::config(&std::env::args().nth(1).unwrap());
    let images: u32 = std::env::args().nth(2).unwrap().parse().unwrap();
    let verbose = std::env::args().nth(4).is_some();
    let seeds: u64 = std::env::args().nth(3).unwrap().parse().unwrap();
    for seed in (if verbose { seeds } else { 0 })..(if verbose { seeds + 1 } else { seeds }) {
        let ops = acc.chunks.iter().map(|c| (c.op, c.weight_bits)).collect();
        let g =
            network(seed, &Knobs { ops, layers: 12, channels: 64, spatial: 32, kernel: 3, macs: 4_000_000 });
        let c = match compile(&acc, &g, &Options { images, dump: false, mappings: None }) {
            Ok(c) => c,
            Err(e) => {
                println!("{seed}: {e}");
                continue;
            }
        };
        let run = predict(&acc, &c.program, 40).unwrap();
        let busy: Vec<u64> = (0..acc.queues())
            .map(|q| run.events.iter().filter(|e| e.queue == q).map(|e| e.end - e.begin).sum())
            .collect();
        let words: Vec<usize> = c.program.streams.iter().map(|s| s.len()).collect();
        let ideal: Vec<u64> = (0..acc.chunks.len())
            .map(|i| {
                images as u64
                    * c.layers
                        .iter()
                        .filter(|l| l.chunk == i)
                        .map(|l| l.macs / acc.chunks[i].pes() as u64)
                        .sum::<u64>()
            })
            .collect();
        println!(
            "seed {seed}: {} layers stages {} cycles {} busy {:?} macs/pe {:?} words {:?} ratio {:.2}",
            g.len(),
            c.layers.iter().map(|l| l.stage).max().unwrap(),
            run.cycles,
            busy,
            ideal,
            words,
            run.cycles as f64
                / *busy.iter().enumerate().filter(|(i, _)| i % 3 == 1).map(|x| x.1).max().unwrap() as f64
        );
        if verbose {
            for (l, (_, m)) in c.layers.iter().zip(g.layers()) {
                println!("{} chunk {} stage {} {}->{} k{:?} g{} macs {} parts {} pred {} util {:.2} res {} stored {}\n    {}", l.name, l.chunk, l.stage, m.in_shape, m.out_shape, m.kernel, m.groups, l.macs, l.parts, l.predicted, l.macs as f64 / acc.chunks[l.chunk].pes() as f64 / l.predicted as f64, l.input_resident, l.stored, l.mapping);
            }
            let mut e = run.events.clone();
            e.sort_by_key(|e| e.begin);
            for e in e.iter().take(200) {
                let s = c
                    .program
                    .source
                    .iter()
                    .find(|s| s.stream == e.queue && s.first <= e.word && e.word <= s.last)
                    .unwrap();
                println!(
                    "{:7} {:7} {:6} q{} {} {}",
                    e.begin,
                    e.end,
                    e.end - e.begin,
                    e.queue,
                    s.layer,
                    s.what
                );
            }
        }
    }
}
