//! Loop nests as both sides know them: trip counts with strides, and the deltas that hardware adds.
//!
//! A nest is walked innermost level first. A step adds, to every accumulator, the delta of the level that
//! advances; the levels below it start over, so
//! `delta[i] = stride[i] - sum over j < i of (bound[j] - 1) * stride[j]`.

/// One loop of a nest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Trip count, at least 1.
    pub bound: u32,
    /// `FLAG_*` of the instruction table.
    pub flags: u32,
    /// What each accumulator of the nest gains from one iteration to the next.
    pub strides: Vec<i64>,
}

/// A loop nest, innermost level first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Nest {
    /// The loops.
    pub levels: Vec<Level>,
}

impl Nest {
    /// Steps of the whole nest.
    pub fn steps(&self) -> u64 {
        self.levels.iter().map(|level| u64::from(level.bound)).product()
    }

    /// The delta of every level, for every accumulator.
    pub fn deltas(&self) -> Vec<Vec<i64>> {
        let mut wound = vec![0; self.levels.first().map_or(0, |level| level.strides.len())];
        let mut deltas = Vec::with_capacity(self.levels.len());
        for level in &self.levels {
            deltas.push(level.strides.iter().zip(&wound).map(|(stride, wound)| stride - wound).collect());
            for (wound, stride) in wound.iter_mut().zip(&level.strides) {
                *wound += i64::from(level.bound - 1) * stride;
            }
        }
        deltas
    }

    /// Gives every step's accumulators to `visit`, in the order in which hardware takes the steps. They do not wrap
    /// here: hardware keeps their lowest bits.
    pub fn walk(&self, mut visit: impl FnMut(&[i64])) {
        let deltas = self.deltas();
        let mut at = vec![0; self.levels.first().map_or(0, |level| level.strides.len())];
        let mut counters = vec![0; self.levels.len()];
        loop {
            visit(&at);
            let advancing = (0..counters.len()).find(|i| counters[*i] + 1 < self.levels[*i].bound);
            let Some(level) = advancing else { return };
            counters[..level].fill(0);
            counters[level] += 1;
            at.iter_mut().zip(&deltas[level]).for_each(|(value, delta)| *value += delta);
        }
    }

    /// The same nest without loops of one iteration.
    pub fn merged(&self) -> Nest {
        Nest { levels: self.levels.iter().filter(|level| level.bound > 1).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deltas_walk_the_same_addresses_as_nested_loops() {
        let level = |bound, stride| Level { bound, flags: 0, strides: vec![stride] };
        let nest = Nest { levels: vec![level(3, 2), level(1, 9), level(4, -7), level(2, 100)] };
        let deltas = nest.deltas();
        let (mut counters, mut address) = ([0u32; 4], 0i64);
        for step in 0..nest.steps() as i64 {
            let (a, rest) = (step % 3, step / 3);
            assert_eq!(address, 2 * a - 7 * (rest % 4) + 100 * (rest / 4));
            let Some(advancing) = (0..4).find(|i| counters[*i] + 1 < nest.levels[*i].bound) else { break };
            counters[..advancing].fill(0);
            counters[advancing] += 1;
            address += deltas[advancing][0];
        }
        let mut walked = Vec::new();
        nest.walk(|at| walked.push(at[0]));
        let expected = (0..nest.steps() as i64).map(|i| 2 * (i % 3) - 7 * (i / 3 % 4) + 100 * (i / 12));
        assert_eq!(walked, expected.collect::<Vec<_>>());
    }
}
