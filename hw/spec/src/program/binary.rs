//! The program file: one file, little-endian, that says which version it is, how long it is, and what it
//! must sum up to, so that a damaged or foreign file is refused instead of run.
//!
//! Sixteen bytes of magic (`nasa-program/1`, zero-filled), the length of the body and its FNV-1a hash as 64-bit
//! numbers, then the body. In the body a number is 64 bits; a list is its length and its items.

use super::{Place, Program, Segment, Span};
use crate::config::hash::Fnv;
use crate::error::{grouped, Diagnostic, Report};

const MAGIC: &[u8; 16] = b"nasa-program/1\0\0";
const FAMILY: &[u8] = b"nasa-program/";
const HEADER_BYTES: usize = 32;

impl Program {
    /// The content of its file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut body = Body::default();
        body.number(self.config_hash);
        body.number(self.images.into());
        body.number(self.base);
        body.number(self.dram_end);
        body.list(&self.streams, |body, stream| body.list(stream, |body, word| body.number(*word)));
        body.list(&self.constants, |body, segment| {
            body.number(segment.address);
            body.bytes(&segment.bytes);
        });
        body.place(&self.input);
        body.list(&self.outputs, Body::place);
        body.list(&self.source, Body::span);
        let mut file = MAGIC.to_vec();
        file.extend((body.0.len() as u64).to_le_bytes());
        file.extend(hash(&body.0).to_le_bytes());
        file.extend(body.0);
        file
    }

    /// The program in `bytes`, the content of `file`.
    ///
    /// # Errors
    /// Where it is no program file, or of another version, or truncated, or damaged.
    pub fn from_bytes(file: &str, bytes: &[u8]) -> Result<Program, Report> {
        let wrong = |message: &str, note: String| {
            let error = Diagnostic::new("program", message).in_file(file).note(note);
            Report::from(error.help("compile it again with `nasa compile`"))
        };
        if !bytes.starts_with(FAMILY) {
            return Err(wrong("this is not a program", "a program file starts with `nasa-program/`".into()));
        }
        if bytes.len() >= MAGIC.len() && !bytes.starts_with(MAGIC) {
            let version = String::from_utf8_lossy(&bytes[FAMILY.len()..MAGIC.len()]).replace('\0', "");
            return Err(wrong(
                "this program is of another version",
                format!("it is version {version}; we read version 1"),
            ));
        }
        let number =
            |at: usize| bytes.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map(u64::from_le_bytes);
        let needed =
            number(MAGIC.len()).map_or(HEADER_BYTES as u64, |body| body.saturating_add(HEADER_BYTES as u64));
        if bytes.len() as u64 != needed || bytes.len() < HEADER_BYTES {
            let message = if (bytes.len() as u64) < needed {
                "the program is truncated"
            } else {
                "the program is longer than it says"
            };
            return Err(wrong(
                message,
                format!("{} bytes, {} expected", grouped(bytes.len()), grouped(needed)),
            ));
        }
        let body = &bytes[HEADER_BYTES..];
        if number(MAGIC.len() + 8) != Some(hash(body)) {
            return Err(wrong(
                "the program is damaged",
                "its content does not sum up to what it says".into(),
            ));
        }
        let program = Reader(body).program().filter(|program| program.streams.len().is_multiple_of(3));
        program.ok_or_else(|| wrong("the program is damaged", "its content makes no sense".into()))
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut fnv = Fnv::default();
    fnv.bytes(bytes);
    fnv.value()
}

/// What is being written.
#[derive(Default)]
struct Body(Vec<u8>);

impl Body {
    fn number(&mut self, number: u64) {
        self.0.extend(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend(bytes);
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Body, &T)) {
        self.number(items.len() as u64);
        for item in items {
            write(self, item);
        }
    }

    fn place(&mut self, place: &Place) {
        self.bytes(place.name.as_bytes());
        for number in [place.address, place.image_bytes].into_iter().chain(place.shape.map(|dim| dim as u64))
        {
            self.number(number);
        }
    }

    fn span(&mut self, span: &Span) {
        for number in [span.stream, span.first, span.last] {
            self.number(number as u64);
        }
        self.bytes(span.layer.as_bytes());
        self.bytes(span.what.as_bytes());
    }
}

/// What is left to read. `None` means that the bytes make no sense.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn program(mut self) -> Option<Program> {
        let program = Program {
            config_hash: self.number()?,
            images: self.number()?.try_into().ok()?,
            base: self.number()?,
            dram_end: self.number()?,
            streams: self.list(|reader| reader.list(Reader::number))?,
            constants: self
                .list(|reader| Some(Segment { address: reader.number()?, bytes: reader.bytes()? }))?,
            input: self.place()?,
            outputs: self.list(Reader::place)?,
            source: self.list(Reader::span)?,
        };
        self.0.is_empty().then_some(program)
    }

    fn number(&mut self) -> Option<u64> {
        let (number, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u64::from_le_bytes(*number))
    }

    fn size(&mut self) -> Option<usize> {
        self.number()?.try_into().ok()
    }

    fn bytes(&mut self) -> Option<Vec<u8>> {
        let length = self.size()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes.to_vec())
    }

    fn text(&mut self) -> Option<String> {
        String::from_utf8(self.bytes()?).ok()
    }

    fn list<T>(&mut self, read: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        // Every item takes at least a number, so a hostile length cannot make this long.
        let length = self.size().filter(|length| *length <= self.0.len() / 8)?;
        (0..length).map(|_| read(self)).collect()
    }

    fn place(&mut self) -> Option<Place> {
        Some(Place {
            name: self.text()?,
            address: self.number()?,
            image_bytes: self.number()?,
            shape: [self.size()?, self.size()?, self.size()?],
        })
    }

    fn span(&mut self) -> Option<Span> {
        Some(Span {
            stream: self.size()?,
            first: self.size()?,
            last: self.size()?,
            layer: self.text()?,
            what: self.text()?,
        })
    }
}
