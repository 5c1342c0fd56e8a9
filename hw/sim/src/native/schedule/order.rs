//! The order in which items are evaluated: what outputs depend on first; as many as can be of one instance, then those of
//! the next.

use std::collections::BTreeMap;

use super::super::cheap::kept;
use super::super::words::Netlist;
use super::items::Items;
use super::NONE;

/// Gives items one by one, each with its instance.
pub(super) struct Order<'a> {
    items: &'a Items,
    /// By item.
    users: Vec<Vec<u32>>,
    waits_for: Vec<u32>,
    is_shown: &'a [bool],
    /// Those that outputs depend on, which come first, and the others.
    ready: [BTreeMap<u32, Vec<u32>>; 2],
    scope: u32,
}

impl<'a> Order<'a> {
    pub fn new(netlist: &Netlist, items: &'a Items, is_cheap: &[bool], is_shown: &'a [bool]) -> Order<'a> {
        let count = items.all.len();
        let mut order = Order {
            items,
            users: vec![Vec::new(); count],
            waits_for: vec![0; count],
            is_shown,
            ready: [BTreeMap::new(), BTreeMap::new()],
            scope: 0,
        };
        for number in 0..count {
            for operand in kept(netlist, is_cheap, items.operands(netlist, number)) {
                let from = items.of_node[operand as usize];
                if from != NONE && from != number as u32 {
                    order.users[from as usize].push(number as u32);
                    order.waits_for[number] += 1;
                }
            }
        }
        for item in 0..count as u32 {
            if order.waits_for[item as usize] == 0 {
                order.offer(item);
            }
        }
        order
    }

    fn offer(&mut self, item: u32) {
        let ready = &mut self.ready[usize::from(!self.is_shown[item as usize])];
        ready.entry(self.items.scopes[item as usize]).or_default().push(item);
    }
}

impl Iterator for Order<'_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        let ready = self.ready.iter_mut().find(|ready| !ready.is_empty())?;
        let here = ready.range(self.scope..).next().or_else(|| ready.iter().next());
        let scope = *here?.0;
        let of_scope = ready.get_mut(&scope)?;
        let item = of_scope.pop()?;
        if of_scope.is_empty() {
            ready.remove(&scope);
        }
        self.scope = scope;
        for user in std::mem::take(&mut self.users[item as usize]) {
            self.waits_for[user as usize] -= 1;
            if self.waits_for[user as usize] == 0 {
                self.offer(user);
            }
        }
        Some((item, scope))
    }
}
