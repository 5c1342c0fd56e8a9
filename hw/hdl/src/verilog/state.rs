//! What has state, and what is instantiated: clocked blocks in the styles that synthesis tools recognise.

use std::fmt::Write;

use super::expression::literal;
use super::plan::{Printer, Unread};
use crate::module::Register;
use crate::naming::output_net;
use crate::op::{NodeId, Op};

impl Printer<'_> {
    /// The clocked blocks: registers that share enable and reset together, then one block a memory.
    pub fn clocked(&mut self) -> String {
        let module = self.module;
        let mut blocks: Vec<String> = Vec::new();
        let alike =
            |a: &Register, b: &Register| a.enable == b.enable && a.reset.is_some() == b.reset.is_some();
        for group in module.registers.chunk_by(alike) {
            blocks.push(self.registers(group));
        }
        blocks.extend(
            module.memories.iter().map(|memory| self.memory(memory)).filter(|block| !block.is_empty()),
        );
        let block = |lines: &String| format!("    always @(posedge aclk) begin\n{lines}    end\n");
        blocks.iter().map(block).collect::<Vec<_>>().join("\n")
    }

    fn registers(&mut self, group: &[Register]) -> String {
        let mut text = String::new();
        let mut indent = "        ";
        let enable = group[0].enable.filter(|enable| !self.is_one(*enable)).map(|enable| self.whole(enable));
        if let (true, Some(reset)) = (group[0].reset.is_some(), self.module.reset) {
            let _ = writeln!(text, "        if ({}) begin", self.whole(reset));
            for register in group {
                let value = register.reset.as_ref().map(literal).unwrap_or_default();
                let _ = writeln!(text, "            {} <= {value};", register.name);
            }
            let condition = enable.map(|enable| format!("if ({enable}) ")).unwrap_or_default();
            let _ = writeln!(text, "        end else {condition}begin");
            indent = "            ";
        } else if let Some(enable) = enable {
            let _ = writeln!(text, "        if ({enable}) begin");
            indent = "            ";
        }
        for register in group {
            let _ = writeln!(text, "{indent}{} <= {};", register.name, self.whole(register.next));
        }
        if indent.len() > 8 {
            text += "        end\n";
        }
        text
    }

    pub fn is_one(&self, id: NodeId) -> bool {
        matches!(&self.module.node(id).op, Op::Const(value) if value.bit(0))
    }

    /// The instances, with the nets of those outputs that nobody reads.
    pub fn instances(&mut self) -> String {
        let module = self.module;
        let mut nets: Vec<Vec<Option<String>>> =
            module.instances.iter().map(|instance| vec![None; instance.module.outputs.len()]).collect();
        for id in module.node_ids() {
            if let Op::Output { instance, port } = module.node(id).op {
                nets[instance][port] = Some(self.text[id.index()].clone());
            }
        }
        let mut texts = Vec::new();
        for (index, (instance, nets)) in module.instances.iter().zip(nets).enumerate() {
            let mut text = String::new();
            let mut connections = Vec::new();
            if instance.module.clocked {
                connections.push(format!(".{}(aclk)", instance.module.clock_port()));
            }
            for (port, input) in instance.module.inputs.iter().zip(&instance.inputs) {
                connections.push(format!(".{}({})", port.name, self.whole(*input)));
            }
            for (port, (output, net)) in instance.module.outputs.iter().zip(nets).enumerate() {
                let net = net.unwrap_or_else(|| {
                    let name = self.claim(&output_net(module, index, port));
                    let _ = writeln!(text, "    wire {}{name};", super::range(output.port.width));
                    self.unread_outputs.push(Unread { name: name.clone(), instance: index, port });
                    name
                });
                connections.push(format!(".{}({net})", output.port.name));
            }
            let connections = connections.join(",\n        ");
            let _ = writeln!(
                text,
                "    {} {} (\n        {connections}\n    );",
                instance.module.name, instance.name
            );
            texts.push(text);
        }
        texts.join("\n")
    }
}
