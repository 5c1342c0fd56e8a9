//! What the user reads when something is wrong: what, where, why, and what to do about it.
//!
//! Every stage reports in this one form, and reports everything that it finds at once:
//!
//! ```
//! # use spec::error::{Diagnostic, Report};
//! let yaml = "chunks:\n  weight_buffer_kib: 4\n";
//! let error = Diagnostic::new("config", "weight buffer is smaller than one tile")
//!     .at("edge.yaml", yaml, 2, 22, "4,096 weights; a 3x3x64 -> 8 tile needs 4,608")
//!     .help("set weight_buffer_kib: 5, or chunks.clp.cols: 7");
//! assert_eq!(Report::from(error).to_string(), "\
//! error[config]: weight buffer is smaller than one tile
//!   --> edge.yaml:2:22
//! 2 |   weight_buffer_kib: 4
//!   |                      ^ 4,096 weights; a 3x3x64 -> 8 tile needs 4,608
//!   = help: set weight_buffer_kib: 5, or chunks.clp.cols: 7
//! ");
//! ```

use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Who found it, as the user knows it: `network`, `config`, `mapping`, `cosim`.
    pub stage: &'static str,
    /// What is wrong, in one line.
    pub message: String,
    /// Where, if it is in a file.
    pub place: Option<Place>,
    /// Further lines: figures, the other place of a conflict.
    pub notes: Vec<String>,
    /// What the user can do.
    pub help: Option<String>,
}

/// A file, and a spot in it where the file is text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The name that the user gave it.
    pub file: String,
    /// The spot; `None` means the file as a whole.
    pub spot: Option<Spot>,
}

/// A spot in a text, shown as its line with a caret below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// The whole line, without its end.
    pub source: String,
    /// Said beside the caret; may be empty.
    pub note: String,
}

impl Diagnostic {
    /// `message`, as `stage` found it.
    pub fn new(stage: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { stage, message: message.into(), place: None, notes: Vec::new(), help: None }
    }

    /// Places it at `line` and `column` (both from 1) of `text`, which is what `file` holds.
    pub fn at(
        self,
        file: &str,
        text: &str,
        line: usize,
        column: usize,
        note: impl Into<String>,
    ) -> Diagnostic {
        let source = text.lines().nth(line.saturating_sub(1)).unwrap_or("").to_string();
        let spot = Spot { line, column, source, note: note.into() };
        Diagnostic { place: Some(Place { file: file.into(), spot: Some(spot) }), ..self }
    }

    /// Places it in `file` as a whole: a binary file, or a missing one.
    pub fn in_file(self, file: &str) -> Diagnostic {
        Diagnostic { place: Some(Place { file: file.into(), spot: None }), ..self }
    }

    /// Adds a line of further facts.
    pub fn note(mut self, note: impl Into<String>) -> Diagnostic {
        self.notes.push(note.into());
        self
    }

    /// Says what the user can do.
    pub fn help(self, help: impl Into<String>) -> Diagnostic {
        Diagnostic { help: Some(help.into()), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "error[{}]: {}", self.stage, self.message)?;
        let indent = match &self.place {
            Some(place) => place.show(f)?,
            None => 2,
        };
        for note in &self.notes {
            writeln!(f, "{:indent$}{note}", "")?;
        }
        match &self.help {
            Some(help) => writeln!(f, "{:indent$}= help: {help}", ""),
            None => Ok(()),
        }
    }
}

/// A longer line is cut around its caret.
const LONGEST_LINE: usize = 110;

impl Place {
    /// Writes the place and returns how far the lines below it are indented.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> Result<usize, fmt::Error> {
        let Some(spot) = &self.spot else {
            writeln!(f, "  --> {}", self.file)?;
            return Ok(2);
        };
        writeln!(f, "  --> {}:{}:{}", self.file, spot.line, spot.column)?;
        let (source, before) = spot.window();
        let number = spot.line.to_string();
        let margin = number.len();
        writeln!(f, "{}", format!("{number} | {source}").trim_end())?;
        writeln!(f, "{}", format!("{:margin$} | {before}^ {}", "", spot.note).trim_end())?;
        Ok(margin + 1)
    }
}

impl Spot {
    /// The part of the line to show, and the blanks that put a caret below the spot.
    fn window(&self) -> (String, String) {
        let printable = |c: char| if c.is_control() && c != '\t' { '?' } else { c };
        let line: Vec<char> = self.source.chars().map(printable).collect();
        let column = self.column.saturating_sub(1).min(line.len());
        let start = if line.len() <= LONGEST_LINE { 0 } else { column.saturating_sub(LONGEST_LINE / 2) };
        let end = line.len().min(start + LONGEST_LINE);
        let blanks = |c: &char| if *c == '\t' { '\t' } else { ' ' };
        (line[start..end].iter().collect(), line[start..column].iter().map(blanks).collect())
    }
}

/// Everything that is wrong, in the order of the input. As an error value it is never empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report(
    /// In the order in which they are shown.
    pub Vec<Diagnostic>,
);

impl Report {
    /// Adds one more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    /// `value` where nothing is wrong, else everything that is.
    pub fn or<T>(self, value: T) -> Result<T, Report> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl From<Diagnostic> for Report {
    fn from(diagnostic: Diagnostic) -> Report {
        Report(vec![diagnostic])
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, diagnostic) in self.0.iter().enumerate() {
            let separator = if i > 0 { "\n" } else { "" };
            write!(f, "{separator}{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Report {}

/// The candidate that a misspelt `word` most likely means, if one is near enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = candidates.into_iter().map(|candidate| (distance(word, candidate), candidate));
    let near = scored.filter(|(edits, candidate)| *edits <= 1 + candidate.chars().count() / 3);
    // Of equally near ones the first in the alphabet, so that a message does not depend on their order.
    near.min().map(|(_, best)| best)
}

/// `4608` as `4,608`.
pub fn grouped(number: impl fmt::Display) -> String {
    let text = number.to_string();
    let (sign, digits) = text.split_at(usize::from(text.starts_with('-')));
    let mut out = sign.to_string();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Levenshtein's edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_file_notes_and_several_errors_line_up() {
        let file = Diagnostic::new("network", "the file is truncated").in_file("w.safetensors");
        let layer = Diagnostic::new("cosim", "layer 7 differs")
            .note("expected -17, RTL gave 111")
            .help("trace it with --trace out.fst");
        let expected = "error[network]: the file is truncated\n  --> w.safetensors\n\n\
            error[cosim]: layer 7 differs\n  expected -17, RTL gave 111\n  = help: trace it with --trace out.fst\n";
        assert_eq!(Report(vec![file, layer]).to_string(), expected);
    }

    #[test]
    fn long_lines_are_cut_around_the_caret() {
        let text = "x".repeat(400);
        let shown = Diagnostic::new("config", "long").at("a.yaml", &text, 1, 300, "here").to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[2].len(), 4 + LONGEST_LINE);
        assert_eq!(lines[3].find('^'), Some(4 + LONGEST_LINE / 2));
    }

    #[test]
    fn nearest_and_grouped() {
        assert_eq!(nearest("pading", ["kernel", "padding"]), Some("padding"));
        assert_eq!(nearest("zebra", ["kernel", "padding"]), None);
        assert_eq!([grouped(7), grouped(4608), grouped(-1234567)], ["7", "4,608", "-1,234,567"]);
    }
}
