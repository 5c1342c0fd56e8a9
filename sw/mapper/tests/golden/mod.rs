//! The layers for which figures of the paper's simulator are known: 168 multiplier PEs, 8 bits, the tiling with the
//! least energy-delay product that fits a buffer of its own.

use mapper::energy::Objective;
use mapper::nasa::energy::Unit;
use mapper::nasa::search::{Array, Front, Tiled};
use mapper::nasa::{Dataflow, BUFFER_WORDS};
use mapper::work::{Sizes, Work};
use spec::op::Op;

/// A layer (K, C, OY, OX, FY, FX; stride), and its mJ and ms in the order of `DATAFLOWS`, as printed.
pub type Golden = (&'static str, [u32; 6], u32, [(&'static str, &'static str); 4]);

/// The figures.
pub const GOLDEN: [Golden; 5] = [
    (
        "pointwise 32 -> 192 at 16 x 16",
        [192, 32, 16, 16, 1, 1],
        1,
        [(".0103334", ".049152"), (".0101675", ".049152"), (".0100692", ".049152"), (".0100917", ".049152")],
    ),
    (
        "a channel of depthwise 3 x 3 at 16 x 16",
        [1, 1, 16, 16, 3, 3],
        1,
        [
            ("5.93608e-5", "1.92e-4"),
            ("5.85808e-5", "1.44e-4"),
            ("6.10248e-5", "6.4e-5"),
            ("5.96048e-5", "1.44e-4"),
        ],
    ),
    (
        "a channel of depthwise 5 x 5 from 16 to 8",
        [1, 1, 8, 8, 5, 5],
        2,
        [("3.9756e-5", ".00016"), ("3.9069e-5", ".0004"), ("4.0648e-5", "6.4e-5"), ("3.9741e-5", ".0004")],
    ),
    (
        "pointwise 192 -> 64 at 8 x 8",
        [64, 192, 8, 8, 1, 1],
        1,
        [
            (".00487588", ".024576"),
            (".00471204", ".024576"),
            (".00470385", ".024576"),
            (".00474071", ".024576"),
        ],
    ),
    (
        "3 x 3 16 -> 24 at 32 x 32",
        [24, 16, 32, 32, 3, 3],
        1,
        [(".013175", ".098304"), (".0108035", ".110592"), (".0126239", ".098304"), (".0123764", ".110592")],
    ),
];

/// The best tiling of a layer in a dataflow.
pub fn best(dataflow: &Dataflow, dims: [u32; 6], stride: u32) -> Tiled {
    let unit = Unit::of(Op::Conv, 8).expect("a width of the table");
    let array = Array { op: Op::Conv, pes: 168, unit };
    let front = Front::search(dataflow, &work(dims, stride), &array, Objective::Edp);
    *front.within(BUFFER_WORDS).expect("the layer fits")
}

fn work([k, c, oy, ox, fy, fx]: [u32; 6], stride: u32) -> Work {
    Work {
        size: Sizes([1, k, c, oy, ox, fy, fx]),
        stride: [stride; 2],
        padding: [fy / 2, fx / 2],
        input: [oy * stride, ox * stride],
        residual: false,
    }
}
