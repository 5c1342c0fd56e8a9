//! Mappings that a user gives, brought into the order of a network's layers.

use mapper::text::Named;
use mapper::Mapping;
use model::Graph;
use spec::accelerator::Accelerator;
use spec::error::{nearest, Diagnostic, Report};

/// The mapping of every layer of `graph`, in its order.
///
/// # Errors
/// Layers without a mapping, mappings of no layer or of another chunk, and those that come twice.
pub fn in_order(
    file: &str,
    given: &[Named],
    accelerator: &Accelerator,
    graph: &Graph,
) -> Result<Vec<Mapping>, Report> {
    let wrong = |message: String| Diagnostic::new("mapping", message).in_file(file);
    let mut report = Report::default();
    for (i, named) in given.iter().enumerate() {
        let known = graph.layers().map(|(_, layer)| layer.name.as_str());
        if graph.find(&named.layer).is_none() {
            let error = wrong(format!("the network has no layer `{}`", named.layer));
            let near = nearest(&named.layer, known).map(|near| format!("did you mean `{near}`?"));
            report.push(error.help(near.unwrap_or_else(|| "was it made for another network?".to_string())));
        }
        if given[..i].iter().any(|before| before.layer == named.layer) {
            report.push(wrong(format!("layer `{}` comes twice", named.layer)).help("keep one of them"));
        }
    }
    let mut mappings = Vec::new();
    for (_, layer) in graph.layers() {
        let chunk = accelerator.chunk_of(layer.op).map_or("none", |(_, chunk)| chunk.name());
        match given.iter().find(|named| named.layer == layer.name) {
            Some(named) if named.chunk == chunk => mappings.push(named.mapping.clone()),
            Some(named) => {
                let message = format!("layer `{}` cannot run on `{}`", layer.name, named.chunk);
                report.push(
                    wrong(message).help(format!("write chunk: {chunk}, which computes {}", layer.op.name())),
                );
            }
            None => report.push(
                wrong(format!("there is no mapping of layer `{}`", layer.name))
                    .help("let `nasa map` write one, then change what you want to change"),
            ),
        }
    }
    report.or(mappings)
}

/// The mappings of a compiled network as a file has them.
pub fn named(accelerator: &Accelerator, layers: &[compiler::LayerPlan]) -> Vec<Named> {
    let name = |plan: &compiler::LayerPlan| Named {
        layer: plan.name.clone(),
        chunk: accelerator.chunks[plan.chunk].name().to_string(),
        mapping: plan.mapping.clone(),
    };
    layers.iter().map(name).collect()
}
