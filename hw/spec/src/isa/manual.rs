//! `docs/isa.md`, printed from the tables.

use super::table::*;
use std::fmt::Write;

/// What a nest's flags mean: which nests, the bit, the assembler's value and the meaning.
const FLAGS: &[(&str, u32, &str)] = &[
    ("input, weight, drain", FLAG_TILE, "a tile ends where this level advances, and at the nest's end"),
    ("compute", FLAG_X_NEXT, "the input tiles that a step reads are released where this level advances"),
    ("compute", FLAG_X_ROLL, "of the input tiles that a step reads only the oldest is released where this level advances"),
    ("compute", FLAG_W_NEXT, "the weight tile is released where this level advances"),
    ("compute", FLAG_A_NEXT, "the partial sums are complete and go to the drain where this level advances"),
    ("drain", FLAG_PASS, "a loop of passes over the same results: all but the first go on from stored sums, all but the last store them"),
    ("compute", FLAG_REDUCE, "a reduction loop: a partial sum starts from 0 while all of them are at 0"),
    ("drain", FLAG_REDUCE, "a loop whose beats are added up, to a result where all of them are at their last iteration"),
];

/// The page.
pub fn markdown() -> String {
    let mut page = String::from(
        "# The instruction set\n\n\
         Printed from `hw/spec/src/isa/table.rs`; do not edit (`make bless` rewrites it). How a chunk executes what is \
         said here is in [machine.md](machine.md).\n\n",
    );
    let sections =
        [words(), instructions(), transfer_registers(), execute_registers(), nests(), program(), text()];
    page.push_str(&sections.join("\n"));
    page
}

fn words() -> String {
    format!(
        "## Words\n\n\
         An instruction is one 64-bit little-endian word. Bits {}..{} are the opcode; the fields of each instruction \
         have fixed places, so a hex dump reads without the configuration. Each chunk has three queues (`ld`, `ex`, \
         `st`), each with a stream of its own. A word whose opcode its queue does not know stops the machine; 0 is such \
         a word.\n",
        OPCODE.low + OPCODE.width - 1,
        OPCODE.low
    )
}

fn instructions() -> String {
    let mut page = String::from("## Instructions\n\n| mnemonic | opcode | queues | fields (bits) | what it does |\n|---|---|---|---|---|\n");
    for row in INSTRUCTIONS {
        let queues: Vec<&str> = row.queues.iter().map(|queue| queue.name()).collect();
        let fields: Vec<String> = row.fields.iter().map(field).collect();
        let Row { name, opcode, meaning, .. } = row;
        // Writing to a string cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {opcode:#04x} | {} | {} | {meaning} |",
            name.to_lowercase(),
            queues.join(" "),
            fields.join(", ")
        );
    }
    page
}

fn field(field: &Field) -> String {
    let sign = if field.signed { ", signed" } else { "" };
    match field.width {
        1 => format!("`{}` {}", field.name, field.low),
        width => format!("`{}` {}..{}{sign}", field.name, field.low + width - 1, field.low),
    }
}

fn transfer_registers() -> String {
    format!(
        "## Registers of the `ld` and `st` queues\n\nA transfer is a three-deep copy of rows of bytes.\n\n{}",
        registers(TRANSFER)
    )
}

fn execute_registers() -> String {
    format!("## Registers of the `ex` queue\n\n{}", registers(EXECUTE))
}

fn registers(registers: &[Register]) -> String {
    let mut page = String::from("| number | register | bits | meaning |\n|---|---|---|---|\n");
    for (number, Register { name, width, signed, meaning }) in registers.iter().enumerate() {
        let sign = if *signed { ", signed" } else { "" };
        let _ = writeln!(page, "| {number} | `{name}` | {width}{sign} | {meaning} |");
    }
    page
}

fn nests() -> String {
    let mut page = String::from(
        "## Nests\n\nEvery step of a nest adds, to each of its accumulators, the delta of the level that advances. \
         `delta` sets the accumulators `2 * pair` and `2 * pair + 1`.\n\n\
         | number | nest | accumulators in their order (bits) |\n|---|---|---|\n",
    );
    for (number, nest) in NestKind::ALL.iter().enumerate() {
        let names: Vec<String> =
            nest.accumulators().iter().map(|(name, bits)| format!("`{name}` {bits}")).collect();
        let _ = writeln!(page, "| {number} | `{}` | {} |", nest.name(), names.join(", "));
    }
    page.push_str("\n| flag of a level | in nests | meaning |\n|---|---|---|\n");
    for (nests, flag, meaning) in FLAGS {
        let _ = writeln!(page, "| {flag} | {nests} | {meaning} |");
    }
    page
}

fn program() -> String {
    format!(
        "## Programs in DRAM\n\n\
         A program starts with {HEADER_WORDS} words: the configuration hash, then for each queue (chunk by chunk; `ld`, \
         `ex`, `st`) the byte offset of its stream from the header, 0 where it has none. Streams start at multiples of \
         64 bytes.\n\n\
         Requantise parameters take {PARAMETER_BYTES} bytes a channel, little-endian: bias 6, multiplier 2, shift 1, residual \
         multiplier 2, residual shift 1. A row of parameters is {PARAMETER_BYTES} planes of `post_lanes` bytes, plane 0 first.\n\n\
         Stored sums take {SUM_BYTES} bytes, little-endian, in the order of the results.\n"
    )
}

fn text() -> String {
    "## Text\n\n\
     `nasa disasm` prints a program and `nasa asm` reads it back. A line is a mnemonic with `field=value` for each field; \
     `;` opens a comment. The names of registers and nests stand for their numbers, and `skip` may be a label \
     (`name:` on a line of its own). `.word 0x...` is any word. Directives (`.config`, `.images`, `.base`, `.dram_end`, \
     `.input`, `.output`, `.constants`, `.bytes`, `.stream`, `.begin`, `.end`) carry what is no instruction.\n"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_register_and_nest_is_in_the_manual() {
        let page = markdown();
        let rows = INSTRUCTIONS.iter().map(|row| row.name.to_lowercase());
        let registers = TRANSFER.iter().chain(EXECUTE).map(|register| register.name.to_string());
        for name in rows.chain(registers) {
            assert!(page.contains(&format!("| `{name}` |")), "{name}");
        }
    }
}
