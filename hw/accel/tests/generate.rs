//! Every committed configuration and a handful of random ones have hardware: the description passes all of
//! the language's own checks.

use spec::accelerator::Accelerator;
use std::path::Path;

fn configurations() -> Vec<Accelerator> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs");
    let mut paths: Vec<_> =
        std::fs::read_dir(folder).expect("hw/configs").filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let parse = |path: &std::path::PathBuf| {
        let text = std::fs::read_to_string(path).expect("a readable configuration");
        spec::config::parse(&path.display().to_string(), &text).unwrap_or_else(|report| panic!("{report}"))
    };
    paths.iter().map(parse).collect()
}

#[test]
fn every_committed_configuration_has_hardware() {
    for accelerator in configurations() {
        let top =
            accel::generate(&accelerator).unwrap_or_else(|errors| panic!("{}: {errors}", accelerator.name));
        assert_eq!(top.name(), accel::top::NAME);
    }
}

#[test]
fn ports_say_which_interface_they_belong_to() {
    let tiny = configurations().into_iter().find(|accelerator| accelerator.name == "tiny").expect("tiny");
    let top = accel::generate(&tiny).expect("hardware of tiny");
    let information = |port: &str| {
        let mut attributes = top.attributes().iter();
        let found =
            attributes.find(|attribute| attribute.port == port && attribute.name == "X_INTERFACE_INFO");
        found.map(|attribute| attribute.value.as_str())
    };
    let inputs = top.inputs().iter().map(|port| &port.name);
    for port in inputs.chain(top.outputs().iter().map(|output| &output.port.name)) {
        assert!(port.starts_with("trace_") || information(port).is_some(), "{port} belongs to no interface");
    }
    assert_eq!(information("aclk"), Some("xilinx.com:signal:clock:1.0 aclk CLK"));
    assert_eq!(information("irq"), Some("xilinx.com:signal:interrupt:1.0 irq INTERRUPT"));
    assert_eq!(information("s_axi_awaddr"), Some("xilinx.com:interface:aximm:1.0 s_axi AWADDR"));
    assert_eq!(information("m_axi_rlast"), Some("xilinx.com:interface:aximm:1.0 m_axi RLAST"));
}

#[test]
fn random_configurations_have_hardware() {
    for seed in 0..20 {
        let mut rng = spec::random::Rng::new(seed);
        let accelerator = spec::random::accelerator(&mut rng, 8);
        if let Err(errors) = accel::generate(&accelerator) {
            panic!("seed {seed}: {errors}\n{accelerator:?}");
        }
    }
}
