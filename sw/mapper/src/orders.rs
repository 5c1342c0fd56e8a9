//! The orders of loops that the search tries.
//!
//! The loops of an `EXEC`, from the inside: output columns and rows and rounds of output channels whose partial
//! sums a PE holds, the reductions (FX, FY, C), then the remaining outputs in either order, then groups.

use crate::mapping::Loop;
use crate::work::Dim;

/// Loop nests without loops of one iteration, each with the level of the partial sums, of which a PE holds at most `sums`.
/// `rounds` says how many rounds of the array each dimension takes.
pub fn all(rounds: &impl Fn(Dim) -> u32, sums: u32) -> Vec<(Vec<Loop>, usize)> {
    let mut orders = Vec::new();
    for ox in fair_cuts(rounds(Dim::OX)) {
        for oy in fair_cuts(rounds(Dim::OY)).into_iter().filter(|oy| ox * oy <= sums) {
            for k in divisors(rounds(Dim::K)).filter(|k| ox * oy * k <= sums) {
                orders.extend(templates(rounds, [ox, oy, k]));
            }
        }
    }
    orders
}

/// The loop orders for inner tiles of `ox` by `oy` outputs and `k` rounds of output channels.
fn templates(rounds: &impl Fn(Dim) -> u32, [ox, oy, k]: [u32; 3]) -> Vec<(Vec<Loop>, usize)> {
    let one = |dim, bound| Loop { dim, bound };
    let all = |dim| one(dim, rounds(dim));
    let rest = |dim, inner: u32| one(dim, rounds(dim).div_ceil(inner));
    let pixels = [one(Dim::OX, ox), one(Dim::OY, oy)];
    let taps = [all(Dim::FX), all(Dim::FY)];
    let channels = [one(Dim::K, k)];
    let inner_orders = [[&pixels[..], &taps, &channels].concat(), [&pixels[..], &channels, &taps].concat()];
    let outputs = [rest(Dim::OX, ox), rest(Dim::OY, oy)];
    let outer_channels = [rest(Dim::K, k)];
    let outer_orders = [[&outputs[..], &outer_channels].concat(), [&outer_channels[..], &outputs].concat()];
    let mut orders: Vec<(Vec<Loop>, usize)> = Vec::new();
    for inner in &inner_orders {
        for outer in &outer_orders {
            let real = |loops: &[&[Loop]]| -> Vec<Loop> {
                loops.concat().into_iter().filter(|l| l.bound > 1).collect()
            };
            let held = real(&[inner, &[all(Dim::C)]]).len();
            let order = (real(&[inner, &[all(Dim::C)], outer, &[all(Dim::G)]]), held);
            if !orders.contains(&order) {
                orders.push(order);
            }
        }
    }
    orders
}

/// Every size that cuts `size` into equal pieces but for rounding.
fn fair_cuts(size: u32) -> Vec<u32> {
    let mut cuts: Vec<u32> = (1..=size).map(|count| size.div_ceil(count)).collect();
    cuts.dedup();
    cuts
}

fn divisors(size: u32) -> impl Iterator<Item = u32> {
    (1..=size).filter(move |divisor| size.is_multiple_of(*divisor))
}
