//! What Vivado's IP packager and block designs read off the top's ports: which bus each belongs to and as which of
//! its signals, which reset and clock go with which bus, and how the interrupt is to be sensed. The ports carry
//! AXI's names already; other tools pass the attributes over.

use hdl::Builder;

/// The AXI ports' prefixes, and the protocol behind each.
const BUSES: &[(&str, &str)] = &[("s_axi", "AXI4LITE"), ("m_axi", "AXI4")];

/// Ports that are no bus: kind, name, signal, parameters.
const SINGLE: &[(&str, &str, &str, &str)] = &[
    ("clock", "aclk", "CLK", "ASSOCIATED_BUSIF s_axi:m_axi, ASSOCIATED_RESET aresetn"),
    ("reset", "aresetn", "RST", "POLARITY ACTIVE_LOW"),
    ("interrupt", "irq", "INTERRUPT", "SENSITIVITY LEVEL_HIGH"),
];

/// Gives the ports that `b` has so far their attributes.
pub fn describe(b: &Builder) {
    for (kind, port, signal, parameters) in SINGLE {
        b.attribute(port, "X_INTERFACE_INFO", &format!("xilinx.com:signal:{kind}:1.0 {port} {signal}"));
        b.attribute(port, "X_INTERFACE_PARAMETER", &format!("XIL_INTERFACENAME {port}, {parameters}"));
    }
    let ports = b.ports();
    for (bus, protocol) in BUSES {
        let signal = |port: &String| Some(port.strip_prefix(bus)?.strip_prefix('_')?.to_uppercase());
        let signals = ports.iter().filter_map(|port| Some((port, signal(port)?)));
        for (i, (port, signal)) in signals.enumerate() {
            b.attribute(port, "X_INTERFACE_INFO", &format!("xilinx.com:interface:aximm:1.0 {bus} {signal}"));
            // Parameters are the interface's, and so are given once.
            if i == 0 {
                let parameters = format!("XIL_INTERFACENAME {bus}, PROTOCOL {protocol}");
                b.attribute(port, "X_INTERFACE_PARAMETER", &parameters);
            }
        }
    }
}
