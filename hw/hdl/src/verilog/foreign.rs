//! The file of a foreign module: its text as it came. Linters judge how Verilog is written, and this was not
//! written here, so they are silenced for it. Errors stay, and so do the warnings at our instances of it.

use super::header;
use crate::module::Module;

/// What Verilator's `-Wall` says of style, by names that version 5.006 and later ones know. What rather shows a
/// fault (LATCH, UNDRIVEN, IMPLICIT, PINMISSING, MULTIDRIVEN) is not silenced.
const SILENCED: &[&str] = &[
    "BLKSEQ",
    "CASEINCOMPLETE",
    "CASEX",
    "CMPCONST",
    "DECLFILENAME",
    "EOFNEWLINE",
    "LITENDIAN",
    "PINCONNECTEMPTY",
    "UNOPTFLAT",
    "UNSIGNED",
    "UNUSED",
    "VARHIDDEN",
    "WIDTH",
];

/// Why, as the file says.
const REASON: &str =
    "Written elsewhere and printed as it came: Verilator is silenced for this text alone, whose style \
is not ours to change.";

pub(super) fn print(module: &Module, verilog: &str, origin: &str) -> String {
    let mut text = header(module, &format!("{REASON}\n{origin}"));
    text += "/* verilator lint_save */\n";
    for code in SILENCED {
        text += &format!("/* verilator lint_off {code} */\n");
    }
    text += &format!("\n{}\n\n/* verilator lint_restore */\n", verilog.trim());
    text
}
