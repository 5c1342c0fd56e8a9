//! A functional emulator of programs: what an accelerator must compute, without timing. It executes the
//! streams as `docs/machine.md` says, register files included, so that a wrong slot, tile or window shows.
//!
//! There is no clock, and so no single right order: queues take turns at random, an engine takes a random time,
//! and its effects take place at either end of it. What a program does not order by tokens happens in some order
//! here that shows. Engines that are under way together must not share a bank through ports of one kind.

mod execute;
mod walk;

use execute::{Array, Effects};
use spec::accelerator::Accelerator;
use spec::isa::code::Instruction;
use spec::isa::table::{
    NestKind, Queue, BOUND, BUFFER_BITS, CFG, DELTA, DRAM_BITS, END, ENDLOOP, EXEC, FENCE, GUARD, INDEX, LD,
    LOOP, SIGNAL, ST, WAIT,
};
use spec::program::{Place, Program};
use spec::random::Rng;
use std::collections::BTreeSet;
use walk::Table;

/// A machine with a program in its memory.
pub struct Emulator<'a> {
    accelerator: &'a Accelerator,
    dram: Vec<u8>,
    buffer: Vec<u8>,
    tokens: Vec<u32>,
    queues: Vec<Sequencer>,
    arrays: Vec<Array>,
    rng: Rng,
}

/// A queue with its engine.
struct Sequencer {
    kind: Queue,
    words: Vec<u64>,
    pc: usize,
    done: bool,
    /// First word of the loop, its trip count, its iteration.
    repeat: (usize, i64, i64),
    registers: Vec<i64>,
    /// The two pages of nest tables, and which one is live.
    pages: [Table; 2],
    live: usize,
    flight: Option<Flight>,
}

/// An engine at work.
struct Flight {
    /// Turns until it is done.
    turns: u32,
    registers: Vec<i64>,
    table: Table,
    /// Whether its effects are still to come.
    pending: bool,
    /// Banks read and written.
    banks: [BTreeSet<u32>; 2],
}

/// What a word did.
enum Progress {
    Moved,
    /// It waits for its engine.
    Busy,
    /// It waits for a token.
    Token(usize),
    /// The queue has executed its `END`.
    Done,
}

impl<'a> Emulator<'a> {
    /// The machine with `program` and `images` in DRAM; `images` are as the network has them, `[N, C, H, W]`.
    pub fn new(accelerator: &'a Accelerator, program: &Program, images: &[i8], seed: u64) -> Emulator<'a> {
        let mut rng = Rng::new(seed);
        let mut junk = |count: u64| (0..count).map(|_| rng.bits() as u8).collect::<Vec<u8>>();
        let mut dram = junk(program.dram_end);
        for segment in &program.constants {
            let start = segment.address as usize;
            dram[start..start + segment.bytes.len()].copy_from_slice(&segment.bytes);
        }
        write_images(&mut dram, &program.input, images);
        let buffer = junk(u64::from(accelerator.buffer.bytes()));
        let queue = |(i, words): (usize, &Vec<u64>)| Sequencer::new(Queue::ALL[i % 3], words.clone());
        Emulator {
            accelerator,
            dram,
            buffer,
            tokens: vec![0; accelerator.tokens as usize],
            queues: program.streams.iter().enumerate().map(queue).collect(),
            arrays: accelerator.chunks.iter().map(Array::new).collect(),
            rng,
        }
    }

    /// Runs until every queue is done.
    ///
    /// # Errors
    /// An illegal word, an access outside a memory, a bank conflict, tokens left over, or a deadlock with what
    /// every queue waits for.
    pub fn run(&mut self) -> Result<(), String> {
        while self.queues.iter().any(|queue| !queue.done) {
            let first = self.rng.size(0, self.queues.len() as u32 - 1) as usize;
            let mut moved = self.progress_engine(first)?;
            let burst = self.rng.size(1, 40);
            for _ in 0..burst {
                if !matches!(self.step(first)?, Progress::Moved) {
                    break;
                }
                moved = true;
            }
            if !moved && !self.any_progress()? {
                return Err(self.deadlock());
            }
        }
        match self.tokens.iter().position(|count| *count != 0) {
            Some(token) => Err(format!("token {token} is {} at the end", self.tokens[token])),
            None => Ok(()),
        }
    }

    /// The int8 values at `place`, all images, `[N, C, H, W]`.
    pub fn output(&self, place: &Place, images: u32) -> Vec<i8> {
        let [c, h, w] = place.shape;
        let mut values = Vec::with_capacity(images as usize * c * h * w);
        for image in 0..images as usize {
            for flat in 0..c * h * w {
                let (channel, pixel) = (flat / (h * w), flat % (h * w));
                let offset = image * place.image_bytes as usize + pixel * c + channel;
                values.push(self.dram[place.address as usize + offset] as i8);
            }
        }
        values
    }

    /// One turn of any engine or queue that can take one.
    fn any_progress(&mut self) -> Result<bool, String> {
        for queue in 0..self.queues.len() {
            if self.progress_engine(queue)? || matches!(self.step(queue)?, Progress::Moved) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn progress_engine(&mut self, queue: usize) -> Result<bool, String> {
        let Some(flight) = &mut self.queues[queue].flight else { return Ok(false) };
        if flight.turns > 0 {
            flight.turns -= 1;
            return Ok(true);
        }
        let flight = self.queues[queue].flight.take().expect("it was there a line ago");
        if flight.pending {
            let effects = self.effects(queue, &flight.registers, &flight.table, false)?;
            self.apply(effects)?;
        }
        Ok(true)
    }

    /// Executes the next word of a queue, if it can.
    fn step(&mut self, index: usize) -> Result<Progress, String> {
        let queue = &mut self.queues[index];
        if queue.done {
            return Ok(Progress::Done);
        }
        let place = format!("stream {index}, word {}", queue.pc);
        let word = queue.words.get(queue.pc).ok_or(format!("{place}: the stream has no END"))?;
        let instruction =
            Instruction::decode(*word, queue.kind).ok_or(format!("{place}: illegal {word:#018x}"))?;
        let waits = matches!(instruction.row.opcode, LD | ST | EXEC | SIGNAL | FENCE | END);
        if waits && queue.flight.is_some() {
            return Ok(Progress::Busy);
        }
        match instruction.row.opcode {
            WAIT | SIGNAL => {
                let token = instruction.get("token") as usize;
                let count = self.tokens.get_mut(token).ok_or(format!("{place}: no token {token}"))?;
                match (instruction.row.opcode, *count) {
                    (WAIT, 0) => return Ok(Progress::Token(token)),
                    (WAIT, _) => *count -= 1,
                    _ => *count += 1,
                }
                queue.pc += 1;
            }
            LD | ST | EXEC => {
                if instruction.row.opcode == EXEC && instruction.get("flip") == 1 {
                    queue.live = 1 - queue.live;
                }
                queue.pc += 1;
                self.launch(index).map_err(|error| format!("{place}: {error}"))?;
            }
            _ => queue.execute(&instruction),
        }
        Ok(Progress::Moved)
    }

    fn launch(&mut self, index: usize) -> Result<(), String> {
        let queue = &self.queues[index];
        let (registers, table) = (queue.registers.clone(), queue.pages[queue.live].clone());
        let effects = self.effects(index, &registers, &table, true)?;
        let banks = effects.banks.clone();
        self.check_banks(index, &banks)?;
        let pending = self.rng.percent(50);
        if !pending {
            let real = self.effects(index, &registers, &table, false)?;
            self.apply(real)?;
        }
        let turns = self.rng.size(0, 30);
        self.queues[index].flight = Some(Flight { turns, registers, table, pending, banks });
        Ok(())
    }

    /// Refuses two ports of one kind on a bank at once.
    fn check_banks(&self, index: usize, banks: &[BTreeSet<u32>; 2]) -> Result<(), String> {
        for (other, queue) in self.queues.iter().enumerate() {
            let Some(flight) = &queue.flight else { continue };
            let shared_engine = index % 3 != 1 && other % 3 == index % 3;
            for (kind, (ours, theirs)) in ["read", "write"].iter().zip(banks.iter().zip(&flight.banks)) {
                if let Some(bank) = ours.intersection(theirs).next().filter(|_| !shared_engine) {
                    return Err(format!("streams {index} and {other} both {kind} bank {bank}"));
                }
            }
        }
        Ok(())
    }

    /// What an engine does with the memories as they are now. A trial leaves the array as it is.
    fn effects(
        &mut self,
        index: usize,
        registers: &[i64],
        table: &Table,
        trial: bool,
    ) -> Result<Effects, String> {
        let chunk = index / 3;
        match Queue::ALL[index % 3] {
            Queue::Execute if trial => {
                let rng = &mut self.rng.clone();
                self.arrays[chunk].clone().execute(self.accelerator, registers, table, &self.buffer, rng)
            }
            Queue::Execute => {
                self.arrays[chunk].execute(self.accelerator, registers, table, &self.buffer, &mut self.rng)
            }
            queue => self.transfer(queue, registers),
        }
    }

    fn transfer(&self, queue: Queue, values: &[i64]) -> Result<Effects, String> {
        let get = |name: &str| {
            let index = queue.registers().iter().position(|register| register.name == name);
            values[index.expect("the table has this register")]
        };
        let mut effects = Effects::default();
        for plane in 0..get("planes") {
            for row in 0..get("rows") {
                let dram = get("dram") + plane * get("dram_plane") + row * get("dram_row");
                let buffer = get("buffer") + plane * get("buffer_plane") + row * get("buffer_row");
                self.copy(queue, [dram as u64, buffer as u64, get("bytes") as u64], &mut effects)?;
            }
        }
        Ok(effects)
    }

    fn copy(
        &self,
        queue: Queue,
        [dram, buffer, bytes]: [u64; 3],
        effects: &mut Effects,
    ) -> Result<(), String> {
        let (dram, buffer) = (dram % (1 << DRAM_BITS), buffer % (1 << BUFFER_BITS));
        let bank = u64::from(self.accelerator.buffer.bank_bytes);
        let ends = [dram + bytes <= self.dram.len() as u64, buffer + bytes <= self.buffer.len() as u64];
        if ends != [true, true] || bytes == 0 {
            return Err(format!("{bytes} bytes at {dram:#x} and {buffer:#x} leave a memory"));
        }
        let banks = (buffer / bank) as u32..=((buffer + bytes - 1) / bank) as u32;
        let (d, b, n) = (dram as usize, buffer as usize, bytes as usize);
        if queue == Queue::Load {
            effects.buffer.extend((0..n).map(|i| (b + i, self.dram[d + i])));
            effects.banks[1].extend(banks);
        } else {
            effects.dram.extend((0..n).map(|i| (d + i, self.buffer[b + i])));
            effects.banks[0].extend(banks);
        }
        Ok(())
    }

    fn apply(&mut self, effects: Effects) -> Result<(), String> {
        for (address, byte) in effects.buffer {
            *self
                .buffer
                .get_mut(address)
                .ok_or(format!("a result at {address:#x} is outside the buffer"))? = byte;
        }
        for (address, byte) in effects.dram {
            self.dram[address] = byte;
        }
        Ok(())
    }

    fn deadlock(&mut self) -> String {
        let mut text = "deadlock:".to_string();
        for index in 0..self.queues.len() {
            let pc = self.queues[index].pc;
            let state = match self.step(index) {
                Ok(Progress::Done) => "done".to_string(),
                Ok(Progress::Token(token)) => format!("waits for token {token}"),
                _ => "waits for its engine".to_string(),
            };
            text += &format!("\n  stream {index} at word {pc}: {state}");
        }
        text
    }
}

impl Sequencer {
    fn new(kind: Queue, words: Vec<u64>) -> Sequencer {
        let (done, registers) = (words.is_empty(), vec![0; kind.registers().len()]);
        let pages = [Table::default(), Table::default()];
        Sequencer { kind, words, pc: 0, done, repeat: (0, 0, 0), registers, pages, live: 0, flight: None }
    }

    /// Words that neither wait nor start anything.
    fn execute(&mut self, instruction: &Instruction) {
        let get = |name: &str| instruction.get(name);
        self.pc += 1;
        match instruction.row.opcode {
            CFG => self.set(get("reg"), get("value")),
            INDEX => {
                let frame = (self.repeat.2 + get("offset")).rem_euclid(1 << get("bits"));
                let register = get("reg");
                self.set(register, self.registers[register as usize] + frame * get("stride"));
            }
            BOUND => self.pages[1 - self.live].bound(instruction),
            DELTA => self.pages[1 - self.live].delta(instruction),
            LOOP => self.repeat = (self.pc, get("count"), 0),
            ENDLOOP => {
                self.repeat.2 += 1;
                if self.repeat.2 < self.repeat.1 {
                    self.pc = self.repeat.0;
                } else {
                    self.repeat.2 = 0;
                }
            }
            GUARD if (get("from")..get("until")).contains(&self.repeat.2) => {}
            GUARD => self.pc += get("skip") as usize,
            END => self.done = true,
            _ => {}
        }
    }

    fn set(&mut self, register: i64, value: i64) {
        let width = self.kind.registers()[register as usize].width;
        self.registers[register as usize] = value & ((1 << width) - 1);
    }
}

fn write_images(dram: &mut [u8], place: &Place, images: &[i8]) {
    let [c, h, w] = place.shape;
    for (flat, value) in images.iter().enumerate() {
        let (image, rest) = (flat / (c * h * w), flat % (c * h * w));
        let (channel, pixel) = (rest / (h * w), rest % (h * w));
        let address = place.address as usize + image * place.image_bytes as usize + pixel * c + channel;
        dram[address] = *value as u8;
    }
}

/// The accumulators of a nest in the order of its table.
fn place_of(kind: NestKind, name: &str) -> usize {
    let index = kind.accumulators().iter().position(|(accumulator, _)| *accumulator == name);
    index.expect("the table has this accumulator")
}
