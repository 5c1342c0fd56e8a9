//! Words: encoding and decoding by the table alone.

use super::table::{Field, Queue, Row, INSTRUCTIONS, OPCODE};
use std::fmt;

/// One instruction: its row of the table and a value for every field of the row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The row.
    pub row: &'static Row,
    /// Values in the order of `row.fields`.
    pub values: Vec<i64>,
}

impl Instruction {
    /// The instruction `opcode` with its operands, checked against the fields.
    ///
    /// # Errors
    /// Names the field that does not hold its value, and the field's range.
    pub fn new(opcode: u32, values: &[i64]) -> Result<Instruction, EncodeError> {
        let row = row_of(opcode).ok_or(EncodeError::Opcode(opcode))?;
        if values.len() != row.fields.len() {
            return Err(EncodeError::Count { name: row.name, given: values.len(), needed: row.fields.len() });
        }
        for (field, value) in row.fields.iter().zip(values) {
            let (lo, hi) = field.range();
            if !(lo..=hi).contains(value) {
                return Err(EncodeError::Range { name: row.name, field: field.name, value: *value, lo, hi });
            }
        }
        Ok(Instruction { row, values: values.to_vec() })
    }

    /// The value of the field called `name`. Panics where the row has no such field: that is our own mistake.
    pub fn get(&self, name: &str) -> i64 {
        let index = self.row.fields.iter().position(|field| field.name == name);
        self.values[index.unwrap_or_else(|| panic!("{} has no field {name}", self.row.name))]
    }

    /// The word.
    pub fn encode(&self) -> u64 {
        let fields = self.row.fields.iter().zip(&self.values);
        fields.fold(OPCODE.insert(i64::from(self.row.opcode)), |word, (field, value)| {
            word | field.insert(*value)
        })
    }

    /// The instruction of `word` in `queue`; `None` where the hardware would call it illegal.
    pub fn decode(word: u64, queue: Queue) -> Option<Instruction> {
        let row = row_of(OPCODE.extract(word) as u32).filter(|row| row.queues.contains(&queue))?;
        Some(Instruction { row, values: row.fields.iter().map(|field| field.extract(word)).collect() })
    }
}

/// The assembler's text: mnemonic, then `field=value`.
impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<8}", self.row.name.to_lowercase())?;
        for (field, value) in self.row.fields.iter().zip(&self.values) {
            write!(f, " {}={}", field.name, value)?;
        }
        Ok(())
    }
}

impl Field {
    /// Smallest and largest value.
    pub fn range(&self) -> (i64, i64) {
        if self.signed {
            (-(1 << (self.width - 1)), (1 << (self.width - 1)) - 1)
        } else {
            (0, (1 << self.width) - 1)
        }
    }

    /// `value` at its place in a word.
    pub fn insert(&self, value: i64) -> u64 {
        (value as u64 & (u64::MAX >> (64 - self.width))) << self.low
    }

    /// The value in `word`.
    pub fn extract(&self, word: u64) -> i64 {
        let aligned = word << (64 - self.low - self.width);
        if self.signed {
            aligned as i64 >> (64 - self.width)
        } else {
            (aligned >> (64 - self.width)) as i64
        }
    }
}

/// The row of an opcode.
pub fn row_of(opcode: u32) -> Option<&'static Row> {
    INSTRUCTIONS.iter().find(|row| row.opcode == opcode)
}

/// Why an instruction cannot be a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// No row has this opcode.
    Opcode(u32),
    /// The wrong number of operands.
    Count {
        /// Mnemonic.
        name: &'static str,
        /// Operands given.
        given: usize,
        /// Operands of the row.
        needed: usize,
    },
    /// A value outside its field.
    Range {
        /// Mnemonic.
        name: &'static str,
        /// The field.
        field: &'static str,
        /// The value.
        value: i64,
        /// Smallest legal value.
        lo: i64,
        /// Largest legal value.
        hi: i64,
    },
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Opcode(opcode) => write!(f, "no instruction has opcode {opcode:#04x}"),
            EncodeError::Count { name, given, needed } => {
                write!(f, "{name} takes {needed} operands, {given} given")
            }
            EncodeError::Range { name, field, value, lo, hi } => {
                write!(f, "{name}: {field} = {value} is outside {lo}..={hi}")
            }
        }
    }
}

impl std::error::Error for EncodeError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opcodes_are_distinct_and_fields_do_not_overlap() {
        for (i, row) in INSTRUCTIONS.iter().enumerate() {
            assert!(INSTRUCTIONS[..i]
                .iter()
                .all(|other| other.opcode != row.opcode && other.name != row.name));
            let mut taken = 0u64;
            for field in row.fields.iter().chain([&OPCODE]) {
                let bits = field.insert(-1);
                assert_eq!(taken & bits, 0, "{} of {} overlaps another field", field.name, row.name);
                taken |= bits;
            }
        }
    }

    #[test]
    fn every_instruction_survives_encoding_at_the_ends_of_its_fields() {
        for row in INSTRUCTIONS {
            for end in 0..2 {
                let ends = |field: &Field| [field.range().0, field.range().1][end];
                let values: Vec<i64> = row.fields.iter().map(ends).collect();
                let instruction =
                    Instruction::new(row.opcode, &values).expect("values at the ends are legal");
                assert_eq!(Instruction::decode(instruction.encode(), row.queues[0]), Some(instruction));
            }
        }
    }

    #[test]
    fn a_zero_word_is_illegal_everywhere() {
        assert!(Queue::ALL.iter().all(|queue| Instruction::decode(0, *queue).is_none()));
    }
}
