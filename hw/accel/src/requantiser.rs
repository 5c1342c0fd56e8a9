//! The requantiser of one lane: `num::requant` as a pipeline, one definition for every lane of every chunk.

use hdl::{Builder, Errors, Module};
use num::requant::{requant, Channel, ACC_BITS, ACT_BITS, BIAS_BITS, MULTIPLIER_BITS};
use num::Num;
use spec::isa::table::PARAMETER_BYTES;
use std::sync::Arc;

/// Sum, residual and parameters in; the byte `num::requant::STAGES` cycles later.
pub fn module() -> Result<Arc<Module>, Errors> {
    let b = Builder::new(
        "requantiser",
        "A 32-bit sum becomes an 8-bit activation: scale, residual, round, clamp.",
    );
    let acc = b.input("acc", ACC_BITS, "sum");
    let residual = b.input("residual", ACT_BITS, "residual, 0 where the layer has none");
    let parameters =
        b.input("parameters", 8 * PARAMETER_BYTES as u32, "the channel's parameters, first byte lowest");
    let lo = b.input("lo", ACT_BITS, "lower clamp");
    let hi = b.input("hi", ACT_BITS, "upper clamp");
    let field = |byte: u32, bits: u32| parameters.slice(8 * byte, bits);
    // Shifts are unsigned: a zero above makes them non-negative numbers.
    let channel = Channel {
        bias: field(0, BIAS_BITS),
        multiplier: field(6, MULTIPLIER_BITS),
        shift: field(8, 6).zext(7),
        residual_multiplier: field(9, MULTIPLIER_BITS),
        residual_shift: field(11, 5).zext(6),
    };
    let byte = requant(&acc, &residual, &channel, &lo, &hi).fit(ACT_BITS);
    b.output("byte_out", &byte, "activation");
    b.finish()
}
