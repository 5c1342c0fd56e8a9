//! A difference between simulators, made small and written down: the netlist that is left, the inputs that show it, and
//! the Verilog for other tools.

use std::sync::Arc;

use hdl::Module;

use super::Stimulus;

/// Makes `module` small, for which `compare` finds something wrong with the random inputs of `seed`, by at most `most`
/// comparisons; what there is to say about what is left. `compare` says what is wrong.
pub fn report(
    module: &Arc<Module>,
    seed: u64,
    cycles: usize,
    most: usize,
    mut compare: impl FnMut(&Arc<Module>, &Stimulus) -> Option<String>,
) -> String {
    let mut runs = 0;
    let small = hdl::shrink::shrink(module, most, |module| {
        runs += 1;
        compare(module, &Stimulus::random(module, seed, cycles)).is_some()
    });
    let all = Stimulus::random(&small, seed, cycles);
    let fewer = (1..cycles).map(|cycles| all.first(cycles));
    let failing = fewer.filter_map(|inputs| compare(&small, &inputs).map(|wrong| (inputs, wrong))).next();
    let (inputs, wrong) = failing.unwrap_or_else(|| (all.clone(), compare(&small, &all).unwrap_or_default()));
    let files = hdl::verilog::print(&small);
    let verilog: Vec<&str> = files.iter().map(|file| file.text.as_str()).collect();
    format!(
        "seed {seed}: {wrong}\n{} values shrank to {} in {runs} runs:\n\n{}\n{}\n{}",
        values(module),
        values(&small),
        hdl::listing(&small),
        inputs.describe(&small),
        verilog.join("\n")
    )
}

/// Values of a module and everything below it.
fn values(module: &Module) -> usize {
    let below = module.instances().iter().map(|instance| values(&instance.module));
    module.nodes().len() + below.sum::<usize>()
}
