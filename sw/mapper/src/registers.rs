//! `Registers`: the descriptor registers of a queue, by the names of the instruction table.

use spec::isa::table::Queue;

/// A value for every descriptor register of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registers {
    queue: Queue,
    /// In the order of the queue's table.
    pub values: Vec<i64>,
}

impl Registers {
    /// All zeros.
    pub fn new(queue: Queue) -> Registers {
        Registers { queue, values: vec![0; queue.registers().len()] }
    }

    /// Where `name` stands in the table. Panics where the queue has no such register: that is our own mistake.
    pub fn index(&self, name: &str) -> usize {
        let index = self.queue.registers().iter().position(|register| register.name == name);
        index.unwrap_or_else(|| panic!("{} has no register {name}", self.queue.name()))
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> i64 {
        self.values[self.index(name)]
    }

    /// Gives `name` a value.
    pub fn set(&mut self, name: &str, value: impl Into<i64>) {
        let index = self.index(name);
        self.values[index] = value.into();
    }

    /// Gives several registers their values.
    pub fn with(mut self, values: &[(&str, i64)]) -> Registers {
        values.iter().for_each(|(name, value)| self.set(name, *value));
        self
    }
}
