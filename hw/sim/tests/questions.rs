//! Wrong questions to a simulator are answered with what could have been meant, and what it cannot run is refused.

use std::sync::Arc;

use hdl::cells;
use sim::{Drive, Engine, Interpreter, Sim, Simulator};

/// A queue of 8 bits and 3 entries in a module of its own.
fn outer() -> Arc<hdl::Module> {
    let b = hdl::Builder::new("outer", "A queue inside.");
    let queue = b.instance("queue", &cells::fifo("fifo_3", 8, 3).expect("a queue"));
    queue.connect("in_valid", &b.input("valid", 1, "")).connect("in_data", &b.input("data", 8, ""));
    b.output("level", &queue.connect("out_ready", &b.zero(1)).out("level"), "");
    b.finish().expect("a correct description")
}

fn said<T: std::fmt::Debug>(result: Result<T, sim::Error>) -> String {
    result.expect_err("a wrong question").to_string()
}

#[test]
fn wrong_questions_are_answered() {
    for engine in Engine::ALL {
        answers(Sim::on(engine, &outer()).expect("no foreign part"));
    }
}

fn answers(mut outer: Sim) {
    let unknown = "error[sim]: module outer has no input `date`\n  = help: nearest: data";
    assert_eq!(said(outer.poke("date", 1)), unknown);
    assert_eq!(said(outer.poke("data", 256)), "error[sim]: 256 does not fit in the 8 bits of `data`\n  = help: cut it to 8 bits first, if that is what is meant");
    assert_eq!(said(outer.poke("data", -129)), "error[sim]: -129 does not fit in the 8 bits of `data`\n  = help: cut it to 8 bits first, if that is what is meant");
    let unknown = said(outer.register::<u8>("queue.levle"));
    assert!(unknown.contains("nearest: queue.level"), "{unknown}");
    let unknown = "error[sim]: module outer has no memory `queue.word`\n  = help: nearest: queue.words";
    assert_eq!(said(outer.memory::<u8>("queue.word", 0..1)), unknown);
    let beyond = "error[sim]: `queue.words` has 3 entries, and entry 3 was asked for\n  = help: its entries are 0 to 2";
    assert_eq!(said(outer.memory::<u8>("queue.words", 1..4)), beyond);
    assert_eq!(said(outer.set_memory("queue.words", 3, &[1])), beyond);
    assert_eq!(
        said(outer.set_memory("queue.words", 0, &[1, 256])),
        "error[sim]: 256 does not fit in the 8 bits of `queue.words[1]`\n  = help: cut it to 8 bits first, if that is what is meant"
    );
    assert_eq!(outer.memory::<u8>("queue.words", 0..3), Ok(vec![0; 3]), "nothing is written");
    assert_eq!(
        said(outer.run_until(9, |outer| Ok(outer.peek::<u8>("level")? == 1))),
        "error[sim]: what the run waited for did not happen within 9 cycles\n  = help: allow more cycles, or record the run to see what it waits for"
    );

    outer.poke("valid", 1).expect("an input");
    outer.poke("data", 77).expect("an input");
    outer.step(2);
    assert_eq!(outer.memory::<u8>("queue.words", 0..2), Ok(vec![77, 77]));
    assert_eq!(outer.register::<u8>("queue.level"), Ok(2));
    assert_eq!(
        said(outer.register::<bool>("queue.level")),
        "error[sim]: `queue.level` is 2'h2, which is no bool\n  = help: read it as a wider type, or as num::Bits"
    );
}

#[test]
fn foreign_modules_are_refused() {
    let text = "module divider(input [7:0] x, output [7:0] y); assign y = x / 3; endmodule";
    let divider = hdl::ForeignBuilder::new("divider", "A third.", text).input("x", 8, "").output("y", 8, "");
    let divider = divider.finish().expect("a correct declaration");
    let wrap = |name: &str, inside: &str, module: &Arc<hdl::Module>| {
        let b = hdl::Builder::new(name, "");
        b.output("y", &b.instance(inside, module).connect("x", &b.input("x", 8, "")).out("y"), "");
        b.finish().expect("a correct description")
    };
    let core = wrap("core", "thirds", &divider);
    let top = wrap("top", "inner", &core);
    let said = "error[sim]: top.inner.thirds is written elsewhere; only Verilator can run it";
    assert_eq!(sim::check(&top).expect_err("nobody here knows what it does").to_string(), said);
    assert_eq!(Sim::new(&top).err().map(|error| error.to_string()).as_deref(), Some(said));
    let panic = std::panic::catch_unwind(|| Interpreter::new(&top)).err().expect("refused");
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(said));
}
