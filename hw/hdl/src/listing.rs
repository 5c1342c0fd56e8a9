//! A hierarchy as a list of values, for people: what Verilog says in many lines, and without its rules. One line a
//! value, register, port; a module after those that it instantiates.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::module::{Memory, Module, ReadPort};
use crate::op::{NodeId, Op};

/// The listing of a module and everything below it.
pub fn listing(top: &Arc<Module>) -> String {
    top.hierarchy().iter().map(|module| one(module)).collect::<Vec<_>>().join("\n")
}

fn v(id: NodeId) -> String {
    format!("v{}", id.index())
}

fn one(module: &Module) -> String {
    let mut text = format!("module {}\n", module.name);
    for id in module.node_ids() {
        let node = module.node(id);
        let _ = writeln!(text, "  {}: {} = {}", v(id), node.width, value(module, &node.op));
    }
    for register in &module.registers {
        let reset = register.reset.as_ref().map(|reset| format!(", reset {reset}")).unwrap_or_default();
        let enable = register.enable.map(|enable| format!(", enable {}", v(enable))).unwrap_or_default();
        let (name, next) = (&register.name, v(register.next));
        let _ = writeln!(text, "  register {name}: {} <= {next}{enable}{reset}", register.width);
    }
    module.memories.iter().for_each(|memory| text += &ports(memory));
    for instance in &module.instances {
        let inputs = instance.module.inputs.iter().zip(&instance.inputs);
        let inputs: Vec<String> = inputs.map(|(port, id)| format!("{} = {}", port.name, v(*id))).collect();
        let _ =
            writeln!(text, "  instance {} of {}: {}", instance.name, instance.module.name, inputs.join(", "));
    }
    if let Some(reset) = module.reset {
        let _ = writeln!(text, "  reset by {}", v(reset));
    }
    for output in &module.outputs {
        let _ = writeln!(text, "  output {} = {}", output.port.name, v(output.node));
    }
    text
}

/// What computes a value, with the names of what is no value itself.
fn value(module: &Module, op: &Op) -> String {
    match op {
        Op::Const(value) => value.to_string(),
        Op::Input(port) => format!("input {}", module.inputs[*port].name),
        Op::Register(register) => format!("register {}", module.registers[*register].name),
        Op::Read { memory, port } => match &module.memories[*memory].reads[*port] {
            ReadPort::Async { addr } => format!("{}[{}]", module.memories[*memory].name, v(*addr)),
            ReadPort::Sync { name, .. } => format!("register {name}"),
        },
        Op::Output { instance, port } => {
            let instance = &module.instances[*instance];
            format!("{}.{}", instance.name, instance.module.outputs[*port].port.name)
        }
        op => {
            let operands: Vec<String> = op.operands().into_iter().map(v).collect();
            let low = if let Op::Slice { low, .. } = op { format!(" from bit {low}") } else { String::new() };
            format!("{}({}){low}", name(op), operands.join(", "))
        }
    }
}

/// The operation without its operands, by the name that the code gives it.
fn name(op: &Op) -> String {
    match op {
        Op::Binary(kind, ..) => format!("{kind:?}"),
        Op::Reduce(kind, _) => format!("{kind:?} of all bits"),
        op => {
            let text = format!("{op:?}");
            text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
        }
    }
}

fn ports(memory: &Memory) -> String {
    let mut text = format!("  memory {}: {} x {}\n", memory.name, memory.depth, memory.width);
    for write in &memory.writes {
        let mask = write.mask.map(|mask| format!(", by {} bits where {}", write.granule, v(mask)));
        let (addr, data, enable) = (v(write.addr), v(write.data), v(write.enable));
        let _ = writeln!(text, "    [{addr}] <= {data}, enable {enable}{}", mask.unwrap_or_default());
    }
    for read in &memory.reads {
        if let ReadPort::Sync { name, addr, enable } = read {
            let _ = writeln!(text, "    {name} <= [{}], enable {}", v(*addr), v(*enable));
        }
    }
    text
}
