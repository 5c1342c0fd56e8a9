//! What the printed Verilog looks like: one golden file with a module for every style that it has.
//! `BLESS=1` (`make bless`) rewrites it; read the difference before committing it.

mod golden;

use std::sync::Arc;

use hdl::{cells, Builder, Module};
use num::Num;

/// A multiply-accumulate unit: a pipelined datapath with reset, enable and a saturated result.
fn accumulator() -> Arc<Module> {
    let b = Builder::new(
        "accumulator",
        "Sums products of signed numbers. The sum is held between two limits on its way out, and a sum that nobody \
         clears wraps around.",
    );
    let x = b.input("x", 8, "first factor, signed");
    let w = b.input("w", 8, "second factor, signed");
    let clear = b.input("clear", 1, "starts a new sum with this product");
    let valid = b.input("valid", 1, "there are factors");
    let product = x.stage().mul(&w.stage()).stage();
    let delayed = |name: &str, bit: &hdl::Signal| b.delay_reset(name, &bit.stage(), 0);
    let acc = b.reg("acc", 20);
    let sum = clear.stage().stage().mux(&b.zero(20), &acc.q()).add(&product).fit(20);
    acc.reset(0).enable(&delayed("valid_q2", &valid)).next(&sum);
    b.output("acc", &acc.q(), "the sum");
    let shown = acc.q().shr(&acc.q().lit(4), 4).clamp(&x.lit(-128), &x.lit(127)).fit(8);
    b.output("result", &shown, "a sixteenth of the sum, between -128 and 127");
    b.finish().expect("a correct description")
}

/// Two of them, and a choice.
fn pair() -> Arc<Module> {
    let unit = accumulator();
    let b = Builder::new("pair", "Two accumulators on the same second factor, with an active-low reset.");
    let aresetn = b.input("aresetn", 1, "synchronous reset, active low");
    b.reset_from(&!&aresetn);
    let w = b.input("w", 8, "second factor of both");
    let which = b.input("which", 2, "0, 1: that result; 2: their difference");
    let results: Vec<hdl::Signal> = (0..2)
        .map(|i| {
            let u = b.instance(&format!("unit_{i}"), &unit);
            u.connect("x", &b.input(&format!("x_{i}"), 8, "first factor")).connect("w", &w);
            u.connect("valid", &b.one()).connect("clear", &which.eq_lit(3)).out("result")
        })
        .collect();
    let difference = &results[0] - &results[1];
    let chosen = which.select(&[results[0].clone(), results[1].clone(), difference]);
    b.output("chosen", &b.delay_reset("chosen_held", &chosen, 0), "what was asked for");
    b.finish().expect("a correct description")
}

/// A divider that was written elsewhere, and a register behind it.
fn divider() -> Arc<Module> {
    let text = "
module divider(clock, bus$x, y); // an interface's port
    input clock;
    input [7:0] bus$x;
    output reg [7:0] y;
    always @(posedge clock) y <= bus$x / 3;
endmodule
";
    let third = hdl::ForeignBuilder::new("divider", "A third, a cycle later.", text)
        .clock("clock")
        .input("bus$x", 8, "a number")
        .output("y", 8, "a third of it")
        .depends("y", &[]);
    let b = Builder::new("thirds", "A third of a number, or of the last third.");
    let again = b.input("again", 1, "takes the last third");
    let divider = b.instance("divider", &third.finish().expect("a correct declaration"));
    divider.connect("bus$x", &again.mux(&divider.out("y"), &b.input("x", 8, "a number")));
    b.output("y", &b.delay("y", &divider.out("y")), "the third");
    b.attribute("aclk", "X_INTERFACE_PARAMETER", "XIL_INTERFACENAME aclk, ASSOCIATED_BUSIF y");
    b.attribute("y", "X_INTERFACE_INFO", "xilinx.com:signal:data:1.0 y DATA");
    b.attribute("y", "MARK_DEBUG", "true");
    b.finish().expect("no loop: a register drives the foreign output")
}

#[test]
fn verilog_reads_well() {
    let mut text = String::new();
    let tops = [
        pair(),
        divider(),
        cells::fifo("queue", 8, 5).expect("a queue"),
        cells::ram("bank", 32, 64, 8).expect("a memory"),
    ];
    for file in tops.iter().flat_map(|top| hdl::verilog::print_with(top, "From a test.")) {
        text += &format!("{}\n", file.text);
    }
    golden::check("modules.v", &text);
}

#[test]
fn equal_descriptions_print_equally() {
    let text = |module: Arc<Module>| hdl::verilog::print(&module);
    assert_eq!(text(pair()), text(pair()));
    assert_eq!(pair().fingerprint(), pair().fingerprint());
}
