//! From blocks and memories with lanes to lists of array operations.

use super::super::cpu::Cpu;
use super::super::plan::{Plan, FLAGS};
use super::super::segments::Segment;
use super::super::words::{bytes, ones, padded, Id, Node, Op};
use super::kernels::{self, Args, Kernel};
use super::{Extent, Step};

/// The steps of a segment.
pub(super) fn segment(plan: &Plan, segment: &Segment, cpu: Cpu) -> Vec<Step> {
    let mut lower = Lower { plan, cpu, steps: Vec::new() };
    for id in &segment.nodes {
        let exports = plan.exports[segment.block].iter();
        let exports = exports.filter(|export| export.values.contains(id));
        let mut wakes: Vec<u32> = exports.flat_map(|export| export.wakes.clone()).collect();
        if let Some(state) = plan.shared.get(id) {
            wakes.extend(lower.woken_later(segment.block, *state as usize));
        }
        lower.value(*id, wakes);
    }
    segment.states.iter().for_each(|state| lower.state(segment.block, *state));
    lower.steps
}

/// The write ports of a memory, in their order.
pub(super) fn memory(plan: &Plan, index: usize, cpu: Cpu) -> Vec<Step> {
    let memory = &plan.netlist.memories[index];
    let writes = memory.writes.iter().map(|write| {
        let has_lanes = |id: Id| plan.netlist.lanes(id) > 1;
        let args = Args {
            to: 8 * plan.memory_at[index],
            a: plan.place[write.data as usize] as usize,
            d: write.mask.map(|mask| plan.place[mask as usize] as usize),
            b: plan.place[write.addr as usize] as usize,
            c: plan.place[write.enable as usize] as usize,
            lanes: memory.lanes as usize,
            stride: padded(memory.lanes) as usize,
            number: u64::from(memory.depth),
            address: ones(plan.netlist.width(write.addr)),
            ..Args::default()
        };
        let address = has_lanes(write.addr).then(|| bytes(plan.netlist.width(write.addr)));
        let kernel = kernels::write(memory.bytes(), address, has_lanes(write.enable));
        Step::Write { kernel: kernel.on(cpu), args, wakes: plan.readers[index].clone() }
    });
    writes.collect()
}

struct Lower<'a> {
    plan: &'a Plan,
    cpu: Cpu,
    steps: Vec<Step>,
}

impl Lower<'_> {
    /// Computes a value, where it is kept or, if a change wakes somebody, aside first.
    fn value(&mut self, id: Id, wakes: Vec<u32>) {
        let node = self.plan.netlist.nodes[id as usize];
        let place = self.plan.place[id as usize] as usize;
        let aside = 8 * self.plan.scratch;
        let to = if wakes.is_empty() { place } else { aside };
        self.compute(&node, to);
        if !wakes.is_empty() {
            let extent = Extent::of(node.width, node.lanes);
            self.steps.push(Step::Keep { from: aside / 8, to: place / 8, extent, wakes });
        }
    }

    fn place(&self, id: Id) -> usize {
        self.plan.place[id as usize] as usize
    }

    fn run(&mut self, kernel: Kernel, args: Args) {
        self.steps.push(Step::Run(kernel.on(self.cpu), args));
    }

    fn compute(&mut self, node: &Node, to: usize) {
        let netlist = &self.plan.netlist;
        let (size, width) = (bytes(node.width), |id: Id| netlist.width(id));
        let lanes = node.lanes as usize;
        let args = |a: usize, b: usize| Args { to, a, b, lanes, mask: ones(node.width), ..Args::default() };
        let two = |a: Id, b: Id| args(self.place(a), self.place(b));
        match node.op {
            Op::Not(a) => self.run(kernels::not(size), two(a, a)),
            Op::And(a, b) => self.run(kernels::and(size), two(a, b)),
            Op::Or(a, b) => self.run(kernels::or(size), two(a, b)),
            Op::Xor(a, b) => self.run(kernels::xor(size), two(a, b)),
            Op::Add(a, b) => self.run(kernels::add(size), two(a, b)),
            Op::Sub(a, b) => self.run(kernels::sub(size), two(a, b)),
            Op::Mul(a, b) => self.run(kernels::mul(size), two(a, b)),
            Op::MulHigh(a, b) => self.run(kernels::mul_high(size), two(a, b)),
            Op::Eq(a, b) => self.run(kernels::equal(bytes(width(a))), two(a, b)),
            Op::Less(a, b) => self.run(kernels::less(bytes(width(a))), two(a, b)),
            Op::LessSigned(a, b) => {
                // With the sign bits turned around, signed numbers compare like unsigned ones.
                let args = Args { number: 1 << (width(a) - 1), ..two(a, b) };
                self.run(kernels::less(bytes(width(a))), args);
            }
            Op::Shl(a, by) | Op::Shr(a, by) | Op::Sar(a, by) => {
                let amount = self.aside(1);
                let count = Args { to: amount, a: self.place(by), lanes, ..Args::default() };
                let args = Args { number: u64::from(node.width), ..args(self.place(a), amount) };
                self.run(kernels::amount(bytes(width(by)), size), count);
                self.run(kernels::shift(node.op, size), args);
            }
            Op::Mux(select, yes, no) => {
                let args = Args { c: self.place(select), ..two(yes, no) };
                self.run(kernels::mux(size), args);
            }
            Op::Slice(a, low) => {
                let args = Args { number: u64::from(low), ..two(a, a) };
                self.run(kernels::slice(bytes(width(a)), size), args);
            }
            Op::Zext(a) => self.run(kernels::slice(bytes(width(a)), size), two(a, a)),
            Op::Sext(a) => {
                let args = Args { number: u64::from(8 * size - width(a)), ..two(a, a) };
                self.run(kernels::sext(bytes(width(a)), size), args);
            }
            Op::Concat(high, low) => {
                let [above, below] = [1, 2].map(|place| self.aside(place));
                for (part, place) in [(high, above), (low, below)] {
                    let args = Args {
                        to: place,
                        a: self.place(part),
                        lanes,
                        mask: ones(width(part)),
                        ..Args::default()
                    };
                    self.run(kernels::slice(bytes(width(part)), size), args);
                }
                self.run(kernels::concat(size), Args { number: u64::from(width(low)), ..args(above, below) });
            }
            Op::Parity(a) => self.run(kernels::parity(bytes(width(a))), two(a, a)),
            Op::Splat(a) => self.run(kernels::splat(size), two(a, a)),
            Op::Gather(list) => {
                let (kernel, args) = kernels::gather(size, self.places(list));
                self.run(kernel, Args { to, ..args });
            }
            Op::Choose(list, index) => {
                let args = Args { list: self.places(list), ..two(index, index) };
                self.run(kernels::choose(size, bytes(width(index))), args);
            }
            Op::Load { memory, addr, .. } => {
                let (at, depth) =
                    (8 * self.plan.memory_at[memory as usize], netlist.memories[memory as usize].depth);
                let stride = padded(node.lanes) as usize;
                let address = ones(width(addr));
                let args = Args { number: u64::from(depth), stride, address, ..args(at, self.place(addr)) };
                let address = (netlist.lanes(addr) > 1).then(|| bytes(width(addr)));
                self.run(kernels::load(size, address), args);
            }
            Op::Const(_) | Op::Input(_) | Op::State(_) | Op::Pick(..) | Op::View(..) => {
                panic!("{:?} is not computed in lanes", node.op)
            }
        }
    }

    fn places(&self, list: u32) -> Vec<u32> {
        self.plan.netlist.lists[list as usize].iter().map(|id| self.plan.place[*id as usize]).collect()
    }

    /// A place for what is needed only now.
    fn aside(&self, place: usize) -> usize {
        8 * (self.plan.scratch + place * self.plan.longest)
    }

    /// Flags of the units that a register wakes at the edge that is written in place.
    fn woken_later(&self, block: usize, state: usize) -> Vec<u32> {
        let later = (FLAGS * self.plan.later) as u32;
        let wakes = &self.plan.written[block][self.plan.written_of(block, state)].wakes;
        wakes.iter().map(|unit| later + unit).collect()
    }

    /// What a register takes at the next edge: `next`, or as before where it is not enabled, or its reset value.
    fn state(&mut self, block: usize, index: usize) {
        let plan = self.plan;
        let state = &plan.netlist.states[index];
        if plan.shared.get(&state.next) == Some(&(index as u32)) {
            return;
        }
        let size = bytes(state.width);
        let held = 8 * plan.state_at[index];
        let to = if plan.is_in_place[index] { self.aside(0) } else { 8 * plan.next_at[index] };
        let args =
            Args { to, a: self.place(state.next), b: held, lanes: state.lanes as usize, ..Args::default() };
        let has_lanes = |id: Id| plan.netlist.lanes(id) > 1;
        match state.enable {
            None => self.run(kernels::slice(size, size), Args { mask: ones(state.width), ..args.clone() }),
            Some(enable) if has_lanes(enable) => {
                self.run(kernels::mux(size), Args { c: self.place(enable), ..args.clone() });
            }
            Some(enable) => self.run(kernels::either(size), Args { c: self.place(enable), ..args.clone() }),
        }
        if let Some((reset, value)) = state.reset {
            let kernel = kernels::reset(size, has_lanes(reset));
            self.run(kernel, Args { c: self.place(reset), number: value, ..args });
        }
        let extent = Extent::of(state.width, state.lanes);
        let (state, next) = (plan.state_at[index], plan.next_at[index]);
        if !plan.is_in_place[index] {
            return self.steps.push(Step::Decide { state, next, extent, edge: plan.edge_of[index] });
        }
        let wakes = self.woken_later(block, index);
        self.steps.push(Step::Keep { from: to / 8, to: state, extent, wakes });
    }
}
