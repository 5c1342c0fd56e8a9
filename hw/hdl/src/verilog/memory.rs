//! Memories, in the style that becomes block RAM: writes and registered reads in one clocked block.
//!
//! What cannot happen is not written out, because linters object to it: accesses with a constant address beyond
//! the depth, writes that are never enabled, memories that are never written. A memory of one entry is a
//! register.

use std::fmt::Write;

use num::Bits;

use super::expression::literal;
use super::plan::Printer;
use super::range;
use crate::module::{Memory, ReadPort, WritePort};
use crate::op::{NodeId, Op};

impl Printer<'_> {
    pub fn memory_declaration(&self, memory: &Memory) -> String {
        let mut text = String::new();
        for read in &memory.reads {
            if let ReadPort::Sync { name, .. } = read {
                if !self.is_port(name) {
                    let _ = writeln!(text, "    reg {}{name};", range(memory.width));
                }
            }
        }
        let entries = match memory.depth {
            1 => String::new(),
            depth => format!(" [0:{}]", depth - 1),
        };
        if self.is_written(memory) {
            let _ = writeln!(text, "    reg {}{}{entries};", range(memory.width), memory.name);
        }
        text
    }

    /// The entry that a port reads; a literal zero where there is none.
    pub fn read_entry(&mut self, memory: &Memory, addr: NodeId) -> String {
        let is_there = self.is_written(memory) && !self.is_beyond(memory, addr);
        match is_there {
            true => self.entry(memory, addr),
            false => literal(&Bits::zero(memory.width)),
        }
    }

    fn entry(&mut self, memory: &Memory, addr: NodeId) -> String {
        match memory.depth {
            1 => memory.name.clone(),
            _ => format!("{}[{}]", memory.name, self.whole(addr)),
        }
    }

    fn is_written(&self, memory: &Memory) -> bool {
        memory.writes.iter().any(|write| self.can_write(memory, write))
    }

    fn can_write(&self, memory: &Memory, write: &WritePort) -> bool {
        let is_zero = |id: NodeId| matches!(&self.module.node(id).op, Op::Const(value) if value.is_zero());
        !self.is_beyond(memory, write.addr) && !is_zero(write.enable) && !write.mask.is_some_and(is_zero)
    }

    fn is_beyond(&self, memory: &Memory, addr: NodeId) -> bool {
        matches!(&self.module.node(addr).op, Op::Const(addr) if addr.to_u64() >= u64::from(memory.depth))
    }

    /// The inside of a memory's clocked block; empty where it has none.
    pub fn memory(&mut self, memory: &Memory) -> String {
        let mut text = String::new();
        for write in &memory.writes {
            if self.can_write(memory, write) {
                text += &self.write(memory, write);
            }
        }
        for read in &memory.reads {
            if let ReadPort::Sync { name, addr, enable } = read {
                let condition = match self.is_one(*enable) {
                    true => String::new(),
                    false => format!("if ({}) ", self.whole(*enable)),
                };
                let entry = self.read_entry(memory, *addr);
                let _ = writeln!(text, "        {condition}{name} <= {entry};");
            }
        }
        text
    }

    fn write(&mut self, memory: &Memory, write: &WritePort) -> String {
        let mut text = String::new();
        let target = self.entry(memory, write.addr);
        let always = self.is_one(write.enable);
        let Some(mask) = write.mask else {
            let condition =
                if always { String::new() } else { format!("if ({}) ", self.whole(write.enable)) };
            return format!("        {condition}{target} <= {};\n", self.whole(write.data));
        };
        for lane in 0..memory.width / write.granule {
            let low = lane * write.granule;
            let bit = self.part(mask, lane, 1);
            let condition = if always { bit } else { format!("{} && {bit}", self.operand(write.enable)) };
            let value = self.part(write.data, low, write.granule);
            let range = match write.granule {
                granule if granule == memory.width => String::new(),
                1 => format!("[{low}]"),
                granule => format!("[{}:{low}]", low + granule - 1),
            };
            let _ = writeln!(text, "        if ({condition}) {target}{range} <= {value};");
        }
        text
    }

    /// Memories that nobody reads, and read registers that nobody reads.
    pub fn unused_memories(&self) -> Vec<String> {
        let mut unused = Vec::new();
        for (index, memory) in self.module.memories.iter().enumerate() {
            let mut is_memory_read = !self.is_written(memory);
            for (port, read) in memory.reads.iter().enumerate() {
                let op = Op::Read { memory: index, port };
                let is_port_read = self.module.nodes.iter().any(|node| node.op == op);
                match read {
                    ReadPort::Async { addr } => {
                        is_memory_read |= is_port_read && !self.is_beyond(memory, *addr);
                    }
                    ReadPort::Sync { name, addr, .. } => {
                        is_memory_read |= !self.is_beyond(memory, *addr);
                        if !is_port_read {
                            unused.push(name.clone());
                        }
                    }
                }
            }
            if !is_memory_read {
                unused.push(match memory.depth {
                    1 => memory.name.clone(),
                    _ => format!("{}[0]", memory.name),
                });
            }
        }
        unused
    }
}
