//! Wrong questions to a simulator are answered with what could have been meant, and what it cannot run is refused.

use std::sync::Arc;

use hdl::cells;
use sim::{Interpreter, Simulator};

#[test]
fn wrong_questions_are_answered() {
    let b = hdl::Builder::new("outer", "A queue inside.");
    let queue = b.instance("queue", &cells::fifo("fifo_3", 8, 3).expect("a queue"));
    queue.connect("in_valid", &b.input("valid", 1, "")).connect("in_data", &b.input("data", 8, ""));
    b.output("level", &queue.connect("out_ready", &b.zero(1)).out("level"), "");
    let mut outer = Interpreter::new(&b.finish().expect("a correct description"));

    let said = |error: sim::Error| error.to_string();
    assert_eq!(
        said(outer.poke("date", 1).expect_err("no such input")),
        "error[sim]: module outer has no input `date`\n  = help: nearest: data"
    );
    assert_eq!(
        said(outer.poke("data", 256).expect_err("too large")),
        "error[sim]: 64'h0000000000000100 does not fit in the 8 bits of `data`"
    );
    assert_eq!(
        said(outer.poke_signed("data", -129).expect_err("too small")),
        "error[sim]: -129 does not fit in the 8 bits of `data`"
    );
    assert!(
        said(outer.peek_path("queue.levle").expect_err("no such register")).contains("nearest: queue.level")
    );
    assert!(outer.peek_path("queue.words[3]").is_err(), "an entry beyond the end");

    outer.poke("valid", 1).expect("an input");
    outer.poke("data", 77).expect("an input");
    outer.step();
    assert_eq!(outer.peek_path("queue.words[0]").expect("an entry").to_u64(), 77);
    assert_eq!(outer.peek_path("queue.level").expect("a register").to_u64(), 1);
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
    let panic = std::panic::catch_unwind(|| Interpreter::new(&top)).err().expect("refused");
    assert_eq!(panic.downcast_ref::<String>().map(String::as_str), Some(said));
}
