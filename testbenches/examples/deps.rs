use compiler::*;
use model::random::{network, Knobs};
fn main() {
    let acc = testbenches::rtl::config(&std::env::args().nth(1).unwrap());
    let seed: u64 = std::env::args().nth(2).unwrap().parse().unwrap();
    let ops = acc.chunks.iter().map(|c| (c.op, c.weight_bits)).collect();
    let g = network(seed, &Knobs { ops, layers: 12, channels: 64, spatial: 32, kernel: 3, macs: 4_000_000 });
    let options = Options { images: 4, dump: false, mappings: None };
    let stages = stages::assign(&acc, &g, 4).unwrap();
    let banks = banks::split(&acc, &g, &stages).unwrap();
    let plan = plan::plan(&acc, &g, &options, &stages, &banks).unwrap();
    let dram = dram::layout(&acc, &g, &options, &stages, &plan);
    let schedule = ops::schedule(&acc, &g, &stages, &banks, &plan, &dram);
    let syncs = hazards::syncs(&acc, &g, &stages, &dram, &schedule).unwrap();
    println!("{banks:?}");
    let name = |(s, i): (usize, usize)| { let o: Vec<_> = schedule.chunks[s / 3].iter().filter(|o| o.queue as usize == s % 3).collect(); format!("q{s}#{i} {} {}", g.layer(model::LayerId(o[i].layer)).name, o[i].what) };
    for s in &syncs { println!("tok {} {:40} -> {:40} d{}", s.token, name(s.signal), name(s.wait), s.distance); }
    for (c, ops) in schedule.chunks.iter().enumerate() { for o in ops { println!("c{c} {:?} {} {} {:?}", o.queue, g.layer(model::LayerId(o.layer)).name, o.what, o.accesses.iter().map(|a| (if a.write {"w"} else {"r"}, a.bytes.clone())).collect::<Vec<_>>()); } }
}
