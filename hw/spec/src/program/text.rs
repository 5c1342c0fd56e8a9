//! A program as text: instructions under their streams, with the layer that they run, and everything else as
//! directives. `nasa disasm` prints it, `nasa asm` reads it; the two are inverse.
//!
//! ```text
//! .config 0x0123456789abcdef
//! .images 1
//! .base 0x0
//! .dram_end 0x3000
//! .input 0x1000 16 4x2x2 input
//! .output 0x2000 16 4x2x2 stem
//! .constants 0x800
//! .bytes 0001feff
//! .stream clp.ld
//! .begin load weights | stem
//!     cfg reg=dram value=2048
//! .end
//! ```

use super::{Place, Program, Segment, Span};
use crate::error::{nearest, Report};
use crate::isa::assembler::{self, Stream};
use crate::isa::table::Queue;
use crate::yaml::{Place as Spot, Source};
use std::fmt::Write;

/// Bytes of constants on a line.
const BYTES_A_LINE: usize = 32;

/// The listing of a program; `chunks` names its chunks (any names will do: they are not read back).
pub fn print(program: &Program, chunks: &[&str]) -> String {
    let mut text = format!(
        ".config {:#018x}\n.images {}\n.base {:#x}\n.dram_end {:#x}\n",
        program.config_hash, program.images, program.base, program.dram_end
    );
    text += &place(".input", &program.input);
    for output in &program.outputs {
        text += &place(".output", output);
    }
    for (index, words) in program.streams.iter().enumerate() {
        let chunk = chunks.get(index / 3).map_or(format!("chunk{}", index / 3), |name| name.to_string());
        text += &format!("\n.stream {chunk}.{}\n", Queue::ALL[index % 3].name());
        let spans: Vec<&Span> = program.source.iter().filter(|span| span.stream == index).collect();
        for (i, line) in assembler::lines(words, Queue::ALL[index % 3]).iter().enumerate() {
            for span in spans.iter().filter(|span| span.first == i) {
                text += &format!(".begin {} | {}\n", span.what, span.layer);
            }
            text += line;
            text += &".end\n".repeat(spans.iter().filter(|span| span.last == i).count());
        }
    }
    for segment in &program.constants {
        text += &format!("\n.constants {:#x}\n", segment.address);
        for row in segment.bytes.chunks(BYTES_A_LINE) {
            text += &row.iter().fold(".bytes ".to_string(), |mut line, byte| {
                // Writing to a string cannot fail.
                let _ = write!(line, "{byte:02x}");
                line
            });
            text += "\n";
        }
    }
    text
}

fn place(directive: &str, place: &Place) -> String {
    let Place { name, address, image_bytes, shape: [c, h, w] } = place;
    format!("{directive} {address:#x} {image_bytes} {c}x{h}x{w} {name}\n")
}

/// The program that `text`, the content of `file`, lists.
///
/// # Errors
/// Every line that is wrong.
pub fn parse(file: &str, text: &str) -> Result<Program, Report> {
    let source = Source { stage: "asm", file, text };
    let mut reader = Reader::new(source);
    for (number, line) in text.lines().enumerate() {
        reader.line(number + 1, line);
    }
    reader.finish()
}

/// Every directive, and what follows it.
const DIRECTIVES: &[(&str, &str)] = &[
    (".config", "the hash of the configuration"),
    (".images", "images of a run"),
    (".base", "the DRAM address of the program"),
    (".dram_end", "the first DRAM address that is not used"),
    (".input", "address, bytes of an image, CxHxW, name"),
    (".output", "address, bytes of an image, CxHxW, name"),
    (".constants", "the DRAM address of the bytes that follow"),
    (".bytes", "hexadecimal digits"),
    (".stream", "the queue: NAME.ld, NAME.ex or NAME.st, in this order for each chunk"),
    (".begin", "what the words up to .end do | their layer"),
    (".end", "nothing"),
];

struct Reader<'a> {
    source: Source<'a>,
    report: Report,
    program: Program,
    input: Option<Place>,
    stream: Option<Stream<'a>>,
    /// Spans that are open: their index in the source map.
    open: Vec<usize>,
}

impl<'a> Reader<'a> {
    fn new(source: Source<'a>) -> Reader<'a> {
        let nowhere = Place { name: String::new(), address: 0, image_bytes: 0, shape: [0; 3] };
        let program = Program {
            config_hash: 0,
            images: 1,
            base: 0,
            streams: Vec::new(),
            constants: Vec::new(),
            input: nowhere,
            outputs: Vec::new(),
            source: Vec::new(),
            dram_end: 0,
        };
        Reader { source, report: Report::default(), program, input: None, stream: None, open: Vec::new() }
    }

    fn line(&mut self, number: usize, line: &'a str) {
        let trimmed = line.trim();
        let (word, rest) = trimmed.split_once(char::is_whitespace).unwrap_or((trimmed, ""));
        if word.starts_with('.') && word != ".word" {
            let column = line.chars().take_while(|c| c.is_whitespace()).count() + 1;
            if self.directive(word, rest.trim()).is_none() {
                self.wrong(Spot { line: number, column }, word);
            }
            return;
        }
        match &mut self.stream {
            Some(stream) => stream.line(&self.source, &mut self.report, number, line),
            None if trimmed.is_empty() || trimmed.starts_with(';') => {}
            None => {
                let error = self.source.error(
                    Spot { line: number, column: 1 },
                    "an instruction outside a stream",
                    "",
                );
                self.report.push(error.help("put `.stream clp.ld` (or the like) before it"));
            }
        }
    }

    fn wrong(&mut self, place: Spot, word: &str) {
        let error = match DIRECTIVES.iter().find(|(name, _)| *name == word) {
            Some((name, follows)) => self
                .source
                .error(place, format!("`{name}` is wrong here"), "")
                .help(format!("behind it: {follows}")),
            None => {
                let error = self.source.error(place, format!("unknown directive `{word}`"), "");
                let names = DIRECTIVES.iter().map(|(name, _)| *name);
                let near = nearest(word, names.clone());
                error.help(match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("directives are {}", names.collect::<Vec<_>>().join(", ")),
                })
            }
        };
        self.report.push(error);
    }

    /// Takes in a directive; `None` where it is wrong.
    fn directive(&mut self, word: &str, rest: &str) -> Option<()> {
        match word {
            ".config" => self.program.config_hash = unsigned(rest)?,
            ".images" => self.program.images = unsigned(rest)?.try_into().ok()?,
            ".base" => self.program.base = unsigned(rest)?,
            ".dram_end" => self.program.dram_end = unsigned(rest)?,
            ".input" => self.input = Some(read_place(rest)?),
            ".output" => self.program.outputs.push(read_place(rest)?),
            ".constants" => {
                self.program.constants.push(Segment { address: unsigned(rest)?, bytes: Vec::new() })
            }
            ".bytes" => self.program.constants.last_mut()?.bytes.extend(hex(rest)?),
            ".stream" => {
                self.close_stream();
                let queue = Queue::ALL[self.program.streams.len() % 3];
                (rest.rsplit('.').next()? == queue.name()).then_some(())?;
                self.stream = Some(Stream::new(queue));
            }
            ".begin" => self.begin(rest)?,
            ".end" => {
                let span = self.open.pop()?;
                self.program.source[span].last = self.stream.as_ref()?.len().checked_sub(1)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn begin(&mut self, rest: &str) -> Option<()> {
        let (what, layer) = rest.split_once(" | ")?;
        let first = self.stream.as_ref()?.len();
        self.open.push(self.program.source.len());
        let (stream, layer, what) = (self.program.streams.len(), layer.into(), what.into());
        self.program.source.push(Span { stream, first, last: first, layer, what });
        Some(())
    }

    fn close_stream(&mut self) {
        if let Some(stream) = self.stream.take() {
            self.program.streams.push(stream.finish(&self.source, &mut self.report));
        }
    }

    fn finish(mut self) -> Result<Program, Report> {
        self.close_stream();
        let end = Spot { line: self.source.text.lines().count().max(1), column: 1 };
        if !self.open.is_empty() {
            self.report.push(self.source.error(end, "a `.begin` has no `.end`", "").help("add `.end`"));
        }
        if self.program.streams.is_empty() || !self.program.streams.len().is_multiple_of(3) {
            let error = self.source.error(end, "streams are missing", "the last of them is here");
            self.report
                .push(error.help("each chunk has three, in this order: .ld, .ex, .st; they may be empty"));
        }
        match self.input.take() {
            Some(input) => self.program.input = input,
            None => self
                .report
                .push(self.source.error(end, "`.input` is missing", "").help("say where images go")),
        }
        self.report.or(self.program)
    }
}

fn unsigned(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// `ADDRESS IMAGE_BYTES CxHxW NAME`.
fn read_place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(4, ' ');
    let (address, image_bytes) = (unsigned(parts.next()?)?, unsigned(parts.next()?)?);
    let shape: Vec<usize> = parts.next()?.split('x').map(|dim| dim.parse().ok()).collect::<Option<_>>()?;
    Some(Place { name: parts.next()?.into(), address, image_bytes, shape: shape.try_into().ok()? })
}

fn hex(digits: &str) -> Option<Vec<u8>> {
    let pairs =
        digits.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok().filter(|pair| pair.len() == 2));
    pairs.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}
