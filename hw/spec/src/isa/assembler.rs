//! Text to words and back, one stream at a time, by the tables alone.
//!
//! A line is `label:`, or a mnemonic with `field=value` for each of its fields; `;` opens a comment. Where a
//! field is a register or a nest, its name may stand for its number; `skip` of `guard` may be a label.
//!
//! ```
//! use spec::isa::{assembler, table::Queue};
//! let text = "guard from=1 until=4 skip=done\nwait token=3 ; until the weights are there\ndone:\nend\n";
//! let words = assembler::assemble("a.asm", text, Queue::Execute).expect("correct text");
//! assert_eq!(words.len(), 3);
//! assert_eq!(assembler::assemble("b.asm", &assembler::disassemble(&words, Queue::Execute), Queue::Execute), Ok(words));
//! ```

use super::code::Instruction;
use super::table::{Field, NestKind, Queue, Row, DELTA, GUARD, INSTRUCTIONS};
use crate::error::{nearest, Report};
use crate::yaml::{Place, Source};
use std::collections::BTreeMap;

/// The words that `text` describes, for one stream.
///
/// # Errors
/// Every line that is wrong.
pub fn assemble(file: &str, text: &str, queue: Queue) -> Result<Vec<u64>, Report> {
    let mut report = Report::default();
    let mut stream = Stream::new(queue);
    let source = Source { stage: "asm", file, text };
    for (number, line) in text.lines().enumerate() {
        stream.line(&source, &mut report, number + 1, line);
    }
    let words = stream.finish(&source, &mut report);
    report.or(words)
}

/// A stream under construction.
pub(crate) struct Stream<'a> {
    queue: Queue,
    words: Vec<u64>,
    labels: BTreeMap<&'a str, usize>,
    /// Fields whose value is a label: their word, the field, the label, and where it is written.
    jumps: Vec<(usize, Field, &'a str, Place)>,
}

impl<'a> Stream<'a> {
    pub(crate) fn new(queue: Queue) -> Stream<'a> {
        Stream { queue, words: Vec::new(), labels: BTreeMap::new(), jumps: Vec::new() }
    }

    /// Words so far.
    pub(crate) fn len(&self) -> usize {
        self.words.len()
    }

    /// Takes in a line, comments and blanks included.
    pub(crate) fn line(&mut self, source: &Source<'_>, report: &mut Report, number: usize, line: &'a str) {
        let tokens = tokens(number, line);
        let Some(&(first, place)) = tokens.first() else { return };
        if let Some(label) = first.strip_suffix(':') {
            if self.labels.insert(label, self.words.len()).is_some() {
                let error = source.error(place, format!("label `{label}` is given twice"), "again here");
                report.push(error.help("labels are distinct within a stream"));
            }
            return;
        }
        if first == ".word" {
            return self.raw(source, report, &tokens);
        }
        let Some(row) = INSTRUCTIONS.iter().find(|row| row.name.eq_ignore_ascii_case(first)) else {
            let names: Vec<String> = INSTRUCTIONS.iter().map(|row| row.name.to_lowercase()).collect();
            let error = source.error(place, format!("unknown instruction `{first}`"), "no such mnemonic");
            let near = nearest(&first.to_lowercase(), names.iter().map(String::as_str));
            return report.push(error.help(match near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("instructions are {}", names.join(", ")),
            }));
        };
        if !row.queues.contains(&self.queue) {
            let note = format!("the {} queue does not know it", self.queue.name());
            let queues: Vec<&str> = row.queues.iter().map(|queue| queue.name()).collect();
            let error = source.error(place, format!("`{first}` is illegal here"), note);
            report.push(error.help(format!("it belongs to the queues {}", queues.join(", "))));
        }
        let values = self.operands(source, report, row, &tokens);
        let word = Instruction { row, values }.encode();
        self.words.push(word);
    }

    /// The values of the fields of `row`; 0 where a value is wrong, which is reported.
    fn operands(
        &mut self,
        source: &Source<'_>,
        report: &mut Report,
        row: &'static Row,
        tokens: &[(&'a str, Place)],
    ) -> Vec<i64> {
        let mut values: Vec<Option<i64>> = vec![None; row.fields.len()];
        for &(token, place) in &tokens[1..] {
            let (name, value) = token.split_once('=').unwrap_or((token, ""));
            let Some(index) = row.fields.iter().position(|field| field.name == name) else {
                let names: Vec<&str> = row.fields.iter().map(|field| field.name).collect();
                let error = source.error(place, format!("{} has no field `{name}`", row.name), "");
                report.push(error.help(format!("its fields are: {}", names.join(", "))));
                continue;
            };
            let field = &row.fields[index];
            let value = match self.value(row, field, value, place) {
                Ok(value) => value,
                Err(why) => {
                    let (lo, hi) = field.range();
                    let error = source.error(place, format!("{}: `{token}` is wrong", row.name), why);
                    report.push(error.help(format!("{name} is {lo}..={hi}")));
                    0
                }
            };
            if values[index].replace(value).is_some() {
                let error = source.error(place, format!("`{name}` is given twice"), "again here");
                report.push(error.help("remove one of the two"));
            }
        }
        for (field, _) in row.fields.iter().zip(&values).filter(|(_, value)| value.is_none()) {
            let (lo, hi) = field.range();
            let message = format!("{} lacks its field `{}`", row.name, field.name);
            report
                .push(source.error(tokens[0].1, message, "").help(format!("add {}={lo}..={hi}", field.name)));
        }
        values.into_iter().map(Option::unwrap_or_default).collect()
    }

    /// The number that `text` stands for in a field, or why it cannot stand there.
    fn value(&mut self, row: &Row, field: &Field, text: &'a str, place: Place) -> Result<i64, String> {
        let names = names(self.queue, field);
        if let Some(index) = names.iter().position(|name| *name == text) {
            return Ok(index as i64);
        }
        if row.opcode == GUARD && field.name == "skip" && text.starts_with(|c: char| c.is_alphabetic()) {
            self.jumps.push((self.words.len(), *field, text, place));
            return Ok(0);
        }
        let value = number(text).ok_or_else(|| match nearest(text, names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("`{text}` is no number"),
        })?;
        let (lo, hi) = field.range();
        if (lo..=hi).contains(&value) {
            Ok(value)
        } else {
            Err("it does not fit the field".into())
        }
    }

    /// `.word 0x...`: a word that no instruction has, as fault tests need it.
    fn raw(&mut self, source: &Source<'_>, report: &mut Report, tokens: &[(&str, Place)]) {
        let word = tokens.get(1).and_then(|(text, _)| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        if word.is_none() {
            let error = source.error(tokens[0].1, "`.word` lacks its number", "");
            report.push(error.help("write .word 0x and up to 16 hexadecimal digits"));
        }
        self.words.push(word.unwrap_or(0));
    }

    /// The words, with all labels resolved.
    pub(crate) fn finish(mut self, source: &Source<'_>, report: &mut Report) -> Vec<u64> {
        for (guard, field, label, place) in self.jumps {
            let skip = self.labels.get(label).and_then(|target| target.checked_sub(guard + 1));
            match skip.filter(|skip| *skip as i64 <= field.range().1) {
                Some(skip) => self.words[guard] |= field.insert(skip as i64),
                None => {
                    let error = source.error(place, format!("no label `{label}` behind this guard"), "");
                    report.push(error.help(format!("write `{label}:` where the guard is to go")));
                }
            }
        }
        self.words
    }
}

/// The words of a line and their places; a comment is left out.
fn tokens(number: usize, line: &str) -> Vec<(&str, Place)> {
    let code = line.split(';').next().unwrap_or("");
    let place = |token: &str| {
        let column = code[..token.as_ptr() as usize - code.as_ptr() as usize].chars().count() + 1;
        Place { line: number, column }
    };
    code.split_whitespace().map(|token| (token, place(token))).collect()
}

/// A decimal or hexadecimal number.
pub(crate) fn number(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let magnitude = match digits.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16).ok()?,
        None => digits.parse().ok()?,
    };
    (magnitude >= 0).then_some(sign * magnitude)
}

/// Names that may stand for the values 0, 1, ... of a field.
fn names(queue: Queue, field: &Field) -> Vec<&'static str> {
    match field.name {
        "reg" => queue.registers().iter().map(|register| register.name).collect(),
        "nest" => NestKind::ALL.iter().map(|nest| nest.name()).collect(),
        _ => Vec::new(),
    }
}

/// A stream as text that [`assemble`] turns into the same words.
pub fn disassemble(words: &[u64], queue: Queue) -> String {
    lines(words, queue).concat()
}

/// The lines of each word, and at the end those of a label behind the last word.
pub(crate) fn lines(words: &[u64], queue: Queue) -> Vec<String> {
    let mut lines: Vec<String> =
        words.iter().enumerate().map(|(i, word)| line(words, i, *word, queue)).collect();
    lines.push(String::new());
    let targets: BTreeMap<usize, String> = (0..words.len())
        .filter_map(|i| target(words, i, queue))
        .map(|target| (target, label(target)))
        .collect();
    for (target, label) in targets {
        lines[target].insert_str(0, &format!("{label}:\n"));
    }
    lines
}

/// Where the guard at `index` goes, if it is a guard that stays within the stream.
fn target(words: &[u64], index: usize, queue: Queue) -> Option<usize> {
    let guard = Instruction::decode(words[index], queue).filter(|found| found.row.opcode == GUARD)?;
    let target = index + 1 + guard.get("skip") as usize;
    (target <= words.len()).then_some(target)
}

fn label(target: usize) -> String {
    format!("at{target}")
}

fn line(words: &[u64], index: usize, word: u64, queue: Queue) -> String {
    let faithful = |found: &Instruction| found.encode() == word;
    let Some(instruction) = Instruction::decode(word, queue).filter(faithful) else {
        return format!("    .word {word:#018x}\n");
    };
    let mut text = format!("    {}", instruction.row.name.to_lowercase());
    for (field, value) in instruction.row.fields.iter().zip(&instruction.values) {
        let jump = target(words, index, queue).filter(|_| field.name == "skip").map(label);
        let name = names(queue, field).get(*value as usize).map(|name| name.to_string());
        text += &format!(" {}={}", field.name, jump.or(name).unwrap_or(value.to_string()));
    }
    if instruction.row.opcode == DELTA {
        let nest = NestKind::ALL[instruction.get("nest") as usize];
        let pair = nest.accumulators().iter().skip(2 * instruction.get("pair") as usize).take(2);
        let names: Vec<&str> = pair.map(|(name, _)| *name).collect();
        text += &format!(" ; {}", names.join(", "));
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Rng;

    #[test]
    fn random_words_of_every_instruction_survive_their_text() {
        let mut rng = Rng::new(7);
        for queue in Queue::ALL {
            let rows: Vec<&Row> = INSTRUCTIONS.iter().filter(|row| row.queues.contains(&queue)).collect();
            for _ in 0..200 {
                let draw = |rng: &mut Rng| {
                    let row = rng.choose(&rows);
                    let values: Vec<i64> =
                        row.fields.iter().map(|field| rng.range(field.range().0, field.range().1)).collect();
                    if rng.percent(5) {
                        rng.bits()
                    } else {
                        Instruction { row, values }.encode()
                    }
                };
                let words: Vec<u64> = (0..20).map(|_| draw(&mut rng)).collect();
                let text = disassemble(&words, queue);
                assert_eq!(assemble("a.asm", &text, queue), Ok(words), "{text}");
            }
        }
    }

    #[test]
    fn names_stand_for_registers_and_nests() {
        let words = assemble(
            "a.asm",
            "CFG reg=x_y value=-0x10\nbound nest=drain level=1 flags=1 bound=9",
            Queue::Execute,
        );
        let words = words.expect("correct text");
        assert_eq!(
            disassemble(&words, Queue::Execute),
            "    cfg reg=x_y value=-16\n    bound nest=drain level=1 flags=1 bound=9\n"
        );
    }
}
