//! `EXEC`: the four nests of a chunk, coupled by their tiles. How far the fills run ahead of the compute nest
//! and how far the drain stays behind is random within what the slots allow.

mod drain;
mod fills;

use super::walk::{Table, Walk};
use spec::accelerator::{Accelerator, Chunk};
use spec::isa::table::{
    NestKind, Queue, BUFFER_BITS, FLAG_A_NEXT, FLAG_REDUCE, FLAG_W_NEXT, FLAG_X_NEXT, FLAG_X_ROLL,
    PARAMETER_BYTES,
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
