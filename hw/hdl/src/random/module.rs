//! One random module: a pool of values that grows by operations, memories and instances on values that are there
//! already, so that all of it is in an order of evaluation.

use std::sync::Arc;

use super::memory::memory;
use super::operation::operation;
use super::{any, fold64, of_width, Random};
use crate::{Builder, Module, Reg, Signal};

/// A module of about `size` random operations, with instances of `children`. Its outputs `z0` and `z1` are as wide as
/// its inputs `x0` and `x1`, so that instances can be linked without anything in between.
///
/// # Panics
/// Where the description is wrong: that would be a mistake of this file or of the checks.
pub fn module(random: &mut Random, name: &str, size: usize, children: &[Arc<Module>]) -> Arc<Module> {
    let b = Builder::new(name, "A random netlist.");
    let inputs: Vec<Signal> =
        (0..3 + random.below(4)).map(|i| b.input(&format!("x{i}"), random.width(), "anything")).collect();
    let registers: Vec<Reg> =
        (0..2 + random.below(4)).map(|i| b.reg(&format!("r{i}"), random.width())).collect();
    let mut pool: Vec<Signal> = inputs.iter().cloned().chain(registers.iter().map(Reg::q)).collect();
    for i in 0..size {
        let signal = match random.below(40) {
            0 => memory(random, &b, &pool, i),
            1 if !children.is_empty() => {
                let outputs = instance(random, &b, &pool, i, children);
                pool.extend(outputs);
                continue;
            }
            2 => num::Num::stage(&any(random, &pool)),
            _ => operation(random, &b, &pool),
        };
        pool.push(if random.once_in(6) { signal.named(&format!("n{i}")) } else { signal });
    }
    registers.iter().for_each(|register| connect(random, register, &pool));
    if random.once_in(6) {
        b.reset_from(&of_width(random, &pool, 1));
    }
    for (i, input) in inputs.iter().take(2).enumerate() {
        b.output(&format!("z{i}"), &of_width(random, &pool, input.width()), "fits an input");
    }
    for i in 0..2 + random.below(4) {
        let value = pool[pool.len() - 1 - random.below(pool.len().min(12))].clone();
        b.output(&format!("y{i}"), &value, "something");
    }
    b.output("q", &registers[0].q(), "a register");
    // Where it is a register, equal instances have all their values in lanes; where not, all are seen at once.
    let all = pool.iter().fold(b.zero(64), |sum, signal| &sum ^ &fold64(signal));
    b.output("all", &if random.once_in(3) { all } else { num::Num::stage(&all) }, "every value");
    b.finish().unwrap_or_else(|errors| panic!("{errors}"))
}

/// A random next value; a reset value and an enable half of the time each.
fn connect(random: &mut Random, register: &Reg, pool: &[Signal]) {
    let width = register.q().width();
    register.next(&of_width(random, pool, width));
    if random.once_in(2) {
        let reset = random.below(2) as i64;
        register.reset(if width > 6 { reset * 45 } else { reset });
    }
    if random.once_in(2) {
        register.enable(&of_width(random, pool, 1));
    }
}

/// An instance of one of `children`, now and then with a reset of its own; gives its outputs.
fn instance(
    random: &mut Random,
    b: &Builder,
    pool: &[Signal],
    i: usize,
    children: &[Arc<Module>],
) -> Vec<Signal> {
    let child = &children[random.below(children.len())];
    let instance = b.instance(&format!("u{i}"), child);
    for port in child.inputs() {
        if port.name != "rst" || random.once_in(4) {
            instance.connect(&port.name, &of_width(random, pool, port.width));
        }
    }
    // Leave an output unread now and then.
    let read = child.outputs().iter().filter(|_| random.below(8) > 0);
    read.map(|output| instance.out(&output.port.name)).collect()
}
