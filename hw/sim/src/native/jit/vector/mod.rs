//! A fused segment as instructions on vectors: sixteen lanes at a time, as many vectors of 128 bits as they need.
//!
//! Lanes are 0 above their width wherever they are kept; what is above it may be anything until someone needs it to be 0.
//! Lanes beyond the last are computed as well, and nobody looks at them, not even where changes are looked for.

mod changes;
mod gather;
mod load;
mod operation;
mod resize;
mod shift;
mod uniform;

use std::collections::{BTreeMap, HashMap, HashSet};

use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{types, BlockArg, Function, InstBuilder, MemFlagsData, Type, Value};
use cranelift_codegen::isa::TargetFrontendConfig;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

use self::uniform::Uniform;
use super::super::plan::Plan;
use super::super::segments::{Segment, Segments};
use super::super::words::{bytes, Id, CHUNK};
use super::{offset, unaligned};

/// The vectors that hold a value's lanes.
type Parts = Vec<Value>;

/// Emits `segment` as the body of `function`.
pub(super) fn segment(
    plan: &Plan,
    segments: &Segments,
    segment: &Segment,
    function: &mut Function,
    context: &mut FunctionBuilderContext,
    target: TargetFrontendConfig,
) {
    let mut code = FunctionBuilder::new(function, context);
    let entry = code.create_block();
    code.append_block_params_for_function_params(entry);
    code.switch_to_block(entry);
    let base = code.block_params(entry)[0];
    let fused = Fused {
        plan,
        segments,
        segment,
        code,
        base,
        lane: None,
        addresses: HashMap::new(),
        uniform: Uniform::default(),
        known: HashMap::new(),
        is_raw: HashSet::new(),
        known_masks: HashMap::new(),
        changes: BTreeMap::new(),
    };
    fused.emit(target);
}

/// What is noted where something changes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    /// An export of the block, by number.
    Export(usize),
    /// An edge.
    Edge(u32),
    /// Registers of the block that are written in place, by number.
    Written(usize),
}

struct Fused<'a, 'f> {
    plan: &'a Plan,
    segments: &'a Segments,
    segment: &'a Segment,
    code: FunctionBuilder<'f>,
    base: Value,
    /// The first lane of the chunk, where there are several chunks.
    lane: Option<Value>,
    /// Bases, moved to the chunk's first lane of a size.
    addresses: HashMap<(Value, u32), Value>,
    uniform: Uniform,
    known: HashMap<Id, Parts>,
    /// Those of the known values that are right only in the bits of their width.
    is_raw: HashSet<Id>,
    /// All bits of a lane of a size, where a 1-bit value is set.
    known_masks: HashMap<(Id, u32), Parts>,
    /// The bits that changed, in one vector for all that is noted together.
    changes: BTreeMap<Vec<Change>, Value>,
}

impl Fused<'_, '_> {
    fn emit(mut self, target: TargetFrontendConfig) {
        let lanes = self.lanes();
        self.uniform = self.uniform();
        self.gather();
        if lanes <= CHUNK {
            self.chunk();
        } else {
            self.chunks(lanes.div_ceil(CHUNK) * CHUNK);
        }
        for (changes, bits) in std::mem::take(&mut self.changes) {
            self.note(bits, &changes);
        }
        self.code.ins().return_(&[]);
        self.code.seal_all_blocks();
        self.code.finalize(target);
    }

    fn lanes(&self) -> u32 {
        let of_node = self.segment.nodes.first().map(|id| self.plan.netlist.lanes(*id));
        let of_state = self.segment.states.first().map(|state| self.plan.netlist.states[*state].lanes);
        of_node.or(of_state).expect("a segment has values or registers")
    }

    /// What may change in a chunk: sets of what is noted together.
    fn watched(&self) -> Vec<Vec<Change>> {
        let of_nodes = self.segment.nodes.iter().map(|id| self.changes_of(*id));
        let states = self.segment.states.iter().filter(|state| !self.is_shared(**state));
        let of_states = states.map(|state| vec![self.change_of_state(*state)]);
        let mut all: Vec<Vec<Change>> =
            of_nodes.chain(of_states).filter(|changes| !changes.is_empty()).collect();
        all.sort();
        all.dedup();
        all
    }

    /// A loop over all chunks.
    fn chunks(&mut self, lanes: u32) {
        let watched = self.watched();
        let body = self.code.create_block();
        let after = self.code.create_block();
        self.code.append_block_param(body, types::I64);
        for _ in &watched {
            self.code.append_block_param(body, types::I8X16);
        }
        let first = self.code.ins().iconst(types::I64, 0);
        let zero = self.code.ins().iconst(types::I8, 0);
        let zeros = self.code.ins().splat(types::I8X16, zero);
        let mut arguments: Vec<BlockArg> = vec![first.into()];
        let before = std::mem::take(&mut self.changes);
        arguments
            .extend(watched.iter().map(|changes| BlockArg::Value(*before.get(changes).unwrap_or(&zeros))));
        self.code.ins().jump(body, &arguments);
        self.code.switch_to_block(body);
        let params = self.code.block_params(body).to_vec();
        self.lane = Some(params[0]);
        self.changes = watched.into_iter().zip(params[1..].iter().copied()).collect();
        self.chunk();
        let next = self.code.ins().iadd_imm_u(params[0], i64::from(CHUNK));
        let is_more = self.code.ins().icmp_imm_u(IntCC::UnsignedLessThan, next, i64::from(lanes));
        let mut arguments: Vec<BlockArg> = vec![next.into()];
        arguments.extend(self.changes.values().map(|bits| BlockArg::Value(*bits)));
        self.code.ins().brif(is_more, body, &arguments, after, &[]);
        self.code.switch_to_block(after);
    }

    fn chunk(&mut self) {
        for id in &self.segment.nodes {
            if self.is_gathered_before(*id) {
                continue;
            }
            self.value(*id);
            if self.segments.is_stored[*id as usize] {
                self.keep(*id);
            }
        }
        // Stored last of all: one may be what another takes.
        let states: Vec<usize> =
            self.segment.states.iter().copied().filter(|state| !self.is_shared(*state)).collect();
        let taken: Vec<Parts> = states.iter().map(|state| self.decide(*state)).collect();
        for (state, taken) in states.iter().zip(taken) {
            let size = bytes(self.plan.netlist.states[*state].width);
            self.store(&taken, 8 * self.plan.next_at[*state] as u32, size);
        }
    }

    /// `base`, moved to the chunk's first lane of a size.
    fn address(&mut self, base: Value, size: u32) -> Value {
        let Some(first) = self.lane else { return base };
        let code = &mut self.code;
        *self.addresses.entry((base, size)).or_insert_with(|| {
            let offset = offset(code, first, size);
            code.ins().iadd(base, offset)
        })
    }

    fn load(&mut self, base: Value, at: u32, size: u32) -> Parts {
        let (address, parts) = (self.address(base, size), self.parts(size));
        let part = |part: u32| {
            let at = (at + 16 * part) as i32;
            self.code.ins().load(vector(size), unaligned(), address, at)
        };
        (0..parts).map(part).collect()
    }

    /// Vectors that hold the lanes of a chunk: fewer than lanes have bytes where a chunk is all there is, and not full.
    fn parts(&self, size: u32) -> u32 {
        let all = self.lanes().min(CHUNK) * size;
        all.div_ceil(16)
    }

    fn store(&mut self, parts: &[Value], at: u32, size: u32) {
        let address = self.address(self.base, size);
        for (part, value) in (0..).zip(parts) {
            self.code.ins().store(unaligned(), *value, address, (at + 16 * part) as i32);
        }
    }

    /// The lanes of an operand with zeros above its width: they are cut here, once, where they are not.
    fn clean(&mut self, id: Id) -> Parts {
        let mut parts = self.raw(id);
        if self.is_raw.remove(&id) {
            let mask = self.uniform.width_masks[&self.plan.netlist.width(id)];
            parts = parts.into_iter().map(|part| self.code.ins().band(part, mask)).collect();
            self.known.insert(id, parts.clone());
        }
        parts
    }

    /// The lanes of an operand, right at least in the bits of its width.
    fn raw(&mut self, id: Id) -> Parts {
        if let Some(parts) = self.known.get(&id) {
            return parts.clone();
        }
        let parts = self.load(self.base, self.plan.place[id as usize], bytes(self.plan.netlist.width(id)));
        self.known.insert(id, parts.clone());
        parts
    }

    /// Stores a value, and adds the bits that differ from what was there to those of its export.
    fn keep(&mut self, id: Id) {
        let (size, at) = (bytes(self.plan.netlist.width(id)), self.plan.place[id as usize]);
        let parts = self.clean(id);
        let changes = self.changes_of(id);
        if !changes.is_empty() {
            let old = self.load(self.base, at, size);
            self.compare(&changes, &old, &parts, size);
        }
        self.store(&parts, at, size);
    }

    /// What is noted where a value changes, which may be where a register is.
    fn changes_of(&self, id: Id) -> Vec<Change> {
        let of_register = self.plan.shared.get(&id).map(|state| self.change_of_state(*state as usize));
        self.change_of(id).into_iter().chain(of_register).collect()
    }

    /// What is noted where a value changes, if that wakes anybody.
    fn change_of(&self, id: Id) -> Option<Change> {
        let exports = &self.plan.exports[self.segment.block];
        let is_woken =
            |number: &usize| !exports[*number].wakes.is_empty() && exports[*number].values.contains(&id);
        (0..exports.len()).find(is_woken).map(Change::Export)
    }

    fn cast(&mut self, value: Value, to: Type) -> Value {
        match self.code.func.dfg.value_type(value) == to {
            true => value,
            false => self.code.ins().bitcast(to, little(), value),
        }
    }

    /// Whether a register has been stored with the value that it takes.
    fn is_shared(&self, index: usize) -> bool {
        self.plan.shared.get(&self.plan.netlist.states[index].next) == Some(&(index as u32))
    }

    /// What is noted where a register changes.
    fn change_of_state(&self, index: usize) -> Change {
        if !self.plan.is_in_place[index] {
            return Change::Edge(self.plan.edge_of[index]);
        }
        Change::Written(self.plan.written_of(self.segment.block, index))
    }

    /// What a register takes at the next edge; adds the bits that change.
    fn decide(&mut self, index: usize) -> Parts {
        let state = &self.plan.netlist.states[index];
        let size = bytes(state.width);
        let held = self.load(self.base, 8 * self.plan.state_at[index] as u32, size);
        let mut taken = self.clean(state.next);
        if let Some(enable) = state.enable {
            taken = self.controlled(enable, &taken, &held, size);
        }
        if let Some((reset, _)) = state.reset {
            let value = vec![self.uniform.resets[&index]; self.parts(size) as usize];
            taken = self.controlled(reset, &value, &taken, size);
        }
        self.compare(&[self.change_of_state(index)], &held, &taken, size);
        taken
    }
}

fn lane(size: u32) -> Type {
    match size {
        1 => types::I8,
        2 => types::I16,
        4 => types::I32,
        _ => types::I64,
    }
}

/// A vector of lanes of a size.
fn vector(size: u32) -> Type {
    lane(size).by(16 / size).expect("a vector of 128 bits")
}

fn little() -> MemFlagsData {
    MemFlagsData::new().with_endianness(cranelift_codegen::ir::Endianness::Little)
}
