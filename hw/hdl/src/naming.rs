//! Names for what the designer left unnamed, derived from what is named: stable under changes elsewhere.

use crate::module::{Module, ReadPort};
use crate::op::{Binary, NodeId, Op, Reduction};

/// Names the pipeline registers that have none after what they delay: `x_q`, then `x_q2`.
pub(crate) fn name_stages(module: &mut Module) {
    for index in 0..module.registers.len() {
        if module.registers[index].name.is_empty() {
            let source = source_name(module, module.registers[index].next, 0);
            module.registers[index].name = delayed(&source);
        }
    }
}

fn delayed(name: &str) -> String {
    if let Some((base, count)) = name.rsplit_once("_q") {
        match count {
            "" => return format!("{base}_q2"),
            count => {
                if let Ok(count) = count.parse::<u32>() {
                    return format!("{base}_q{}", count + 1);
                }
            }
        }
    }
    format!("{name}_q")
}

/// What a value is called by what it is made of.
fn source_name(module: &Module, id: NodeId, depth: u32) -> String {
    if let Some(name) = module.name_of(id) {
        return name.to_owned();
    }
    let inner = |id: NodeId| match depth {
        0..=3 => source_name(module, id, depth + 1),
        _ => "value".to_owned(),
    };
    match &module.node(id).op {
        Op::Input(port) => module.inputs[*port].name.clone(),
        Op::Register(index) if !module.registers[*index].name.is_empty() => {
            module.registers[*index].name.clone()
        }
        Op::Read { memory, port } => match &module.memories[*memory].reads[*port] {
            ReadPort::Sync { name, .. } => name.clone(),
            ReadPort::Async { .. } => format!("{}_read", module.memories[*memory].name),
        },
        Op::Output { instance, port } => output_net(module, *instance, *port),
        Op::Zext(a) | Op::Sext(a) | Op::Slice { of: a, .. } => inner(*a),
        Op::Mux { yes, no, .. } => match module.node(*yes).op {
            Op::Const(_) => inner(*no),
            _ => inner(*yes),
        },
        op => match op.operands().first() {
            Some(first) => format!("{}_{}", inner(*first), word(op)),
            None => "stage".to_owned(),
        },
    }
}

/// The net of an instance's output.
pub(crate) fn output_net(module: &Module, instance: usize, port: usize) -> String {
    let instance = &module.instances[instance];
    format!("{}_{}", instance.name, instance.module.outputs[port].port.name)
}

/// A noun for what an operation gives.
pub(crate) fn word(op: &Op) -> &'static str {
    match op {
        Op::Binary(kind, ..) => match kind {
            Binary::And => "and",
            Binary::Or => "or",
            Binary::Xor => "xor",
            Binary::Add => "sum",
            Binary::Sub => "diff",
            Binary::MulUnsigned | Binary::MulSigned => "product",
            Binary::Eq => "equal",
            Binary::LessUnsigned | Binary::LessSigned => "less",
            Binary::ShiftLeft | Binary::ShiftRight | Binary::ShiftRightSigned => "shifted",
        },
        Op::Not(_) => "inverted",
        Op::Reduce(Reduction::And, _) => "all",
        Op::Reduce(Reduction::Or, _) => "any",
        Op::Reduce(Reduction::Xor, _) => "parity",
        Op::Mux { .. } => "choice",
        Op::Select { .. } => "selected",
        Op::Slice { .. } => "part",
        Op::Concat(_) => "joined",
        Op::Zext(_) | Op::Sext(_) => "extended",
        Op::Read { .. } => "read",
        _ => "value",
    }
}
