//! Mappings that a user gives, brought into the order of a network's layers. They are the hardware's own, as `nasa map`
//! writes them, or of the whole space, as other tools find them: those are lowered.

use crate::files;
use mapper::space::{self, lower};
use mapper::text::{self, Named};
use mapper::{Mapping, Work};
use model::{Graph, Layer};
use spec::accelerator::Accelerator;
use spec::error::{nearest, Diagnostic, Report};
use std::path::Path;

/// What a file of mappings has.
pub struct Given {
    file: String,
    mappings: Vec<One>,
}

/// A mapping of a layer.
enum One {
    /// With the chunk that it is for.
    Hardware(Named),
    /// For whichever chunk computes the layer's op.
    Loops(space::text::Named),
}

impl One {
    fn layer(&self) -> &str {
        match self {
            One::Hardware(named) => &named.layer,
            One::Loops(named) => &named.name,
        }
    }
}

impl Given {
    /// Reads the file `path`, in either form.
    ///
    /// # Errors
    /// Where it cannot be read, and everything that is wrong with its form.
    pub fn read(path: &Path) -> Result<Given, Report> {
        let (file, text) = (files::name(path), files::read_text(path)?);
        let mappings: Vec<One> = if space::text::is_announced(&text) {
            space::text::parse(&file, &text)?.into_iter().map(One::Loops).collect()
        } else {
            text::parse(&file, &text)?.into_iter().map(One::Hardware).collect()
        };
        Ok(Given { file, mappings })
    }

    /// The mapping of every layer of `graph`, in its order.
    ///
    /// # Errors
    /// As for [`Given::among_others`], and mappings of no layer.
    pub fn in_order(&self, accelerator: &Accelerator, graph: &Graph) -> Result<Vec<Mapping>, Report> {
        let mut report = Report::default();
        for name in self.mappings.iter().map(One::layer).filter(|name| graph.find(name).is_none()) {
            let near = nearest(name, graph.layers().map(|(_, layer)| layer.name.as_str()));
            let near = near.map(|near| format!("did you mean `{near}`?"));
            let error = self.wrong(format!("the network has no layer `{name}`"));
            report.push(error.help(near.unwrap_or_else(|| "was it made for another network?".to_string())));
        }
        self.found(accelerator, graph, report)
    }

    /// The same where there are mappings of other networks as well.
    ///
    /// # Errors
    /// Layers without a mapping, mappings of another chunk or of other loops, and those that come twice.
    pub fn among_others(&self, accelerator: &Accelerator, graph: &Graph) -> Result<Vec<Mapping>, Report> {
        self.found(accelerator, graph, Report::default())
    }

    /// What there is for `graph`; what is wrong goes into `report`.
    fn found(
        &self,
        accelerator: &Accelerator,
        graph: &Graph,
        mut report: Report,
    ) -> Result<Vec<Mapping>, Report> {
        let mut found = Vec::new();
        for (_, layer) in graph.layers() {
            match self.of_layer(accelerator, layer) {
                Ok(mapping) => found.extend(mapping),
                Err(errors) => report.0.extend(errors.0),
            }
        }
        report.or(found)
    }

    /// None where no chunk computes it, of which the compiler has more to say.
    fn of_layer(&self, accelerator: &Accelerator, layer: &Layer) -> Result<Option<Mapping>, Report> {
        let (name, op) = (&layer.name, layer.op);
        let mut mine = self.mappings.iter().filter(|one| one.layer() == name);
        let Some((_, chunk)) = accelerator.chunk_of(op) else { return Ok(None) };
        match (mine.next(), mine.next()) {
            (Some(One::Hardware(_)), Some(_)) => {
                Err(self.wrong(format!("layer `{name}` comes twice")).help("keep one of them").into())
            }
            (Some(One::Hardware(named)), _) if named.chunk == chunk.name() => Ok(Some(named.mapping.clone())),
            (Some(One::Hardware(named)), _) => {
                let error = self.wrong(format!("layer `{name}` cannot run on `{}`", named.chunk));
                Err(error.help(format!("write chunk: {}, which computes {}", chunk.name(), op.name())).into())
            }
            // The same twice, as every network may have a layer.
            (Some(One::Loops(named)), _) => {
                lower(&named.mapping, &Work::from(layer), accelerator, chunk).map(Some).map_err(|misfits| {
                    let error = self.wrong(format!("the mapping of layer `{name}` is not one of it here"));
                    let error = misfits.into_iter().fold(error, Diagnostic::note);
                    error.help("change it, or let `nasa map` find one for this accelerator").into()
                })
            }
            (None, _) => Err(self
                .wrong(format!("there is no mapping of layer `{name}`"))
                .help("let `nasa map` write one, then change what you want to change")
                .into()),
        }
    }

    fn wrong(&self, message: String) -> Diagnostic {
        Diagnostic::new("mapping", message).in_file(&self.file)
    }
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
