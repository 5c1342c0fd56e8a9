//! Layers as this model sees them: an op and loops. A layer of G groups is G layers of one group, each mapped by
//! itself; a depthwise layer therefore is as many layers of one channel.

use crate::work::{Dim, Work};
use model::table::Row;
use spec::error::Report;
use spec::op::Op;

/// A layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// As the user calls it.
    pub name: String,
    /// What its terms are.
    pub op: Op,
    /// One of its groups.
    pub group: Work,
    /// How many there are.
    pub groups: u32,
}

impl Layer {
    /// Of a network.
    pub fn of(layer: &model::Layer) -> Layer {
        let mut group = Work::from(layer);
        let groups = std::mem::replace(&mut group.size[Dim::G], 1);
        // Nothing here depends on these two.
        (group.padding, group.residual) = ([0; 2], false);
        Layer { name: layer.name.clone(), op: layer.op, group, groups }
    }

    /// Of a table, which does not tell the size of the input: it is outputs times stride, as in all of the paper's layers,
    /// where that gives these outputs, else the smallest that does.
    ///
    /// # Errors
    /// Where no such layer is possible.
    pub fn of_row(row: &Row) -> Result<Layer, Report> {
        let graph = row.network()?;
        let mut layer =
            graph.layers().map(|(_, layer)| Layer::of(layer)).next().expect("a network has a layer");
        let Work { size, stride, input, .. } = &mut layer.group;
        for (axis, outputs) in [Dim::OY, Dim::OX].into_iter().enumerate() {
            let same = size[outputs] * stride[axis];
            if (input[axis]..input[axis] + stride[axis]).contains(&same) {
                input[axis] = same;
            }
        }
        Ok(layer)
    }

    /// Terms of one image.
    pub fn macs(&self) -> u64 {
        u64::from(self.groups) * self.group.macs()
    }
}

/// Terms of one image by op, of every op.
pub fn terms(layers: &[Layer]) -> Vec<(Op, u64)> {
    let of =
        |op: Op| layers.iter().filter(|layer| layer.op == op).map(Layer::macs).fold(0, u64::saturating_add);
    Op::ALL.iter().map(|op| (*op, of(*op))).collect()
}
