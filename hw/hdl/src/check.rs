//! What must hold of a description, and how it is told when it does not: names, numbers that fit, one driver for
//! everything, no combinational loop (also through instances), one definition per module name.

use std::collections::BTreeMap;
use std::sync::Arc;

use num::Bits;

use crate::attribute;
use crate::error::Place;
use crate::graph::Graph;
use crate::module::{Module, ReadPort};
use crate::op::{NodeId, Op};

/// Names that Verilog, C++ (which simulators translate to) or this crate keep for themselves, sorted.
const RESERVED: &str = "aclk alignas alignof always and and_eq asm assert assign assume atomic_cancel auto \
automatic begin bitand bitor bool break buf bufif0 bufif1 byte case casex casez catch cell char char16_t \
char32_t checker class cmos co_await compl concept config const const_cast constexpr continue cover deassign \
decltype default defparam delete design disable do double dynamic_cast edge else end endcase endconfig \
endfunction endgenerate endmodule endprimitive endspecify endtable endtask enum event explicit export extern \
false final float for force forever fork friend function generate genvar global goto highz0 highz1 if ifnone \
import incdir include initial inline inout input instance int integer interface join large let liblist \
library localparam logic long macromodule medium module mutable namespace nand negedge new nmos noexcept nor \
noshowcancelled not not_eq notif0 notif1 nullptr operator or or_eq output override package packed parameter \
pmos posedge primitive priority private program property protected public pull0 pull1 pulldown pullup \
pulsestyle_ondetect pulsestyle_onevent rand randc rcmos real realtime ref reg register reinterpret_cast \
release repeat requires restrict return rnmos rpmos rst rtran rtranif0 rtranif1 scalared sequence short \
showcancelled signed sizeof small solve specify specparam static static_assert static_cast string strong \
strong0 strong1 struct super supply0 supply1 switch table tagged task template this thread_local throw time \
timeprecision timescale timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior trireg true try type typedef \
typeid typename union unique unsigned unused use using var vectored virtual void volatile wait wand weak \
weak0 weak1 while wildcard wire with within wor xnor xor xor_eq";

/// Whether a name is kept by a language.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word == name)
}

/// Records a name that Verilog tools would stumble over.
pub(crate) fn name(graph: &mut Graph, name: &str, place: Place) {
    if !is_plain(name) || name.contains("__") {
        let message = format!("`{name}` is no name");
        let help = "letters, digits and single underscores, a letter first";
        graph.error_with_help(place, message, Some(help));
    } else if is_reserved(name) {
        let message = format!("the name `{name}` is reserved");
        let help = "Verilog, C++ or the implicit ports aclk and rst use it";
        graph.error_with_help(place, message, Some(help));
    }
}

/// Whether a name is an identifier.
pub(crate) fn is_plain(name: &str) -> bool {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    starts && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `value` in `width` bits, where it is a signed or an unsigned number of that width.
pub(crate) fn literal(width: u32, value: i64) -> Result<Bits, String> {
    let needed = if value < 0 { num::bits_for_signed(value) } else { num::bits_for_unsigned(value as u64) };
    match needed <= width {
        true => Ok(Bits::from_i64(width, value)),
        false => Err(format!("the number {value} does not fit in {width} bits")),
    }
}

/// A number of bits, in words.
pub(crate) fn bits(count: u32) -> String {
    format!("{count} bit{}", if count == 1 { "" } else { "s" })
}

/// Everything that can be said before the values are ordered.
pub(crate) fn structure(graph: &mut Graph) {
    drivers(graph);
    port_names(graph);
    attribute::check(graph);
    definitions(graph);
}

fn drivers(graph: &mut Graph) {
    let mut missing: Vec<(Place, String)> = Vec::new();
    for wire in graph.wires.iter().filter(|wire| wire.driver.is_none()) {
        missing.push((wire.place, format!("wire {} is never driven", graph.path(&wire.name))));
    }
    for register in graph.registers.iter().filter(|register| register.next.is_none()) {
        missing.push((register.place, format!("register {} has no next value", graph.path(&register.name))));
    }
    for instance in &graph.instances {
        for (port, input) in instance.module.inputs().iter().zip(&instance.inputs) {
            if input.is_none() && port.name != "rst" {
                let name = graph.path(&instance.name);
                let message = format!("{name}.{} is never driven", port.name);
                missing.push((instance.place, message));
            }
        }
    }
    for (place, message) in missing {
        graph.error(place, message);
    }
}

/// Ports, memories and instances must have names of their own; other names are made unique.
pub(crate) fn port_names(graph: &mut Graph) {
    let inputs = graph.inputs.iter().zip(&graph.input_places).map(|(port, place)| (&port.name, *place));
    let outputs = graph.outputs.iter().map(|output| (&output.port.name, output.place));
    let memories = graph.memories.iter().zip(&graph.memory_places).map(|(m, place)| (&m.name, *place));
    let instances = graph.instances.iter().map(|instance| (&instance.name, instance.place));
    let mut seen: BTreeMap<&String, Place> = BTreeMap::new();
    let mut twice = Vec::new();
    for (name, place) in inputs.chain(outputs).chain(memories).chain(instances) {
        match seen.get(name) {
            Some(first) => twice.push((place, format!("{name} is declared twice, first at {first}"))),
            None => {
                seen.insert(name, place);
            }
        }
    }
    for (place, message) in twice {
        graph.error(place, message);
    }
}

/// One name means one definition, in the whole hierarchy.
fn definitions(graph: &mut Graph) {
    let mut known: BTreeMap<String, (u64, String)> = BTreeMap::new();
    known.insert(graph.name.clone(), (0, "the module itself".to_owned()));
    let mut clashes = Vec::new();
    let mut checked: Vec<*const Module> = Vec::new();
    for instance in &graph.instances {
        if checked.contains(&Arc::as_ptr(&instance.module)) {
            continue;
        }
        checked.push(Arc::as_ptr(&instance.module));
        for module in instance.module.hierarchy() {
            let path = format!("below {}", instance.name);
            for name in defined(&module) {
                match known.get(name) {
                    Some((fingerprint, first)) if *fingerprint != module.fingerprint() => {
                        let message = format!("two different modules are named {name}: {first}, and {path}");
                        clashes.push((instance.place, message));
                    }
                    Some(_) => {}
                    None => {
                        known.insert(name.to_owned(), (module.fingerprint(), path.clone()));
                    }
                }
            }
        }
    }
    for (place, message) in clashes {
        graph.error(place, message);
    }
}

/// The names that the Verilog of a module defines: its own, or all those in a foreign text.
fn defined(module: &Module) -> Vec<&str> {
    match module.foreign() {
        Some(foreign) => foreign.modules.iter().map(String::as_str).collect(),
        None => vec![module.name()],
    }
}

/// What a value needs within the same cycle.
pub(crate) fn needs(graph: &Graph, id: NodeId) -> Vec<NodeId> {
    match graph.table.op(id) {
        Op::Wire(wire) => graph.wires[*wire].driver.into_iter().collect(),
        Op::Read { memory, port } => match graph.memories[*memory].reads[*port] {
            ReadPort::Async { addr } => vec![addr],
            ReadPort::Sync { .. } => Vec::new(),
        },
        Op::Output { instance, port } => {
            let instance = &graph.instances[*instance];
            let output = &instance.module.outputs()[*port];
            output.depends_on.iter().filter_map(|input| instance.inputs[*input]).collect()
        }
        op => op.operands(),
    }
}

/// Records a combinational loop: `path` are its values, each needing the next, the last the first.
pub(crate) fn report_loop(graph: &mut Graph, path: &[NodeId]) {
    let mut names: Vec<String> = Vec::new();
    for (at, id) in path.iter().enumerate() {
        let named = graph.table.names[id.index()].is_some()
            || matches!(graph.table.op(*id), Op::Wire(_) | Op::Output { .. } | Op::Read { .. });
        let name = graph.describe(*id);
        if named && names.last() != Some(&name) {
            names.push(name);
        }
        names.extend(input_on_the_way(graph, *id, path[(at + 1) % path.len()]));
    }
    if let Some(first) = names.first().cloned() {
        names.push(first);
    }
    let wire = path.iter().find_map(|id| match graph.table.op(*id) {
        Op::Wire(wire) => Some(graph.wires[*wire].place),
        _ => None,
    });
    let place = wire.unwrap_or(graph.table.places[path[0].index()]);
    let message = format!("combinational loop: {}", names.join(" <- "));
    let help = match path.iter().any(|id| is_foreign(graph, *id)) {
        true => "put a register into the loop, or say with `depends` what the foreign output really follows",
        false => "put a register into the loop",
    };
    graph.error_with_help(place, message, Some(help));
}

/// Whether a value is the output of a foreign module.
fn is_foreign(graph: &Graph, id: NodeId) -> bool {
    match *graph.table.op(id) {
        Op::Output { instance, .. } => graph.instances[instance].module.foreign().is_some(),
        _ => false,
    }
}

/// The input of an instance through which an output of it needs `next`.
fn input_on_the_way(graph: &Graph, id: NodeId, next: NodeId) -> Option<String> {
    let Op::Output { instance, port } = *graph.table.op(id) else {
        return None;
    };
    let instance = &graph.instances[instance];
    let mut inputs = instance.module.outputs()[port].depends_on.iter();
    let input = inputs.find(|input| instance.inputs[**input] == Some(next))?;
    Some(format!("{}.{}", graph.path(&instance.name), instance.module.inputs()[*input].name))
}

/// Up to three known names that could have been meant by `name`, the closest first.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut ranked: Vec<(usize, &str)> = known.map(|other| (distance(name, other), other)).collect();
    ranked.retain(|(distance, other)| 2 * distance <= name.len().max(other.len()));
    ranked.sort();
    ranked.into_iter().take(3).map(|(_, other)| other.to_owned()).collect()
}

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
