//! Layers that read, through others or directly, what they make.

use super::Draft;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::HashMap;

/// For each layer that is part of a cycle, the cycle as text.
pub(super) fn cycles(draft: &Draft, names: &HashMap<&str, usize>) -> Vec<Option<String>> {
    let mut reads: DiGraph<(), ()> = DiGraph::new();
    for _ in &draft.layers {
        reads.add_node(());
    }
    for (i, layer) in draft.layers.iter().enumerate() {
        for source in [Some(&layer.input), layer.residual.as_ref()].into_iter().flatten() {
            if let Some(from) = names.get(source.as_str()) {
                reads.add_edge(NodeIndex::new(*from), NodeIndex::new(i), ());
            }
        }
    }
    let mut cycles = vec![None; draft.layers.len()];
    for mut component in kosaraju_scc(&reads) {
        let own = component.iter().any(|node| reads.contains_edge(*node, *node));
        if component.len() > 1 || own {
            component.sort();
            let members: Vec<&str> =
                component.iter().map(|node| draft.layers[node.index()].name.as_str()).collect();
            for node in component {
                cycles[node.index()] = Some(format!("the cycle has {}", members.join(", ")));
            }
        }
    }
    cycles
}
