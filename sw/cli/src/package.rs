//! What lies beside the Verilog: a file list, the register map for people and for C, the configuration, and
//! packaging for FuseSoC and for Vivado's IP packager. All of it follows from tables.

use accel::control::{COUNTERS, COUNTERS_STRIDE, REGISTERS};
use accel::core::ERRORS;
use accel::counters::CHUNK_COUNTERS;
use accel::top;
use spec::accelerator::Accelerator;

/// Name of the list of Verilog files.
pub const FILE_LIST: &str = "files.f";

/// Every file beside the Verilog files `modules`: name and text.
pub fn files(accelerator: &Accelerator, modules: &[String]) -> Vec<(String, String)> {
    let list: String = modules.iter().map(|name| format!("{name}\n")).collect();
    let named = |name: &str, text: String| (name.to_string(), text);
    vec![
        named(FILE_LIST, list),
        named("config.yaml", spec::config::to_yaml(accelerator)),
        named("registers.md", markdown(accelerator)),
        named("nasa_registers.h", header(accelerator)),
        named("nasa.core", fusesoc(accelerator, modules)),
        named("package_ip.tcl", vivado(accelerator, modules)),
    ]
}

/// Every register: name, offset, access, meaning.
fn registers(accelerator: &Accelerator) -> Vec<(String, u32, &'static str, String)> {
    let fixed =
        REGISTERS.iter().map(|row| (row.name.to_string(), row.offset, row.access, row.meaning.to_string()));
    let counters = accelerator.chunks.iter().zip(0..).flat_map(|(chunk, i)| {
        CHUNK_COUNTERS.iter().zip(0..).map(move |(counter, j)| {
            let name = format!("{}_{}", chunk.name(), counter.name).to_uppercase();
            let meaning = format!("{}: {}", chunk.name(), counter.meaning);
            (name, COUNTERS + COUNTERS_STRIDE * i + 4 * j, "r", meaning)
        })
    });
    fixed.chain(counters).collect()
}

/// Why a run was stopped: the codes of the register CAUSE.
fn causes() -> Vec<(u32, &'static str)> {
    let errors = ERRORS.iter().zip(1..).map(|(text, code)| (code, *text));
    let others = [
        (accel::control::CAUSE_DEADLOCK, "no progress"),
        (accel::control::CAUSE_ABORTED, "aborted by the driver"),
    ];
    errors.chain(others).collect()
}

fn title(accelerator: &Accelerator) -> String {
    format!("accelerator `{}`, configuration {:016x}", accelerator.name, accelerator.hash)
}

fn markdown(accelerator: &Accelerator) -> String {
    let mut text = format!("# Registers of {}\n\n", title(accelerator));
    text += "32-bit registers behind the AXI4-Lite slave; `w1c` is cleared by writing ones.\n\n";
    text += "| offset | register | access | meaning |\n|---|---|---|---|\n";
    for (name, offset, access, meaning) in registers(accelerator) {
        text += &format!("| {offset:#05x} | `{name}` | {access} | {meaning} |\n");
    }
    text += "\n| CAUSE | meaning |\n|---|---|\n| 0 | the run was not stopped |\n";
    causes().iter().fold(text, |text, (code, meaning)| text + &format!("| {code} | {meaning} |\n"))
}

fn header(accelerator: &Accelerator) -> String {
    let mut text = format!(
        "/* Registers of {}. */\n#ifndef NASA_REGISTERS_H\n#define NASA_REGISTERS_H\n\n",
        title(accelerator)
    );
    text += &format!("#define NASA_CONFIG_HASH UINT64_C({:#018x})\n\n", accelerator.hash);
    for (name, offset, access, meaning) in registers(accelerator) {
        text += &format!("#define NASA_{name} {offset:#05x}u /* {access}: {meaning} */\n");
    }
    text += "\n/* Values of NASA_CAUSE. */\n";
    for (code, meaning) in causes() {
        let name: String =
            meaning.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
        text += &format!("#define NASA_CAUSE_{name} {code}u\n");
    }
    text + "\n#endif\n"
}

fn fusesoc(accelerator: &Accelerator, modules: &[String]) -> String {
    let files: String = modules.iter().map(|name| format!("      - {name}\n")).collect();
    format!(
        "CAPI=2:\n\
         # FuseSoC core of {}.\n\
         name: ::nasa_{}:{}\n\
         filesets:\n  rtl:\n    files:\n{files}    file_type: verilogSource\n\
         targets:\n  default:\n    filesets: [rtl]\n    toplevel: {}\n",
        title(accelerator),
        accelerator.name.replace('-', "_"),
        env!("CARGO_PKG_VERSION"),
        top::NAME
    )
}

fn vivado(accelerator: &Accelerator, modules: &[String]) -> String {
    let files: String = modules.iter().map(|name| format!(" {name}")).collect();
    format!(
        "# Packages {} as a Vivado IP:\n\
         #   vivado -mode batch -source package_ip.tcl\n\
         create_project -in_memory\n\
         read_verilog [list{files}]\n\
         set_property top {top} [current_fileset]\n\
         ipx::package_project -root_dir ip -vendor nasa -library accelerators -taxonomy /Accelerators -import_files -force\n\
         set core [ipx::current_core]\n\
         set_property name nasa_{name} $core\n\
         set_property display_name {{{title}}} $core\n\
         ipx::associate_bus_interfaces -busif m_axi -clock aclk $core\n\
         ipx::associate_bus_interfaces -busif s_axi -clock aclk $core\n\
         ipx::save_core $core\n",
        title(accelerator),
        top = top::NAME,
        name = accelerator.name.replace('-', "_"),
        title = title(accelerator)
    )
}
