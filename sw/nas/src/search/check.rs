//! Reading a search, and everything that can be wrong with its values.

use super::{curriculum, Cost, CostKind, SearchConfig};
use crate::config::{text, Faults};
use spec::error::Report;
use spec::op::Op;
use spec::yaml::Source;

impl SearchConfig {
    /// Reads and checks the text of `file`.
    ///
    /// # Errors
    /// The first thing that is no YAML of this form, else every value that makes no sense.
    pub fn parse(file: &str, text: &str) -> Result<SearchConfig, Report> {
        let config: SearchConfig = text::read(Source { stage: "search", file, text }, "search")?;
        let config = SearchConfig { source: text.into(), file: file.into(), ..config };
        config.check()?;
        Ok(config)
    }

    /// Everything that is wrong with the values.
    ///
    /// # Errors
    /// One entry for every such value.
    pub fn check(&self) -> Result<(), Report> {
        let mut faults = Faults::new(Source { stage: "search", file: &self.file, text: &self.source });
        self.input.check(&mut faults);
        self.bits.check(&mut faults);
        self.space.check(&mut faults);
        curriculum::check(&self.curriculum, &self.space, &mut faults);
        self.check_rates(&mut faults);
        self.cost.check(&mut faults);
        self.retrain.check("retrain", self.space.ops().contains(&Op::Adder), &mut faults);
        faults.report.or(())
    }

    fn check_rates(&self, faults: &mut Faults<'_>) {
        self.schedule().check_steps(|holds, name, message, help| {
            let path = format!("weights.{name}");
            faults.require(holds, &path, message, format!("set {path}{help}"));
        });
        let (sampling, alphas) = (&self.sampling, &self.alphas);
        let rules = [
            (sampling.paths > 0, "sampling.paths", "no path, no output", "set sampling.paths: 2"),
            (
                sampling.temperature > 0.0 && sampling.temperature.is_finite(),
                "sampling.temperature",
                "the temperature must be positive",
                "set sampling.temperature: 5",
            ),
            (
                sampling.cooling > 0.0 && sampling.cooling <= 1.0,
                "sampling.cooling",
                "the temperature must fall to something above 0",
                "set sampling.cooling to more than 0 and at most 1, such as 0.975",
            ),
            (alphas.rate > 0.0, "alphas.rate", "the rate must be positive", "set alphas.rate: 3e-4"),
            (
                alphas.betas.iter().all(|beta| (0.0..1.0).contains(beta)),
                "alphas.betas",
                "the betas must lie between 0 and 1",
                "set alphas.betas: [0.5, 0.999]",
            ),
            (
                alphas.images > 0.0 && alphas.images < 1.0,
                "alphas.images",
                "weights and choice need images of their own",
                "set alphas.images to a share between 0 and 1, such as 0.5",
            ),
        ];
        for (holds, path, message, help) in rules {
            faults.require(holds, path, message, help);
        }
    }
}

impl Cost {
    fn check(&self, faults: &mut Faults<'_>) {
        let lambda = self.lambda >= 0.0 && self.lambda.is_finite();
        faults.require(lambda, "cost.lambda", "lambda must be 0 or more", "set cost.lambda: 0 for no costs");
        let in_order = self.target.is_none_or(|[least, most]| least <= most);
        let message = "the target's bounds are in the wrong order";
        faults.require(in_order, "cost.target", message, "give the least cost first");
        let named = match self.kind {
            CostKind::Macs => true,
            CostKind::Mapper => self.accelerator.is_some(),
            CostKind::Table => self.file.is_some(),
        };
        let help = match self.kind {
            CostKind::Table => "set cost.file to a table of costs",
            _ => "set cost.accelerator to an accelerator's description",
        };
        faults.require(named, "cost.kind", "it is not said where the costs come from", help);
    }
}
