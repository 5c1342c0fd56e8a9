//! What each pass makes of a small module, as text: `passes/PASS.txt`. Read the difference before you bless one.

use std::path::Path;
use std::sync::Arc;

use sim::Pass;

/// Four counters side by side that share an enable, one of which feeds a memory.
fn counters() -> Arc<hdl::Module> {
    let counter = {
        let b = hdl::Builder::new("counter", "Counts by its own step.");
        let count = b.reg("count", 8);
        let stepped = &count.q() + &b.input("by", 8, "what is added");
        count.enable(&b.input("counts", 1, "whether it counts")).next(&stepped);
        b.output("count", &count.q(), "the count");
        b.finish().expect("a correct description")
    };
    let b = hdl::Builder::new("counters", "Four counters, and the last counts of one.");
    let (by, counts) = (b.input("by", 32, "a step for each"), b.input("counts", 1, "whether they count"));
    let one = |i: u32| {
        let one = b.instance(&format!("counter_{i}"), &counter);
        one.connect("by", &by.slice(8 * i, 8)).connect("counts", &counts).out("count")
    };
    let all: Vec<_> = (0..4).map(one).collect();
    let kept = b.memory("numbers", 8, 8);
    kept.write(&all[0].slice(0, 3), &all[1], &counts);
    b.output("any", &(&(&all[0] ^ &all[1]) ^ &(&all[2] ^ &all[3])), "all of them");
    b.output("kept", &kept.read(&all[3].slice(0, 3)), "one that is kept");
    b.finish().expect("a correct description")
}

#[test]
fn every_pass_shows_what_it_made() {
    let module = counters();
    for pass in Pass::ALL {
        let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/passes/{}.txt", pass.name()));
        let made = sim::dump_after(&module, pass);
        if std::env::var_os("BLESS").is_some() {
            std::fs::create_dir_all(golden.with_file_name("")).expect("a folder");
            std::fs::write(&golden, &made).expect("written");
        }
        let expected = std::fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(made, expected, "{}: run `make bless`, then read `git diff`", pass.name());
    }
}
