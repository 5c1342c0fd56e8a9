//! One netlist out of random modules: up to 64 instances of one definition, instances inside of instances, and rows
//! that feed each other.

use std::sync::Arc;

use super::array::{array, fitted, link};
use super::{module, Random};
use crate::{Builder, Module};

/// Instances in an array, those inside of them included, at most: more of them make nothing new happen.
const MOST: usize = 130;

/// A module of `size` random operations beside an array of 1 to 64 equal instances over leaves of their own, and beside
/// two rows of which one feeds the other. No other seed's modules have the same names.
pub fn hierarchy(seed: u64, size: usize) -> Arc<Module> {
    let random = &mut Random::new(seed);
    let name = |part: &str| format!("n{seed}_{part}");
    let mut leaves: Vec<Arc<Module>> = (0..1 + random.below(2))
        .map(|i| module(random, &name(&format!("leaf_{i}")), size / 4, &[]))
        .collect();
    if random.once_in(3) {
        let shape = [1, 2 + random.below(5)];
        leaves.push(array(random, &name("nest"), &leaves[0], shape));
    }
    let inner = module(random, &name("inner"), size / 2, &leaves);
    let outer = module(random, &name("outer"), size, &leaves);
    // Now and then the array consists of arrays.
    let cell = match random.once_in(6) {
        true => {
            let shape = [1, 4 + random.below(3)];
            array(random, &name("line"), &leaves[0], shape)
        }
        false => inner,
    };
    let shape = shape(random, MOST / instances(&cell));
    let mut parts = vec![array(random, &name("array"), &cell, shape), outer];
    if random.once_in(2) {
        let [first, second] = ["first", "second"].map(|part| module(random, &name(part), size / 3, &[]));
        let count = 2 + random.below(12);
        parts.push(rows(random, &name("rows"), &first, &second, count));
    }
    side_by_side(&name("netlist"), &parts)
}

/// Instances of a module and everything below it.
fn instances(module: &Module) -> usize {
    1 + module.instances().iter().map(|instance| instances(&instance.module)).sum::<usize>()
}

/// Rows and columns: a line or a grid, of few instances or of many.
fn shape(random: &mut Random, most: usize) -> [usize; 2] {
    let most = [6, 20, 64][random.below(3)].min(most.max(1));
    match random.below(4) {
        0 if most.is_power_of_two() => [most.isqrt(), most / most.isqrt()],
        0 => [1, most],
        1 => [1, 1 + random.below(most)],
        2 => [1 + random.below(most), 1],
        _ => {
            let side = most.isqrt();
            [1 + random.below(side), 1 + random.below(side)]
        }
    }
}

/// `count` instances of each of two modules, or a few less of the second: an input of the second row is an output of the
/// instance at its side, of one further on, or of the first one of all.
fn rows(
    random: &mut Random,
    name: &str,
    first: &Arc<Module>,
    second: &Arc<Module>,
    count: usize,
) -> Arc<Module> {
    let b = Builder::new(name, "Two rows of equal instances, one fed by the other.");
    let row = |module: &Arc<Module>, name: &str, count: usize| -> Vec<_> {
        (0..count).map(|i| b.instance(&format!("{name}{i}"), module)).collect()
    };
    let fewer = if count > 4 { random.below(count - 3) } else { 0 };
    let (firsts, seconds) = (row(first, "a", count), row(second, "b", count - fewer));
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
        let name = link(random, first, &port);
        let place = random.below(4);
        for (i, instance) in seconds.iter().enumerate() {
            let feeder = &firsts[[i, i + fewer, (i + 1) % count, 0][place]];
            instance.connect(&port.name, &fitted(&feeder.out(&name), port.width));
        }
    }
    let all = firsts.iter().chain(&seconds).map(|instance| instance.out("all"));
    let sum = all.reduce(|sum, value| &sum.shift_left(&b.lit(2, 1)) ^ &value).expect("an instance");
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
