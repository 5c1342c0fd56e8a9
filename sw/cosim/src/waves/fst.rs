//! Writes FST files: the tree of the Verilog, then the changes.
//!
//! Names are spelt as Verilator spells them (`count [7:0]`), and signals that show the same are one to the file. The
//! crate that writes lets every file begin at time 0; a recording of a window shall begin where the window does, so
//! the two places that hold the begin are rewritten at the end.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom, Write};

use fst_writer::{
    FstBodyWriter, FstFileType, FstHeaderWriter, FstInfo, FstScopeType, FstSignalId, FstSignalType,
    FstVarDirection, FstVarType, FstWriteError,
};
use hdl::verilog::{Declared, Kind, Scope};
use sim::Watched;

use super::selection::Selection;

/// Changes are kept up to so many bytes before they are written.
const KEPT_BYTES: usize = 16 << 20;

/// The block that holds changes, by its first byte.
const CHANGES: u8 = 8;

/// A file being written.
pub(super) struct Fst {
    body: FstBodyWriter<BufWriter<File>>,
    clock: Option<FstSignalId>,
    /// By watched value.
    ids: Vec<Option<FstSignalId>>,
    widths: Vec<u32>,
    /// The value being written, a character a bit.
    text: Vec<u8>,
    begin: u64,
}

impl Fst {
    /// Writes the tree; the recording begins at `begin`.
    pub fn new(
        file: File,
        selection: &Selection,
        watched: &Watched,
        begin: u64,
    ) -> Result<Fst, FstWriteError> {
        let info = FstInfo {
            start_time: 0,
            timescale_exponent: -12,
            version: format!("nasa {}", env!("CARGO_PKG_VERSION")),
            // The same run gives the same file.
            date: String::new(),
            file_type: FstFileType::Verilog,
        };
        let header = FstHeaderWriter::new(BufWriter::new(file), &info)?;
        let mut tree = Tree { header, watched, clock: None, ids: vec![None; watched.widths.len()] };
        tree.write(selection)?;
        let Tree { header, clock, ids, .. } = tree;
        let (widths, text) = (watched.widths.clone(), Vec::new());
        let mut body = header.finish()?;
        // Only what changed comes here.
        body.set_deduplicate(false);
        Ok(Fst { body, clock, ids, widths, text, begin })
    }

    /// Goes on to a time, and to the level of the clock there.
    pub fn time(&mut self, time: u64, clock: bool) -> Result<(), FstWriteError> {
        if time > self.begin {
            if self.body.size() > KEPT_BYTES {
                self.body.flush()?;
            }
            self.body.time_change(time)?;
        }
        let level: &[u8] = if clock { b"1" } else { b"0" };
        self.clock.map_or(Ok(()), |id| self.body.signal_change(id, level))
    }

    /// A watched value at this time.
    pub fn change(&mut self, value: usize, words: &[u64]) -> Result<(), FstWriteError> {
        let Some(id) = self.ids[value] else { return Ok(()) };
        let width = self.widths[value] as usize;
        let bytes = width.div_ceil(8);
        self.text.resize(8 * bytes, b'0');
        let all = words.iter().flat_map(|word| word.to_le_bytes());
        for (text, byte) in self.text.rchunks_exact_mut(8).zip(all) {
            text.copy_from_slice(&DIGITS[usize::from(byte)]);
        }
        self.body.signal_change(id, &self.text[8 * bytes - width..])
    }

    /// Writes the rest.
    pub fn finish(self) -> Result<(), FstWriteError> {
        let mut file = self.body.finish()?.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        begin_at(&mut file, self.begin)?;
        Ok(())
    }
}

/// Every byte as characters, a bit each, the highest first.
const DIGITS: [[u8; 8]; 256] = {
    let mut digits = [[b'0'; 8]; 256];
    let mut bit = 0;
    while bit < 8 * 256 {
        digits[bit / 8][bit % 8] += ((bit / 8) >> (7 - bit % 8) & 1) as u8;
        bit += 1;
    }
    digits
};

/// Lets a file begin at `time`. A block is a byte of kind, eight of length without that byte, and its contents. The header
/// is the first block; it, and each block of changes, hold the begin right behind the length.
fn begin_at(file: &mut File, time: u64) -> std::io::Result<()> {
    let mut at = 0;
    loop {
        let mut head = [0; 9];
        file.seek(SeekFrom::Start(at))?;
        file.read_exact(&mut head)?;
        if at == 0 || head[0] == CHANGES {
            file.write_all(&time.to_be_bytes())?;
        }
        if head[0] == CHANGES {
            return Ok(());
        }
        let length = head[1..].iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
        at += 1 + length;
    }
}

/// The tree being written.
struct Tree<'a> {
    header: FstHeaderWriter<BufWriter<File>>,
    watched: &'a Watched,
    clock: Option<FstSignalId>,
    ids: Vec<Option<FstSignalId>>,
}

impl Tree<'_> {
    /// The chosen instances, and those that they are in.
    fn write(&mut self, selection: &Selection) -> Result<(), FstWriteError> {
        let scopes = &selection.scopes;
        let mut is_shown = selection.is_chosen.clone();
        for scope in (0..scopes.len()).rev().filter(|scope| selection.is_chosen[*scope]) {
            let mut above = scopes[scope].parent;
            while let Some(parent) = above.filter(|parent| !is_shown[*parent]) {
                is_shown[parent] = true;
                above = scopes[parent].parent;
            }
        }
        let mut open: Vec<usize> = Vec::new();
        for scope in (0..scopes.len()).filter(|scope| is_shown[*scope]) {
            while open.last().copied() != scopes[scope].parent && open.pop().is_some() {
                self.header.up_scope()?;
            }
            open.push(scope);
            self.scope(&scopes[scope], &self.watched.shown[scope])?;
        }
        open.iter().try_for_each(|_| self.header.up_scope())
    }

    fn scope(&mut self, scope: &Scope, shown: &[Option<usize>]) -> Result<(), FstWriteError> {
        self.header.scope(&scope.name, scope.module.name(), FstScopeType::Module)?;
        for (declared, value) in scope.declared.iter().zip(shown) {
            self.variable(declared, *value)?;
        }
        Ok(())
    }

    fn variable(&mut self, declared: &Declared, value: Option<usize>) -> Result<(), FstWriteError> {
        let name = match declared.width {
            1 => declared.name.clone(),
            width => format!("{} [{}:0]", declared.name, width - 1),
        };
        let (kind, direction) = match declared.kind {
            Kind::Input => (FstVarType::Wire, FstVarDirection::Input),
            Kind::Output => (FstVarType::Wire, FstVarDirection::Output),
            Kind::Wire => (FstVarType::Wire, FstVarDirection::Implicit),
            Kind::Reg => (FstVarType::Reg, FstVarDirection::Implicit),
        };
        let known = match value {
            Some(value) => &mut self.ids[value],
            None => &mut self.clock,
        };
        let width = FstSignalType::bit_vec(declared.width);
        *known = Some(self.header.var(name, width, kind, direction, *known)?);
        Ok(())
    }
}
