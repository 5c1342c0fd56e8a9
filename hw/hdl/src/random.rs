//! Random netlists, for tests of whatever prints or runs modules: every kind of operation at widths of 1 to 256 bits,
//! registers, memories of both kinds, and instances of modules that are random themselves. One seed gives the same
//! netlist everywhere.

use std::sync::Arc;

use num::Bits;

use crate::{Builder, Module, Reg, Signal};

/// A small generator of random numbers (xorshift), the same everywhere for one seed.
pub struct Random(u64);

impl Random {
    /// From a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// 64 random bits.
    pub fn word(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: usize) -> usize {
        ((self.word() >> 32) as usize) % limit
    }

    /// Mostly narrow, often next to a limit of machine words.
    pub fn width(&mut self) -> u32 {
        match self.below(8) {
            0 => 1,
            1..=3 => 1 + self.below(12) as u32,
            4 => 7 + self.below(11) as u32,
            5 => 30 + self.below(5) as u32,
            6 => 62 + self.below(5) as u32,
            _ => 1 + self.below(256) as u32,
        }
    }

    /// Uniform, or with long runs of equal bits, or at the limits.
    pub fn bits(&mut self, width: u32) -> Bits {
        let words: Vec<u64> = (0..width.div_ceil(64)).map(|_| self.word()).collect();
        let uniform = Bits::from_words(width, &words);
        match self.below(6) {
            0 => Bits::zero(width),
            1 => Bits::ones(width),
            2 => Bits::from_i64(width, self.below(16) as i64 - 8),
            3 => uniform.ashr(self.below(width as usize) as u32),
            _ => uniform,
        }
    }
}

/// A module of about `size` random operations, with instances of `children`.
///
/// # Panics
/// Where the description is wrong: that would be a mistake of this file or of the checks.
pub fn module(random: &mut Random, name: &str, size: usize, children: &[Arc<Module>]) -> Arc<Module> {
    let b = Builder::new(name, "A random netlist.");
    let mut pool: Vec<Signal> =
        (0..3 + random.below(4)).map(|i| b.input(&format!("x{i}"), random.width(), "anything")).collect();
    let registers: Vec<Reg> =
        (0..2 + random.below(4)).map(|i| b.reg(&format!("r{i}"), random.width())).collect();
    pool.extend(registers.iter().map(|register| register.q()));
    for i in 0..size {
        let signal = match random.below(40) {
            0 => memory(random, &b, &pool, i),
            1 if !children.is_empty() => {
                let outputs = instance(random, &b, &pool, i, children);
                pool.extend(outputs);
                continue;
            }
            2 => num::Num::stage(&any(random, &pool)),
            _ => operation(random, &pool),
        };
        pool.push(if random.below(6) == 0 { signal.named(&format!("n{i}")) } else { signal });
    }
    for register in &registers {
        register.next(&of_width(random, &pool, register.q().width()));
        if random.below(2) == 0 {
            let reset = random.below(2) as i64;
            register.reset(if register.q().width() > 6 { reset * 45 } else { reset });
        }
        if random.below(2) == 0 {
            register.enable(&of_width(random, &pool, 1));
        }
    }
    for i in 0..3 + random.below(4) {
        let value = pool[pool.len() - 1 - random.below(pool.len().min(12))].clone();
        b.output(&format!("y{i}"), &value, "something");
    }
    b.output("all", &pool.iter().fold(b.zero(64), |sum, signal| &sum ^ &fold64(signal)), "every value");
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}

/// All bits of a value in 64.
fn fold64(signal: &Signal) -> Signal {
    let parts = (0..signal.width().div_ceil(64)).map(|i| {
        let low = 64 * i;
        signal.slice(low, 64.min(signal.width() - low)).zext(64)
    });
    parts.reduce(|a, b| a ^ b).expect("a part")
}

fn any(random: &mut Random, pool: &[Signal]) -> Signal {
    let recent = pool.len().min(10);
    match random.below(2) {
        0 => pool[random.below(pool.len())].clone(),
        _ => pool[pool.len() - 1 - random.below(recent)].clone(),
    }
}

fn of_width(random: &mut Random, pool: &[Signal], width: u32) -> Signal {
    let signal = any(random, pool);
    match (random.below(3), signal.width() > width) {
        (0, _) => signal.zext(width),
        (1, true) => {
            let low = random.below((signal.width() - width) as usize) as u32;
            signal.slice(low, width)
        }
        _ => signal.sext(width),
    }
}

fn operation(random: &mut Random, pool: &[Signal]) -> Signal {
    let a = any(random, pool);
    let w = a.width();
    let b = match random.below(8) {
        0 => {
            let value = (random.word() & 1) as i64;
            a.gate(&(a.bit(0) & !a.bit(0))) + value
        }
        _ => of_width(random, pool, w),
    };
    let bit = of_width(random, pool, 1);
    let by_width = 1 + random.below(9) as u32;
    let by = of_width(random, pool, by_width);
    match random.below(31) {
        0 => !&a,
        1 => &a & &b,
        2 => &a | &b,
        3 => &a ^ &b,
        4 => &a + &b,
        5 => &a - &b,
        6 => a.eq(&b),
        7 => a.ne(&b),
        8 => a.ult(&b),
        9 => a.uge(&b),
        10 => a.slt(&b),
        11 => a.sle(&b),
        12 => bit.mux(&a, &b),
        13 => select(random, pool, w),
        14 => a.shift_left(&by),
        15 => a.shift_right(&by),
        16 => a.shift_right_signed(&by),
        17 if w <= 128 => a.mul_u(&of_width(random, pool, by_width)),
        18 if w <= 128 => a.mul_s(&of_width(random, pool, by_width)),
        19 if w <= 128 => num::Num::mul(&a, &b),
        20 if w <= 200 => num::Num::add(&a, &of_width(random, pool, by_width)),
        21 => a.any(),
        22 => a.all(),
        23 => a.parity(),
        24 => a.zext((w + by_width).min(256)),
        25 => a.sext((w + by_width).min(256)),
        26 if w <= 128 => a.cat(&b),
        27 if w <= 16 => a.replicate(by_width),
        28 => a.gate(&bit),
        29 => num::Num::clamp(&a, &num::Num::lit(&a, -3), &num::Num::lit(&a, 17)).trunc(1),
        _ => {
            let low = random.below(w as usize) as u32;
            a.slice(low, 1 + random.below((w - low) as usize) as u32)
        }
    }
}

fn select(random: &mut Random, pool: &[Signal], width: u32) -> Signal {
    let index_width = 1 + random.below(4) as u32;
    let count = 1 + random.below(1 << index_width);
    let options: Vec<Signal> = (0..count).map(|_| of_width(random, pool, width)).collect();
    of_width(random, pool, index_width).select(&options)
}

fn memory(random: &mut Random, b: &Builder, pool: &[Signal], i: usize) -> Signal {
    let granule = 1 + random.below(12) as u32;
    let lanes = 1 + random.below(8) as u32;
    let memory = b.memory(&format!("m{i}"), granule * lanes, 1 + random.below(20) as u32);
    for _ in 0..1 + random.below(2) {
        let [addr, data, enable, mask] =
            [memory.addr_width(), granule * lanes, 1, lanes].map(|width| of_width(random, pool, width));
        match random.below(2) {
            0 => memory.write(&addr, &data, &enable),
            _ => memory.write_masked(&addr, &data, &enable, &mask, granule),
        }
    }
    let addr = of_width(random, pool, memory.addr_width());
    let enable = of_width(random, pool, 1);
    let other = memory.read(&of_width(random, pool, memory.addr_width()));
    memory.read_sync(&format!("m{i}_out"), &addr, &enable) ^ other
}

fn instance(
    random: &mut Random,
    b: &Builder,
    pool: &[Signal],
    i: usize,
    children: &[Arc<Module>],
) -> Vec<Signal> {
    let child = &children[random.below(children.len())];
    let instance = b.instance(&format!("u{i}"), child);
    for port in child.inputs().iter().filter(|port| port.name != "rst") {
        instance.connect(&port.name, &of_width(random, pool, port.width));
    }
    // Leave an output unread now and then.
    let read = child.outputs().iter().filter(|_| random.below(8) > 0);
    read.map(|output| instance.out(&output.port.name)).collect()
}

/// A module of `size` random operations beside a row of 1 to 64 equal instances, each of which has a link to the
/// next, over leaves of its own, and beside two rows of which one feeds the other.
pub fn hierarchy(seed: u64, size: usize) -> Arc<Module> {
    let random = &mut Random::new(seed);
    let leaves: Vec<Arc<Module>> =
        (0..1 + random.below(2)).map(|i| module(random, &format!("leaf_{i}"), size / 4, &[])).collect();
    let inner = module(random, "inner", size / 2, &leaves);
    let outer = module(random, "outer", size, &leaves);
    let most = [4, 8, 64][random.below(3)];
    let count = 1 + random.below(most);
    let row = row(random, &inner, count);
    let [first, second] = ["first", "second"].map(|name| module(random, name, size / 3, &[]));
    let count = 2 + random.below(12);
    side_by_side("netlist", &[row, outer, rows(random, &first, &second, count)])
}

/// `count` instances of each of two modules: an input of the second row is an output of the instance at its side, of
/// the next one, or of the first one of all.
fn rows(random: &mut Random, first: &Arc<Module>, second: &Arc<Module>, count: usize) -> Arc<Module> {
    let b = Builder::new("rows", "Two rows of equal instances, one fed by the other.");
    let row = |module: &Arc<Module>, name: &str| -> Vec<_> {
        (0..count).map(|i| b.instance(&format!("{name}{i}"), module)).collect()
    };
    let (firsts, seconds) = (row(first, "a"), row(second, "b"));
    let ports = |module: &Arc<Module>| -> Vec<_> {
        module.inputs().iter().filter(|port| port.name != "rst").cloned().collect()
    };
    for port in ports(first) {
        let common = b.input(&port.name, port.width, &port.doc);
        for (i, instance) in (0..).zip(&firsts) {
            instance.connect(&port.name, &(&common + i * i64::from(port.width > 4)));
        }
    }
    for port in ports(second) {
        let (from, place) = (random.below(first.outputs().len()), random.below(3));
        let name = &first.outputs()[from].port.name;
        for (i, instance) in seconds.iter().enumerate() {
            let feeder = &firsts[[i, (i + 1) % count, 0][place]];
            let value = feeder.out(name);
            let fitted =
                if value.width() > port.width { value.trunc(port.width) } else { value.zext(port.width) };
            instance.connect(&port.name, &fitted);
        }
    }
    let all = firsts.iter().zip(&seconds).map(|(a, b)| &a.out("all") + &b.out("all"));
    let sum = all.reduce(|sum, value| &sum.shift_left(&b.lit(2, 1)) ^ &value).expect("an instance");
    b.output("sum", &sum, "all outputs of all instances");
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}

/// `count` instances of a module: of its inputs some come from the instance before, some are common to all.
fn row(random: &mut Random, module: &Arc<Module>, count: usize) -> Arc<Module> {
    let b = Builder::new("row", "Equal instances, each linked to the next.");
    let ports: Vec<_> = module.inputs().iter().filter(|port| port.name != "rst").collect();
    let common: Vec<Signal> = ports.iter().map(|port| b.input(&port.name, port.width, &port.doc)).collect();
    let is_linked: Vec<bool> = ports.iter().map(|_| random.below(2) == 0).collect();
    let mut links = common.clone();
    let mut sum = b.zero(64);
    for i in 0..count {
        let instance = b.instance(&format!("u{i}"), module);
        for (port, (link, common)) in ports.iter().zip(links.iter().zip(&common)) {
            instance.connect(&port.name, &(link ^ common));
        }
        let outputs: Vec<Signal> =
            module.outputs().iter().map(|output| instance.out(&output.port.name)).collect();
        sum = outputs.iter().fold(sum, |sum, output| &sum ^ &fold64(output)) + i as i64;
        for (i, link) in links.iter_mut().enumerate().filter(|(i, _)| is_linked[*i]) {
            // Through a register now and then, so that not all is one long path.
            let linked = of_width(random, &outputs, link.width());
            *link = if i % 2 == 0 { num::Num::stage(&linked) } else { linked };
        }
    }
    b.output("sum", &sum, "all outputs of all instances");
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}

/// One module with the given ones side by side, all ports to the outside.
///
/// # Panics
/// Where two have one name.
pub fn side_by_side(name: &str, modules: &[Arc<Module>]) -> Arc<Module> {
    let b = Builder::new(name, "Several modules side by side.");
    for (i, module) in modules.iter().enumerate() {
        let instance = b.instance(&format!("u{i}"), module);
        for port in module.inputs().iter().filter(|port| port.name != "rst") {
            instance.connect(&port.name, &b.input(&format!("u{i}_{}", port.name), port.width, &port.doc));
        }
        for output in module.outputs() {
            let port = &output.port;
            b.output(&format!("u{i}_{}_out", port.name), &instance.out(&port.name), &port.doc);
        }
    }
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}
