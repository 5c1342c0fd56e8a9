//! `EXEC`: the four nests of a chunk, coupled by their tiles. How far the fills run ahead of the compute nest
//! and how far the drain stays behind is random within what the slots allow.

use super::walk::{Table, Walk};
use num::requant::{requant, Channel};
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{
    NestKind, Queue, BUFFER_BITS, COORDINATE_BITS, FLAG_A_NEXT, FLAG_PASS, FLAG_REDUCE, FLAG_TILE,
    FLAG_W_NEXT, FLAG_X_NEXT, FLAG_X_ROLL, PARAMETER_BYTES, SUM_BYTES,
};
use spec::random::Rng;
use std::collections::{BTreeSet, HashMap};

/// What an engine changes, and the banks that it reads and writes.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// Bytes of the buffer.
    pub buffer: Vec<(usize, u8)>,
    /// Bytes of DRAM.
    pub dram: Vec<(usize, u8)>,
    /// Read, written.
    pub banks: [BTreeSet<u32>; 2],
}

/// The register files and the parameter memory of a chunk.
#[derive(Clone)]
pub struct Array {
    chunk: Chunk,
    input: Vec<i64>,
    weight: Vec<i64>,
    psum: Vec<i64>,
    parameters: Vec<u8>,
}

impl Array {
    /// With arbitrary contents.
    pub fn new(chunk: &Chunk) -> Array {
        let pes = chunk.pes() as usize;
        Array {
            input: vec![77; pes * chunk.input_rf as usize],
            weight: vec![1; pes * chunk.weight_rf as usize],
            psum: vec![12345; pes * chunk.psum_rf as usize],
            parameters: vec![0; chunk.post_rows as usize * PARAMETER_BYTES * chunk.post_lanes as usize],
            chunk: chunk.clone(),
        }
    }

    /// Runs the nests to their end.
    pub fn execute(
        &mut self,
        accelerator: &Accelerator,
        registers: &[i64],
        table: &Table,
        buffer: &[u8],
        rng: &mut Rng,
    ) -> Result<Effects, String> {
        let mut run = Run {
            input: Fill::new(table.walk(NestKind::Input, value(registers, "x_depth"))),
            weight: Fill::new(table.walk(NestKind::Weight, value(registers, "w_depth"))),
            drain: table.walk(NestKind::Drain, value(registers, "d_depth")),
            array: self,
            accelerator,
            registers,
            buffer,
            sums: Vec::new(),
            stored: HashMap::new(),
            effects: Effects::default(),
            ports: Default::default(),
        };
        run.clear()?;
        run.parameters()?;
        run.compute(table.walk(NestKind::Compute, value(registers, "c_depth")), rng)?;
        run.finish()
    }

    fn entry(&self, [row, col]: [i64; 2], depth: u32, address: i64, what: &str) -> Result<usize, String> {
        if address < 0 || address >= i64::from(depth) {
            return Err(format!("{what} register file: entry {address} of {depth}"));
        }
        let pe = row * i64::from(self.chunk.cols) + col;
        Ok((pe * i64::from(depth) + address) as usize)
    }
}

/// The value of a register of the execute queue; clamps and coordinates are signed.
fn value(registers: &[i64], name: &str) -> i64 {
    let table = Queue::Execute.registers();
    let index = table.iter().position(|register| register.name == name).expect("the table has this register");
    let signed = matches!(name, "lo" | "hi" | "x_y" | "x_x");
    let unused = 64 - table[index].width;
    if signed {
        registers[index] << unused >> unused
    } else {
        registers[index]
    }
}

/// A fill nest with its tile counts.
struct Fill {
    walk: Walk,
    filled: i64,
    used: i64,
}

impl Fill {
    fn new(walk: Walk) -> Fill {
        Fill { walk, filled: 0, used: 0 }
    }
}

/// Buffer read ports of a chunk.
#[derive(Clone, Copy)]
enum Port {
    X,
    W,
    R,
}

struct Run<'a> {
    array: &'a mut Array,
    accelerator: &'a Accelerator,
    registers: &'a [i64],
    buffer: &'a [u8],
    input: Fill,
    weight: Fill,
    drain: Walk,
    /// What the lanes of a result have added up so far.
    sums: Vec<i64>,
    /// What was stored as sums, by address.
    stored: HashMap<usize, u8>,
    effects: Effects,
    ports: [BTreeSet<u32>; 3],
}

impl Run<'_> {
    fn get(&self, name: &str) -> i64 {
        value(self.registers, name)
    }

    /// A line from `address` on; all of its banks are touched.
    fn read(&mut self, port: Port, address: i64, lanes: i64) -> Result<Vec<u8>, String> {
        let (line, bank) =
            (i64::from(self.accelerator.buffer.line_bytes), self.accelerator.buffer.bank_bytes);
        let address = address.rem_euclid(1 << BUFFER_BITS);
        if address + lanes > self.buffer.len() as i64 || lanes > line {
            return Err(format!("{lanes} bytes at {address:#x} are not a line of the buffer"));
        }
        self.ports[port as usize].insert(address as u32 / bank);
        self.ports[port as usize].insert((address + line - 1) as u32 / bank);
        Ok(self.buffer[address as usize..(address + lanes) as usize].to_vec())
    }

    /// The entries that no beat brings, in all PEs.
    fn clear(&mut self) -> Result<(), String> {
        let chunk = self.array.chunk.clone();
        let pes =
            (0..i64::from(chunk.rows)).flat_map(|row| (0..i64::from(chunk.cols)).map(move |col| [row, col]));
        for pe in pes {
            for address in 0..self.get("x_clear") {
                let entry = self.array.entry(pe, chunk.input_rf, address, "input")?;
                self.array.input[entry] = 0;
            }
        }
        Ok(())
    }

    fn parameters(&mut self) -> Result<(), String> {
        let lanes = i64::from(self.array.chunk.post_lanes);
        for plane in 0..self.get("p_rows") * PARAMETER_BYTES as i64 {
            let bytes = self.read(Port::R, self.get("p_base") + plane * lanes, lanes)?;
            let start = (plane * lanes) as usize;
            let memory = &mut self.array.parameters;
            let place =
                memory.get_mut(start..start + lanes as usize).ok_or("more parameters than post_rows")?;
            place.copy_from_slice(&bytes);
        }
        Ok(())
    }

    fn compute(&mut self, mut walk: Walk, rng: &mut Rng) -> Result<(), String> {
        let (mut handed, mut drained) = (0, 0);
        while !walk.over {
            self.fill(rng.percent(50))?;
            while handed - drained >= self.get("a_slots") || (handed > drained && rng.percent(30)) {
                self.drain(drained)?;
                drained += 1;
            }
            self.compute_step(&walk, handed)?;
            let next = walk.advance();
            self.input.used += match (next & FLAG_X_NEXT != 0, next & FLAG_X_ROLL != 0) {
                (true, _) => 1 + self.get("x_more"),
                (false, rolls) => i64::from(rolls),
            };
            self.weight.used += i64::from(next & FLAG_W_NEXT != 0);
            handed += i64::from(next & FLAG_A_NEXT != 0);
        }
        while drained < handed {
            self.drain(drained)?;
            drained += 1;
        }
        Ok(())
    }

    /// Fills the tiles that the next step needs, or as many as there are slots for.
    fn fill(&mut self, ahead: bool) -> Result<(), String> {
        let most = |fill: &Fill, slots: i64, least: i64| fill.used + if ahead { slots } else { least };
        let read = 1 + self.get("x_more");
        while self.input.filled < most(&self.input, self.get("x_slots"), read) && !self.input.walk.over {
            self.fill_input()?;
        }
        while self.weight.filled < most(&self.weight, self.get("w_slots"), 1) && !self.weight.walk.over {
            self.fill_weight()?;
        }
        if self.input.filled < self.input.used + read || self.weight.filled <= self.weight.used {
            return Err("the compute nest waits for a tile that a fill nest does not make".to_string());
        }
        Ok(())
    }

    fn fill_input(&mut self) -> Result<(), String> {
        let slot = self.input.filled % self.get("x_slots") * self.get("x_tile");
        loop {
            self.input_beat(slot)?;
            if self.input.walk.advance() & FLAG_TILE != 0 {
                self.input.filled += 1;
                return Ok(());
            }
        }
    }

    fn input_beat(&mut self, slot: i64) -> Result<(), String> {
        let walk = &self.input.walk;
        let [addr, rf, row, tag, y, x, c, tap] =
            ["addr", "rf", "row", "tag", "y", "x", "c", "tap"].map(|name| walk.get(name));
        let unused = 64 - COORDINATE_BITS;
        let wrapped = |value: i64| value << unused >> unused;
        let (y, x) = (wrapped(self.get("x_y") + y), wrapped(self.get("x_x") + x));
        let inside = (0..self.get("x_height")).contains(&y)
            && (0..self.get("x_width")).contains(&x)
            && (tap & 0xffff) >> 8 < self.get("x_fy")
            && tap & 0xff < self.get("x_fx");
        let [lanes, spread, channels] = ["x_lanes", "x_spread", "x_channels"].map(|name| self.get(name));
        let most = if spread == 1 { 1 } else { lanes };
        let there = if inside { (channels - c).clamp(0, most) } else { 0 };
        let bytes = match there {
            0 => vec![],
            _ => self.read(Port::X, self.get("x_base") + addr, there)?,
        };
        let chunk = self.array.chunk.clone();
        let halves = self.get("x_halves") == 1;
        for (i, row) in (0..lanes).map(|i| (i, row + i)).filter(|(_, row)| *row < i64::from(chunk.rows)) {
            for (col, tap) in self.columns("x", self.get("x_tag") + tag, self.get("x_slide") == 1) {
                let is_right = halves && 2 * col >= i64::from(chunk.cols);
                let byte = match (spread, is_right) {
                    (1, _) => 0,
                    (_, right) => i + if right { i64::from(chunk.rows) } else { 0 },
                };
                let byte = bytes.get(byte as usize).copied().unwrap_or(0);
                let entry = self.array.entry([row, col], chunk.input_rf, slot + rf + tap, "input")?;
                self.array.input[entry] = i64::from(byte as i8);
            }
        }
        Ok(())
    }

    /// The columns that take a beat with this tag, each with its tap.
    fn columns(&self, operand: &str, tag: i64, slides: bool) -> Vec<(i64, i64)> {
        let [stride, window] = ["stride", "window"].map(|name| self.get(&format!("{operand}_{name}")));
        let half = i64::from(self.array.chunk.cols / 2);
        let per_half = operand == "x" && self.get("x_halves") == 1;
        let taken = |col: i64| {
            let number = if per_half && col >= half { col - half } else { col };
            let tap = if slides { tag - number * stride } else { number * stride - tag };
            (0..window).contains(&tap).then_some((col, if slides { tap } else { 0 }))
        };
        (0..i64::from(self.array.chunk.cols)).filter_map(taken).collect()
    }

    fn fill_weight(&mut self) -> Result<(), String> {
        let slot = self.weight.filled % self.get("w_slots") * self.get("w_tile");
        loop {
            self.weight_beat(slot)?;
            if self.weight.walk.advance() & FLAG_TILE != 0 {
                self.weight.filled += 1;
                return Ok(());
            }
        }
    }

    fn weight_beat(&mut self, slot: i64) -> Result<(), String> {
        let [addr, rf, row, tag] = ["addr", "rf", "row", "tag"].map(|name| self.weight.walk.get(name));
        let (lanes, spread) = (self.get("w_lanes"), self.get("w_spread") == 1);
        let bytes = self.read(Port::W, self.get("w_base") + addr, if spread { 1 } else { lanes })?;
        let chunk = self.array.chunk.clone();
        for (i, row) in (0..lanes).map(|i| (i, row + i)).filter(|(_, row)| *row < i64::from(chunk.rows)) {
            let byte = bytes[if spread { 0 } else { i as usize }];
            for (col, _) in self.columns("w", tag, false) {
                let entry = self.array.entry([row, col], chunk.weight_rf, slot + rf, "weight")?;
                self.array.weight[entry] = i64::from(byte as i8);
            }
        }
        Ok(())
    }

    fn compute_step(&mut self, walk: &Walk, tile: i64) -> Result<(), String> {
        let slot = |count: i64, name: &str, size: &str| count % self.get(name) * self.get(size);
        let x = slot(self.input.used, "x_slots", "x_tile") + walk.get("x");
        let x = if x < self.get("x_ring") { x } else { x - self.get("x_ring") };
        let w = slot(self.weight.used, "w_slots", "w_tile") + walk.get("w");
        let acc = slot(tile, "a_slots", "a_tile") + walk.get("acc");
        let first = walk.is_first(FLAG_REDUCE);
        let chunk = self.array.chunk.clone();
        for row in 0..i64::from(chunk.rows) {
            for col in 0..i64::from(chunk.cols) {
                let pe = [row, col];
                let sum = self.array.entry(pe, chunk.psum_rf, acc, "partial-sum")?;
                let x = self.array.entry(pe, chunk.input_rf, x, "input")?;
                let w = self.array.entry(pe, chunk.weight_rf, w, "weight")?;
                let before = if first { 0 } else { self.array.psum[sum] };
                self.array.psum[sum] = before + chunk.op.term(&self.array.input[x], &self.array.weight[w]);
            }
        }
        Ok(())
    }

    /// Drains tile `tile`.
    fn drain(&mut self, tile: i64) -> Result<(), String> {
        let slot = tile % self.get("a_slots") * self.get("a_tile");
        loop {
            self.drain_beat(slot)?;
            if self.drain.advance() & FLAG_TILE != 0 {
                return Ok(());
            }
        }
    }

    fn drain_beat(&mut self, slot: i64) -> Result<(), String> {
        let walk = &self.drain;
        let (is_first, is_last) = (walk.is_first(FLAG_REDUCE), walk.is_last(FLAG_REDUCE));
        let goes_on = self.get("s_read") == 1 || !walk.is_first(FLAG_PASS);
        let stays = self.get("s_write") == 1 || !walk.is_last(FLAG_PASS);
        let [acc, line, lane, y_addr, r_addr, param] =
            ["acc", "line", "lane", "y_addr", "r_addr", "param"].map(|name| walk.get(name));
        let [k, x, y, g] = ["k", "x", "y", "g"].map(|name| walk.get(name));
        let lanes = self.get("d_lanes").min(self.get("d_channels") - k);
        let limits = [(x, "d_width"), (y, "d_height"), (g, "d_groups")];
        let inside = limits.iter().all(|(at, limit)| (0..self.get(limit)).contains(at));
        if lanes <= 0 || !inside {
            return Ok(());
        }
        let stored_at = self.get("s_base") + i64::from(SUM_BYTES) * y_addr;
        if is_first {
            self.sums = if goes_on { self.stored(stored_at, lanes)? } else { vec![0; lanes as usize] };
        }
        for i in 0..lanes {
            self.sums[i as usize] += self.sum(slot + acc, line, lane + i)?;
        }
        if !is_last {
            return Ok(());
        }
        if stays {
            return self.store(stored_at);
        }
        let residual = match self.get("residual") {
            0 => vec![0; lanes as usize],
            _ => self.read(Port::R, self.get("r_base") + r_addr, lanes)?,
        };
        for (i, residual) in (0..).zip(residual) {
            let result = self.requantise(self.sums[i as usize], i64::from(residual as i8), [param, i])?;
            let address = (self.get("y_base") + y_addr + i).rem_euclid(1 << BUFFER_BITS);
            self.effects.buffer.push((address as usize, result as u8));
        }
        Ok(())
    }

    /// The sums that are stored at an address; what this launch wrote there last is what they are.
    fn stored(&mut self, address: i64, lanes: i64) -> Result<Vec<i64>, String> {
        let bytes = self.read(Port::R, address, lanes * i64::from(SUM_BYTES))?;
        let address = address.rem_euclid(1 << BUFFER_BITS) as usize;
        let known = |i: &usize| self.stored.contains_key(&(address + i));
        if self.get("s_read") == 0 && !(0..bytes.len()).all(|i| known(&i)) {
            return Err(format!("sums at {address:#x} are read before they are written"));
        }
        let now = |i: usize| self.stored.get(&(address + i)).copied().unwrap_or(bytes[i]);
        let bytes: Vec<u8> = (0..bytes.len()).map(now).collect();
        let sums = bytes.chunks(SUM_BYTES as usize);
        Ok(sums.map(|sum| i64::from(i32::from_le_bytes(sum.try_into().expect("four bytes")))).collect())
    }

    /// Stores the sums of a beat.
    fn store(&mut self, address: i64) -> Result<(), String> {
        let line = self.accelerator.buffer.line_bytes as usize;
        let bytes: Vec<u8> = self.sums.iter().flat_map(|sum| (*sum as i32).to_le_bytes()).collect();
        if bytes.len() > line {
            return Err(format!("{} bytes of sums are more than a line", bytes.len()));
        }
        let address = address.rem_euclid(1 << BUFFER_BITS) as usize;
        for (i, byte) in bytes.into_iter().enumerate() {
            self.stored.insert(address + i, byte);
            self.effects.buffer.push((address + i, byte));
        }
        Ok(())
    }

    /// What a beat adds to a lane: of the column `line`, or of rows from `line` on.
    fn sum(&self, acc: i64, line: i64, lane: i64) -> Result<i64, String> {
        let chunk = &self.array.chunk;
        let keep = self.get("keep") == 1;
        let halves = chunk.halves();
        let limit = if keep { chunk.rows * halves } else { chunk.cols };
        let lines = if keep { chunk.cols } else { chunk.rows };
        if lane >= i64::from(limit) || line >= i64::from(lines) {
            return Err(format!("the drain reads lane {lane} of line {line}"));
        }
        let at = |row, col| self.array.entry([row, col], chunk.psum_rf, acc, "partial-sum");
        if keep {
            let (row, side) = (lane % i64::from(chunk.rows), lane / i64::from(chunk.rows));
            let column = line + side * i64::from(chunk.cols / 2);
            return Ok(self.array.psum[at(row, column)?]);
        }
        let rows = line..(line + self.get("d_rows")).min(chunk.rows.into());
        rows.map(|row| Ok(self.array.psum[at(row, lane)?])).sum()
    }

    fn requantise(&self, sum: i64, residual: i64, [row, lane]: [i64; 2]) -> Result<i64, String> {
        let lanes = i64::from(self.array.chunk.post_lanes);
        if row < 0 || row >= i64::from(self.array.chunk.post_rows) || lane >= lanes {
            return Err(format!("the drain asks for lane {lane} of parameter row {row}"));
        }
        let byte = |plane: i64| {
            self.array.parameters[((row * PARAMETER_BYTES as i64 + plane) * lanes + lane) as usize]
        };
        let number = |first: i64, count: i64| {
            let bytes = (0..count).map(|i| i64::from(byte(first + i)) << (8 * i));
            let unused = 64 - 8 * count;
            bytes.sum::<i64>() << unused >> unused
        };
        let channel = Channel {
            bias: number(0, 6),
            multiplier: number(6, 2),
            shift: number(8, 1),
            residual_multiplier: number(9, 2),
            residual_shift: number(11, 1),
        };
        Ok(requant(&sum, &residual, &channel, &self.get("lo"), &self.get("hi")))
    }

    fn finish(mut self) -> Result<Effects, String> {
        if !(self.input.walk.over && self.weight.walk.over && self.drain.over) {
            return Err("a fill or drain nest has steps left at the end of the compute nest".to_string());
        }
        let bank = self.accelerator.buffer.bank_bytes as usize;
        self.effects.banks[1] =
            self.effects.buffer.iter().map(|(address, _)| (address / bank) as u32).collect();
        for (i, ours) in self.ports.iter().enumerate() {
            if let Some(bank) = self.ports[..i].iter().find_map(|other| ours.intersection(other).next()) {
                return Err(format!("two of the ports X, W and R read bank {bank}"));
            }
        }
        self.effects.banks[0] = self.ports.iter().flatten().copied().collect();
        Ok(self.effects)
    }
}
