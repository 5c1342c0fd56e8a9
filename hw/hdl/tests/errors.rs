//! Every mistake that a description can contain, and the exact words that it is answered with.
//! `BLESS=1` (`make bless`) rewrites them; read the difference before committing it.

mod golden;

use hdl::{Builder, Errors, ForeignBuilder, Module};
use std::sync::Arc;

type Outcome = Result<Arc<Module>, Errors>;

/// What is wrong, and a description in which it is.
type Case = (&'static str, fn() -> Outcome);

/// A foreign inverter, and other modules beside it.
fn core(name: &str, others: &str) -> Outcome {
    let text = format!("module {name}(input x, output z); assign z = !x; endmodule {others}");
    ForeignBuilder::new(name, "", &text).input("x", 1, "").output("z", 1, "").finish()
}

const CASES: &[Case] = &[
    ("operands of different widths", || {
        let b = Builder::new("adder", "");
        let (x, y) = (b.input("x", 8, ""), b.input("y", 9, ""));
        b.output("sum", &(&x + &y), "");
        b.finish()
    }),
    ("sides of a mux of different widths", || {
        let b = Builder::new("chooser", "");
        let (x, y) = (b.input("x", 8, ""), b.input("y", 9, ""));
        b.output("z", &x.bit(0).mux(&x, &y), "");
        b.finish()
    }),
    ("a mux chosen by more than one bit", || {
        let b = Builder::new("chooser", "");
        let x = b.input("x", 8, "");
        b.output("z", &x.mux(&x, &x), "");
        b.finish()
    }),
    ("more options than the index can name", || {
        let b = Builder::new("chooser", "");
        let x = b.input("x", 1, "");
        b.output("z", &x.select(&[x.clone(), x.clone(), x.clone()]), "");
        b.finish()
    }),
    ("bits beyond the end", || {
        let b = Builder::new("cutter", "");
        b.output("z", &b.input("x", 8, "").slice(4, 5), "");
        b.finish()
    }),
    ("a number that does not fit", || {
        let b = Builder::new("offset", "");
        b.output("z", &(b.input("x", 4, "") + 16), "");
        b.finish()
    }),
    ("what is never driven", || {
        let b = Builder::new("loose", "");
        b.output("z", &b.wire("w", 4).signal(), "");
        b.output("y", &b.reg("r", 4).q(), "");
        b.finish()
    }),
    ("what is driven twice", || {
        let b = Builder::new("crowded", "");
        let x = b.input("x", 4, "");
        let w = b.wire("w", 4);
        w.drive(&x);
        w.drive(&!&x);
        b.reg("r", 4).next(&x).next(&w.signal());
        b.finish()
    }),
    ("attributes of no port, and such as cannot be written", || {
        let b = Builder::new("labelled", "");
        b.output("z", &b.input("x", 1, ""), "");
        b.attribute("xx", "KEEP", "yes");
        b.attribute("z", "keep it", "yes");
        b.attribute("aclk", "KEEP", "\"");
        b.finish()
    }),
    ("a combinational loop", || {
        let b = Builder::new("oscillator", "");
        let x = b.input("x", 4, "");
        let w = b.wire("w", 4);
        w.drive(&(&w.signal() + &x).named("sum").slice(0, 3).zext(4).named("cut"));
        b.output("z", &w.signal(), "");
        b.finish()
    }),
    ("a combinational loop through an instance", || {
        let b = Builder::new("inverter", "");
        b.output("z", &!b.input("x", 1, ""), "");
        let inverter = b.finish()?;
        let b = Builder::new("ring", "");
        let u = b.instance("u", &inverter);
        u.connect("x", &u.out("z"));
        b.finish()
    }),
    ("ports that an instance has not, and those that are left open", || {
        let b = Builder::new("inverter", "");
        b.output("result", &!b.input("operand", 1, ""), "");
        let inverter = b.finish()?;
        let b = Builder::new("outer", "");
        let u = b.instance("u", &inverter);
        u.connect("operant", &b.one());
        b.output("z", &u.out("resullt"), "");
        b.finish()
    }),
    ("an instance's port of another width", || {
        let b = Builder::new("inverter", "");
        b.output("result", &!b.input("operand", 1, ""), "");
        let inverter = b.finish()?;
        let b = Builder::new("outer", "");
        b.instance("u", &inverter).connect("operand", &b.input("x", 2, ""));
        b.finish()
    }),
    ("two modules of one name", || {
        let leaf = |width: u32| {
            let b = Builder::new("leaf", "");
            b.output("z", &!b.input("x", width, ""), "");
            b.finish()
        };
        let b = Builder::new("outer", "");
        b.instance("u", &leaf(1)?).connect("x", &b.one());
        b.instance("v", &leaf(2)?).connect("x", &b.zero(2));
        b.finish()
    }),
    ("names that are none, reserved or taken", || {
        let b = Builder::new("9lives", "");
        b.input("aclk", 1, "");
        b.input("while", 1, "");
        let x = b.input("x", 1, "").named("a__b");
        b.output("x", &x, "");
        b.finish()
    }),
    ("memory ports of the wrong width", || {
        let b = Builder::new("store", "");
        let x = b.input("x", 8, "");
        let memory = b.memory("words", 12, 100);
        memory.write(&x, &x, &x);
        memory.write_masked(&x.trunc(7), &x.zext(12), &x.bit(0), &x, 5);
        b.output("z", &memory.read(&x), "");
        b.finish()
    }),
    ("a declaration of foreign Verilog", || {
        let text = "/* module commented */ module a; endmodule // module b\nmodule a; \"module c\" endmodule";
        ForeignBuilder::new("core", "", text)
            .clock("clk")
            .clock("clock")
            .input("clock", 1, "")
            .input("while", 1, "")
            .input("rst", 2, "")
            .input("bus$operand", 8, "")
            .output("z", 0, "")
            .depends("y", &[])
            .depends("z", &["bus$operant"])
            .finish()
    }),
    ("a combinational loop through foreign Verilog", || {
        let core = core("core", "")?;
        let b = Builder::new("ring", "");
        let u = b.instance("u", &core);
        u.connect("x", &!&u.out("z"));
        b.finish()
    }),
    ("foreign modules that bring a helper each, of one name", || {
        let helper = |wire: &str| format!("module helper; wire {wire}; endmodule");
        let b = Builder::new("outer", "");
        b.instance("u", &core("one", &helper("a"))?).connect("x", &b.one());
        b.instance("v", &core("other", &helper("b"))?).connect("x", &b.one());
        b.finish()
    }),
    ("a signal of another module", || {
        let (a, b) = (Builder::new("here", ""), Builder::new("there", ""));
        a.output("z", &(a.input("x", 1, "") & b.input("y", 1, "")), "");
        a.finish()
    }),
];

#[test]
fn mistakes_are_told() {
    let mut text = String::new();
    for (what, describe) in CASES {
        let errors = describe().expect_err(what).to_string();
        text += &format!("# {what}\n{}\n\n", without_lines(&errors));
    }
    golden::check("errors.txt", text.trim_end());
}

/// What the only mistake of a description says, and in which line of this file.
fn mistake(outcome: Outcome) -> (String, u32) {
    let errors = outcome.expect_err("a mistake").0;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].place.file().ends_with("hw/hdl/tests/errors.rs"));
    (errors[0].message.clone(), errors[0].place.line())
}

#[test]
fn a_mistake_names_the_path_of_its_signals_and_its_own_line() {
    let b = Builder::new("adder", "");
    let (x, y) = (b.input("x", 8, ""), b.input("y", 9, ""));
    let line = line!() + 1;
    let sum = &x + &y;
    b.output("sum", &sum, "");
    let message = "operands of `+` have 8 and 9 bits: adder.x and adder.y";
    assert_eq!(mistake(b.finish()), (message.into(), line));

    let b = Builder::new("loose", "");
    let line = line!() + 1;
    let wire = b.wire("w", 4);
    b.output("z", &wire.signal(), "");
    assert_eq!(mistake(b.finish()), ("wire loose.w is never driven".into(), line));

    let b = Builder::new("crowded", "");
    let register = b.reg("r", 1);
    register.next(&b.one());
    let line = line!() + 1;
    register.next(&b.zero(1));
    assert_eq!(mistake(b.finish()), ("the next of register crowded.r is driven twice".into(), line));

    let b = Builder::new("oscillator", "");
    let line = line!() + 1;
    let wire = b.wire("w", 1);
    wire.drive(&!&wire.signal());
    b.output("z", &wire.signal(), "");
    let message = "combinational loop: oscillator.w <- oscillator.w";
    assert_eq!(mistake(b.finish()), (message.into(), line));
}

/// Line numbers change whenever this file does, so they are checked only to be there.
fn without_lines(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("errors.rs:") {
        let after = &rest[at + "errors.rs:".len()..];
        let end = after.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(after.len());
        assert!(after[..end].contains(':'), "a line and a column");
        out += &rest[..at];
        out += "errors.rs:LINE";
        rest = &after[end..];
    }
    out + rest
}
