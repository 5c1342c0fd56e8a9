//! Families: rows of equal instances side by side, with everything below them.

use std::collections::HashMap;
use std::ops::Range;

use super::elaborate::Elaborated;
use crate::flat::Scope;

/// Fewer instances than this stay apart.
const FEWEST: usize = 4;

/// Equal instances side by side, and what is theirs in the netlist.
pub(crate) struct Family {
    /// By instance, with everything below it.
    pub scopes: Vec<Range<u32>>,
    /// By instance: its registers' words.
    pub states: Vec<Range<usize>>,
    /// By instance.
    pub memories: Vec<Range<usize>>,
}

/// The families of a hierarchy; what is inside one is in no other.
pub(crate) fn families(laid_out: &Elaborated) -> Vec<Family> {
    // Lanes lie in words, the first lowest, which is where this machine must look for its first byte.
    if cfg!(target_endian = "big") {
        return Vec::new();
    }
    let Elaborated { flat, netlist, first_state, first_memory, .. } = laid_out;
    // Ranges of the layout in words of the netlist.
    let words = |range: &Range<usize>, first: &[u32], all: usize| {
        let word = |index: usize| first.get(index).map_or(all, |word| *word as usize);
        word(range.start)..word(range.end)
    };
    let mut siblings: HashMap<(u32, u64), usize> = HashMap::new();
    let mut rows: Vec<Vec<&Scope>> = Vec::new();
    for scope in &flat.instances {
        let row = *siblings.entry((scope.parent, scope.module.fingerprint())).or_insert(rows.len());
        match rows.get_mut(row) {
            Some(row) => row.push(scope),
            None => rows.push(vec![scope]),
        }
    }
    let mut families: Vec<Family> = Vec::new();
    let mut end = 0;
    // Rows are in the order of their first instances, so a row comes before those inside it.
    for row in rows.into_iter().filter(|row| row.len() >= FEWEST) {
        let scopes: Vec<Range<u32>> = row.iter().map(|scope| scope.scopes.clone()).collect();
        let is_inside = |family: &Family| family.scopes.iter().any(|all| all.contains(&scopes[0].start));
        if scopes[0].start < end && families.iter().any(is_inside) {
            continue;
        }
        end = end.max(scopes[scopes.len() - 1].end);
        let states = row.iter().map(|scope| words(&scope.states, first_state, netlist.states.len()));
        let memories = row.iter().map(|scope| words(&scope.memories, first_memory, netlist.memories.len()));
        families.push(Family { scopes, states: states.collect(), memories: memories.collect() });
    }
    families
}
