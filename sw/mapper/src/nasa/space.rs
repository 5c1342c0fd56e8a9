//! Layers on chunks with all their tilings: what schedules choose from, and why there is nothing to choose where there is
//! not.

use super::dataflow::DATAFLOWS;
use super::enumeration::{shortages, Shortage};
use super::layer::Layer;
use super::search::{Array, Front};
use super::BUFFER_WORDS;
use crate::energy::Objective;
use crate::work::Work;
use rayon::prelude::*;
use spec::error::grouped;
use spec::op::Op;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A dataflow for each chunk, as indices into [`DATAFLOWS`].
pub type Combination = Vec<usize>;

/// Layers on chunks, with all tilings worth having.
pub struct Space<'a> {
    layers: &'a [Layer],
    arrays: Vec<&'a Array>,
    /// For each layer, the chunk that runs it.
    chunks: Vec<usize>,
    /// For each layer, a front in every dataflow; layers that are alike share theirs.
    fronts: Vec<[usize; DATAFLOWS.len()]>,
    found: Vec<Front>,
}

/// Where a combination ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// Index of the layer without a tiling.
    pub layer: usize,
    /// Index into [`DATAFLOWS`].
    pub dataflow: usize,
    /// Words of the buffer that were left.
    pub room: u64,
    /// Words of its smallest tiling; `None` where other limits exclude them all.
    pub least: Option<u64>,
}

impl<'a> Space<'a> {
    /// All tilings of `layers`; each op among them must have an array in `arrays`. Arrays without layers take no part.
    /// `progress` is told how many searches are done, and of how many.
    pub fn new(
        layers: &'a [Layer],
        arrays: &'a [Array],
        objective: Objective,
        progress: &(impl Fn(usize, usize) + Sync),
    ) -> Space<'a> {
        let arrays: Vec<&Array> =
            arrays.iter().filter(|array| layers.iter().any(|layer| layer.op == array.op)).collect();
        let chunk = |op: Op| arrays.iter().position(|array| array.op == op);
        let chunks: Vec<usize> =
            layers.iter().map(|layer| chunk(layer.op).expect("each op has an array")).collect();
        let mut distinct: HashMap<(usize, Work), usize> = HashMap::new();
        let mut searches = Vec::new();
        let mut fronts = Vec::new();
        for (layer, chunk) in layers.iter().zip(&chunks) {
            let first = *distinct.entry((*chunk, layer.group)).or_insert_with(|| {
                searches.extend(DATAFLOWS.iter().map(|dataflow| (dataflow, &layer.group, arrays[*chunk])));
                searches.len() - DATAFLOWS.len()
            });
            fronts.push(std::array::from_fn(|dataflow| first + dataflow));
        }
        let (done, all) = (AtomicUsize::new(0), searches.len());
        progress(0, all);
        let search = |(dataflow, work, array)| {
            let front = Front::search(dataflow, work, array, objective);
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, all);
            front
        };
        let found = searches.into_par_iter().map(search).collect();
        Space { layers, arrays, chunks, fronts, found }
    }

    /// The chunks that have layers, by their ops.
    pub fn ops(&self) -> Vec<Op> {
        self.arrays.iter().map(|array| array.op).collect()
    }

    /// The array that runs a layer.
    pub fn array_of(&self, layer: usize) -> &Array {
        self.arrays[self.chunks[layer]]
    }

    /// The layers.
    pub fn layers(&self) -> &[Layer] {
        self.layers
    }

    /// Why a layer has no tiling in a dataflow.
    pub fn why(&self, unfit: &Unfit) -> String {
        let Unfit { layer, dataflow, room, least } = *unfit;
        if let Some(least) = least {
            return format!("needs {} words of buffer, must stay below {}", grouped(least), grouped(room));
        }
        let shortages = shortages(&DATAFLOWS[dataflow], &self.layers[layer].group, self.array_of(layer));
        let sentences: Vec<String> = shortages.iter().map(Shortage::to_string).collect();
        match sentences.is_empty() {
            true => "meets each of its limits, but never all at once".to_string(),
            false => sentences.join("; "),
        }
    }

    /// The dataflow of a layer in a combination.
    pub fn dataflow_of(&self, layer: usize, combination: &[usize]) -> usize {
        combination[self.chunks[layer]]
    }

    /// Tilings that were evaluated.
    pub fn evaluations(&self) -> u64 {
        self.found.iter().map(|front| front.evaluations).sum()
    }

    /// Layers that no dataflow has a tiling for, in a buffer of their own; each with what every dataflow lacks.
    pub fn impossible(&self) -> Vec<Vec<Unfit>> {
        let lacks = |layer: usize| {
            let empty = self.fronts[layer].iter().all(|front| self.found[*front].least().is_none());
            let unfit = |dataflow| Unfit { layer, dataflow, room: BUFFER_WORDS, least: None };
            empty.then(|| (0..DATAFLOWS.len()).map(unfit).collect())
        };
        (0..self.layers.len()).filter_map(lacks).collect()
    }

    /// Every combination, the first chunk's dataflow changing most slowly.
    pub fn combinations(&self) -> Vec<Combination> {
        let mut all = vec![Vec::new()];
        for _ in &self.arrays {
            let longer = |head: &Combination| {
                let next = |dataflow| [&head[..], &[dataflow]].concat();
                (0..DATAFLOWS.len()).map(next).collect::<Vec<_>>()
            };
            all = all.iter().flat_map(longer).collect();
        }
        all
    }

    /// One dataflow for all chunks.
    pub fn fixed(&self, dataflow: usize) -> Combination {
        vec![dataflow; self.arrays.len()]
    }

    /// The tilings of a layer on its chunk.
    pub fn front(&self, layer: usize, dataflow: usize) -> &Front {
        &self.found[self.fronts[layer][dataflow]]
    }

    /// The index of the chunk of a layer.
    pub fn chunk_of(&self, layer: usize) -> usize {
        self.chunks[layer]
    }
}
