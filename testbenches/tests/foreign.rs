//! Blocks written in rust-hdl, inside a module of ours, under Verilator: a PE op and a clocked core do what our own
//! do, cycle by cycle, and our part of the text stays clean.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use cosim::verilator::Verilated;
use hdl::{Builder, Module, Signal as Value};
use num::Num;
use rust_hdl::prelude::*;
use sim::{InputId, OutputId, Simulator};
use spec::op::Op;
use spec::random::Rng;

/// Cycles of each comparison.
const CYCLES: u32 = 5000;
const SEED: u64 = 46;

/// The adder op, `-|x - w|` of two signed bytes, `off` beside the truth.
#[derive(LogicBlock)]
struct Term {
    pub x: Signal<In, Signed<8>>,
    pub w: Signal<In, Signed<8>>,
    pub term: Signal<Out, Signed<9>>,
    forward: Signal<Local, Signed<9>>,
    backward: Signal<Local, Signed<9>>,
    off: Constant<Signed<9>>,
}

impl Term {
    fn new(off: i64) -> Term {
        Term {
            x: Signal::default(),
            w: Signal::default(),
            term: Signal::default(),
            forward: Signal::default(),
            backward: Signal::default(),
            off: Constant::new(signed(off)),
        }
    }
}

impl Logic for Term {
    #[hdl_gen]
    fn update(&mut self) {
        self.forward.next = signed_bit_cast::<9, 8>(self.x.val()) - signed_bit_cast::<9, 8>(self.w.val());
        self.backward.next = signed_bit_cast::<9, 8>(self.w.val()) - signed_bit_cast::<9, 8>(self.x.val());
        self.term.next = self.backward.val() + self.off.val();
        if self.forward.val().get_bit(8) {
            self.term.next = self.forward.val() + self.off.val();
        }
    }
}

/// What a core is fed with.
#[derive(LogicInterface, Clone, Debug, Default)]
struct Feed {
    pub valid: Signal<In, Bit>,
    pub x: Signal<In, Bits<12>>,
}

/// A clocked core: the sum of what came while `valid`, modulo 2^12.
#[derive(LogicBlock, Default)]
struct Sum {
    pub clock: Signal<In, Clock>,
    pub feed: Feed,
    pub sum: Signal<Out, Bits<12>>,
    held: DFF<Bits<12>>,
}

impl Logic for Sum {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        if self.feed.valid.val() {
            self.held.d.next = self.held.q.val() + self.feed.x.val();
        }
        self.sum.next = self.held.q.val();
    }
}

/// Two PEs' terms added up in a register; `term` makes the term of an input and a weight.
fn pair(term: impl Fn(&Builder, &str, &Value, &Value) -> Value) -> Arc<Module> {
    let b = Builder::new("pair", "Two terms of one input a cycle, added up.");
    let [x, w0, w1] = ["x", "w0", "w1"].map(|name| b.input(name, 8, "signed"));
    let clear = b.input("clear", 1, "starts a new sum");
    let both = term(&b, "pe_0", &x, &w0).add(&term(&b, "pe_1", &x, &w1));
    let acc = b.reg("acc", 32);
    acc.reset(0).next(&clear.mux(&b.zero(32), &acc.q()).add(&both).fit(32));
    b.output("acc", &acc.q(), "the sum");
    b.finish().expect("a correct description")
}

/// The pair with an op of ours.
fn ours(op: Op) -> Arc<Module> {
    pair(|_, _, x, w| op.term(x, w))
}

/// The pair with two instances of a foreign op.
fn theirs(pe: &Arc<Module>) -> Arc<Module> {
    pair(|b, name, x, w| b.instance(name, pe).connect("x", x).connect("w", w).out("term"))
}

fn verilated(module: &Arc<Module>) -> Verilated {
    let folder = std::env::var_os("NASA_CACHE").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_TARGET_TMPDIR")).to_owned());
    Verilated::build(module, &folder).unwrap_or_else(|error| panic!("{error}"))
}

/// The cycles in which the two modules' outputs differ, of `CYCLES` with the same random inputs.
fn differing(one: &Arc<Module>, other: &Arc<Module>) -> u32 {
    println!("seed {SEED}");
    let (mut one, mut other, mut rng) = (verilated(one), verilated(other), Rng::new(SEED));
    let widths = |module: &Arc<Module>| module.inputs().iter().map(|port| port.width).collect::<Vec<_>>();
    assert_eq!(widths(one.module()), widths(other.module()), "the same inputs");
    let inputs = one.module().inputs().to_vec();
    let outputs = one.module().outputs().len();
    assert!(outputs > 0, "something to compare");
    let mut count = 0;
    for cycle in 0..CYCLES {
        for (index, port) in inputs.iter().enumerate() {
            let value = match port.name.as_str() {
                "rst" | "clear" => u64::from(cycle == 0 || rng.percent(5)),
                _ => rng.bits() >> (64 - port.width),
            };
            one.set(InputId(index), value);
            other.set(InputId(index), value);
        }
        let differs = (0..outputs).any(|index| one.get(OutputId(index)) != other.get(OutputId(index)));
        count += u32::from(differs);
        one.step(1);
        other.step(1);
    }
    count
}

#[test]
fn an_op_of_rust_hdl_is_the_op_of_ours() {
    let term = nasa_rust_hdl::import("term", Term::new(0)).expect("a correct block");
    let module = theirs(&term);
    assert_eq!(module.instances().len(), 2);
    assert_eq!(differing(&ours(Op::Adder), &module), 0);
}

#[test]
fn a_wrong_constant_in_it_is_noticed() {
    let wrong = nasa_rust_hdl::import("term", Term::new(1)).expect("a correct block");
    let differences = differing(&ours(Op::Adder), &theirs(&wrong));
    assert!(differences > CYCLES / 2, "only {differences} cycles differ");
}

#[test]
fn a_clocked_core_of_rust_hdl_runs_by_our_clock() {
    let total = nasa_rust_hdl::describe("total", Sum::default()).expect("a correct block");
    let total = total.depends("sum", &[]).finish().expect("a correct declaration");
    let reference = {
        let b = Builder::new("total", "The same.");
        let held = b.reg("held", 12);
        held.enable(&b.input("valid", 1, "")).next(&(held.q() + b.input("x", 12, "")));
        b.output("sum", &held.q(), "");
        b.finish().expect("a correct description")
    };
    // Each adds up what the other holds, over a register of ours on one way: values cross between the two kinds of
    // clocked text in both directions, and the way back is no loop because registers drive the outputs.
    let ring = |core: &Arc<Module>, [valid_port, x_port]: [&str; 2]| {
        let b = Builder::new("ring", "Two sums of each other.");
        let (valid, x) = (b.input("valid", 1, ""), b.input("x", 12, ""));
        let (first, second) = (b.instance("first", core), b.instance("second", core));
        first.connect(valid_port, &valid).connect(x_port, &(&x + &second.out("sum")));
        second.connect(valid_port, &!&valid).connect(x_port, &b.delay("between", &first.out("sum")));
        b.output("sum", &second.out("sum"), "");
        b.finish().expect("a correct description")
    };
    let rings = [ring(&reference, ["valid", "x"]), ring(&total, ["feed$valid", "feed$x"])];
    assert_eq!(differing(&rings[0], &rings[1]), 0);
    assert_eq!(differing(&reference, &total), 0, "on its own, too");
}

#[test]
fn our_part_of_the_text_is_clean() {
    let term = nasa_rust_hdl::import("term", Term::new(0)).expect("a correct block");
    assert_eq!(lint(&theirs(&term)), "");
    // The linter still judges our instances of it: of a port declared too narrow it says so.
    let foreign = term.foreign().expect("not ours");
    let narrow = hdl::ForeignBuilder::new("term", "One bit short.", &foreign.text);
    let narrow = narrow.input("x", 8, "").input("w", 8, "").output("term", 8, "");
    let said = lint(&theirs(&narrow.finish().expect("text is not read")));
    assert!(said.contains("WIDTH") && said.contains("pair.v"), "{said}");
}

#[test]
fn blocks_of_its_library_come_in() {
    let blocks = [
        nasa_rust_hdl::import("queue", SynchronousFIFO::<Bits<8>, 4, 5, 1>::default()),
        nasa_rust_hdl::import("noise", LFSRSimple::default()),
        nasa_rust_hdl::import("dimmer", PulseWidthModulator::<6>::default()),
        nasa_rust_hdl::import("edges", EdgeDetector::new(true)),
        nasa_rust_hdl::import("narrow", FIFOReducerN::<32, 8>::new(WordOrder::LeastSignificantFirst)),
    ];
    for block in blocks {
        assert_eq!(lint(&block.unwrap_or_else(|error| panic!("{error}"))), "");
    }
}

/// What Verilator's lint says of a module.
fn lint(top: &Arc<Module>) -> String {
    let folder = format!("foreign-{}-{}", std::process::id(), top.name());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    std::fs::create_dir_all(&folder).expect("a work folder");
    let files = hdl::verilog::print(top);
    let foreign = top.hierarchy().into_iter().filter(|module| module.foreign().is_some());
    let foreign: Vec<String> = foreign.map(|module| format!("{}.v", module.name())).collect();
    for file in &files {
        let is_foreign = foreign.contains(&file.name);
        assert_eq!(file.text.contains("lint_off"), is_foreign, "{}: silenced where foreign", file.name);
        std::fs::write(folder.join(&file.name), &file.text).expect("a writable folder");
    }
    let names = files.iter().map(|file| file.name.as_str());
    let mut verilator = Command::new("verilator");
    verilator.current_dir(&folder).args(["--lint-only", "-Wall", "--top-module", top.name()]).args(names);
    let output = verilator.output().expect("verilator is installed (make setup)");
    std::fs::remove_dir_all(&folder).expect("our own folder");
    String::from_utf8_lossy(&output.stderr).into_owned()
}
