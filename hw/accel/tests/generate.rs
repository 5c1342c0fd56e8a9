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
fn random_configurations_have_hardware() {
    for seed in 0..20 {
        let mut rng = spec::random::Rng::new(seed);
        let accelerator = spec::random::accelerator(&mut rng, 8);
        if let Err(errors) = accel::generate(&accelerator) {
            panic!("seed {seed}: {errors}\n{accelerator:?}");
        }
    }
}
