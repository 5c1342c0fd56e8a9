//! What is read off a block, and what is said of one that cannot come in.

use nasa_rust_hdl::{describe, import};
use rust_hdl::prelude::*;

#[derive(Copy, Clone, PartialEq, Debug, LogicState)]
enum Mode {
    Idle,
    Busy,
    Done,
}

#[derive(Copy, Clone, PartialEq, Debug, Default, LogicStruct)]
struct Pixel {
    red: Bits<5>,
    green: Bits<6>,
    valid: Bit,
}

#[derive(LogicInterface, Clone, Debug, Default)]
struct Stream {
    pub data: Signal<In, Bits<12>>,
    pub ready: Signal<Out, Bit>,
}

/// A port of every form.
#[derive(LogicBlock, Default)]
struct Core {
    pub clock: Signal<In, Clock>,
    pub pixel: Signal<In, Pixel>,
    pub stream: Stream,
    pub lanes: [Signal<In, Signed<4>>; 2],
    pub mode: Signal<Out, Mode>,
    pub sum: Signal<Out, Bits<12>>,
    held: DFF<Bits<12>>,
}

impl Logic for Core {
    #[hdl_gen]
    fn update(&mut self) {
        dff_setup!(self, clock, held);
        self.stream.ready.next = self.pixel.val().valid;
        if self.stream.ready.val() {
            self.held.d.next = self.stream.data.val();
        }
        self.mode.next = Mode::Idle;
        if self.pixel.val().valid {
            self.mode.next = Mode::Busy;
        } else if self.stream.ready.val() {
            self.mode.next = Mode::Done;
        }
        self.sum.next = self.held.q.val();
    }
}

#[test]
fn ports_of_every_form_are_read() {
    let core = import("core", Core::default()).expect("a correct block");
    let foreign = core.foreign().expect("not ours");
    assert_eq!(foreign.modules, ["core", "core$held"]);
    assert_eq!((foreign.clock.as_deref(), core.clock_port()), (Some("clock"), "clock"));
    let ports = core.inputs().iter().chain(core.outputs().iter().map(|output| &output.port));
    let ports: Vec<String> =
        ports.map(|port| format!("{} {}: {}", port.name, port.width, port.doc)).collect();
    assert_eq!(
        ports,
        [
            "pixel 12: Pixel: red [4:0], green [10:5], valid [11:11]",
            "stream$data 12: Bits<12>",
            "lanes$0 4: Signed<4>",
            "lanes$1 4: Signed<4>",
            "stream$ready 1: Bit",
            "mode 2: Mode: 0 Idle, 1 Busy, 2 Done",
            "sum 12: Bits<12>",
        ]
    );
    assert_eq!(core.outputs()[2].depends_on, [0, 1, 2, 3], "careful, where nothing else is said");
    let core = describe("core", Core::default()).expect("a correct block").depends("sum", &[]);
    assert!(core.finish().expect("such a port").outputs()[2].depends_on.is_empty());
}

/// What our modules cannot have, and what rust-hdl itself finds wrong.
#[derive(LogicBlock, Default)]
struct Wrong {
    pub clock: Signal<In, Clock>,
    pub other_clock: Signal<In, Clock>,
    pub clock_out: Signal<Out, Clock>,
    pub pad: Signal<InOut, Bit>,
    pub q: Signal<Out, Bits<4>>,
    held: DFF<Bits<4>>,
    opaque: Opaque,
}

impl Logic for Wrong {
    #[hdl_gen]
    fn update(&mut self) {
        self.held.clock.next = self.clock.val();
        self.clock_out.next = self.clock.val();
        self.q.next = self.held.q.val();
    }
}

/// A block that only simulates.
#[derive(LogicBlock, Default)]
struct Opaque {
    pub z: Signal<Out, Bit>,
}

impl Logic for Opaque {
    fn update(&mut self) {
        self.z.next = true;
    }

    fn connect(&mut self) {
        self.z.connect();
    }
}

/// Correct, but for its names and its clocks.
#[derive(LogicBlock, Default)]
struct Misnamed {
    pub clock: Signal<In, Clock>,
    pub other: Signal<In, Clock>,
    pub signed: Signal<In, Bit>,
    pub z: Signal<Out, Bit>,
}

impl Logic for Misnamed {
    #[hdl_gen]
    fn update(&mut self) {
        self.z.next = self.signed.val();
    }
}

#[test]
fn what_cannot_come_in_is_told() {
    let error = import("wrong", Wrong::default()).expect_err("nothing of it is right");
    assert_eq!(
        error.to_string(),
        "error[rust-hdl]: the block cannot become module wrong
  = clock_out gives a clock; ours is one, and comes from outside
  = pad is an InOut, which our modules cannot drive
  = wrong.opaque has outputs and no Verilog; its `update` lacks #[hdl_gen]
  = never driven: wrong.held.d"
    );
    let error = import("9", Misnamed::default()).expect_err("three mistakes").to_string();
    for said in ["`9` is no name", "two clocks, clock and other", "the name `signed` is reserved"] {
        assert!(error.contains(said), "{said}:\n{error}");
    }
    assert!(error.contains("blocks.rs"), "the place is that of the import:\n{error}");
}
