//! How far the mapper's costs, made without running anything, are from measured ones.

use nas::cost::CostTable;
use serde_json::{json, Value};

/// The mapper's costs beside measured ones.
pub struct Beside {
    /// Predicted over measured costs: least, median, greatest.
    ratios: [f64; 3],
    /// Of the pairs of a place's candidates, the share that both put in the same order.
    same_order: f64,
}

impl Beside {
    /// Of two tables of the same places.
    pub fn of(measured: &CostTable, predicted: &CostTable) -> Beside {
        let places = || measured.0.iter().zip(&predicted.0);
        let both = places().flat_map(|(measured, predicted)| measured.iter().zip(predicted));
        let mut ratios: Vec<f64> = both.filter(|(m, _)| **m > 0.0).map(|(m, p)| p / m).collect();
        ratios.sort_by(f64::total_cmp);
        let [mut same, mut all] = [0, 0];
        for (measured, predicted) in places() {
            for i in 0..measured.len() {
                for j in 0..i {
                    all += 1;
                    let order = |costs: &[f64]| costs[i].total_cmp(&costs[j]);
                    same += usize::from(order(measured) == order(predicted));
                }
            }
        }
        let at = |share: f64| ratios.get((share * (ratios.len().max(1) - 1) as f64) as usize).copied();
        Beside {
            ratios: [0.0, 0.5, 1.0].map(|share| at(share).unwrap_or(1.0)),
            same_order: same as f64 / all.max(1) as f64,
        }
    }

    /// For people.
    pub fn sentence(&self) -> String {
        let [least, median, greatest] = self.ratios;
        let order = 100.0 * self.same_order;
        format!(
            "the mapper's costs are {least:.3} to {greatest:.3} of these, in the median {median:.3}, \
             and put {order:.1} % of the pairs of a block's candidates in the same order"
        )
    }

    /// For programs.
    pub fn json(&self) -> Value {
        let [least, median, greatest] = self.ratios;
        json!({"least": least, "median": median, "greatest": greatest, "same_order": self.same_order})
    }
}
