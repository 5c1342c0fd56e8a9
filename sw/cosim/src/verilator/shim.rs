//! The C++ between Verilator's class and us: a handful of `extern "C"` functions, and the addresses of all ports.

use std::fmt::Write;

use hdl::Module;

use super::recording;

/// Name of Verilator's class.
pub(super) const CLASS: &str = "Vmodel";

/// The shim of a module, of a model that can record its runs or of one that cannot. Ports are listed inputs first, each
/// in its order.
pub(super) fn text(module: &Module, records: bool) -> String {
    let inputs = module.inputs().iter().map(|port| &port.name);
    let outputs = module.outputs().iter().map(|output| &output.port.name);
    let mut ports = String::new();
    for (index, name) in inputs.chain(outputs).enumerate() {
        // Verilator's spelling of what C++ has no letter for.
        let name = name.replace('$', "__024");
        let _ = writeln!(ports, "    ports[{index}] = static_cast<void*>(&model->{name});");
    }
    let clock = |level: u32| match module.clocked() {
        true => format!("model->{} = {level}; ", module.clock_port()),
        false => String::new(),
    };
    let (low, high) = (clock(0), clock(1));
    let (recording, include, name) = match records {
        true => (recording::shim(&low, &high), "#include \"verilated_fst_c.h\"\n", ""),
        false => (String::new(), "", "top"),
    };
    format!(
        r#"#include "{CLASS}.h"
{include}
struct Running {{
    VerilatedContext context;
    {CLASS} model;
    Running() : context{{}}, model{{&context, "{name}"}} {{}}
}};

double sc_time_stamp() {{ return 0; }}

// Everything else in the shared object is hidden.
#pragma GCC visibility push(default)
extern "C" Running* model_new(void** ports) {{
    Running* running = new Running;
    {CLASS}* model = &running->model;
{ports}    model->eval();
    return running;
}}

extern "C" void model_delete(Running* running) {{
    running->model.final();
    delete running;
}}

extern "C" void model_eval(Running* running) {{ running->model.eval(); }}

extern "C" void model_tick(Running* running, unsigned long long cycles) {{
    {CLASS}* model = &running->model;
    for (; cycles > 0; --cycles) {{
        {low}model->eval();
        {high}model->eval();
    }}
}}
{recording}#pragma GCC visibility pop
"#
    )
}
