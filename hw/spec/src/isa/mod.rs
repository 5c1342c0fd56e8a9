//! The instruction set: [`table`] is its one home, [`code`] turns instructions into words and back,
//! [`assembler`] words into text and back, [`manual`] prints `docs/isa.md`.

pub mod assembler;
pub mod code;
pub mod manual;
pub mod table;
