//! What a simulation engine is to the executor: ports that are poked and peeked as words, and a clock.

use num::Bits;
use sim::{InputId, OutputId, Simulator};
use spec::error::{nearest, Diagnostic, Report};

/// A port of the top module, found by name once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortId(pub usize);

/// The generated hardware, running somewhere.
pub trait Engine {
    /// As reports name it: `verilator`, `interpreter`.
    fn name(&self) -> &'static str;

    /// The port called `name`.
    ///
    /// # Errors
    /// Where the top has no such port.
    fn port(&self, name: &str) -> Result<PortId, Report>;

    /// Sets an input; words are lowest first, bits beyond its width are dropped.
    fn poke(&mut self, port: PortId, words: &[u64]);

    /// Reads an output into `words`, lowest first; missing bits are 0.
    fn peek(&mut self, port: PortId, words: &mut [u64]);

    /// One clock cycle.
    fn tick(&mut self);

    /// Reads an output of up to 64 bits.
    fn peek_u64(&mut self, port: PortId) -> u64 {
        let mut word = [0];
        self.peek(port, &mut word);
        word[0]
    }
}

/// Any simulator of a module as an engine.
pub struct Running<S> {
    name: &'static str,
    simulator: S,
}

impl<S: Simulator> Running<S> {
    /// `simulator`, called `name` in reports.
    pub fn new(name: &'static str, simulator: S) -> Running<S> {
        Running { name, simulator }
    }

    fn inputs(&self) -> usize {
        self.simulator.module().inputs().len()
    }
}

/// Inputs have the first ids, in their order, outputs the next.
impl<S: Simulator> Engine for Running<S> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn port(&self, name: &str) -> Result<PortId, Report> {
        let module = self.simulator.module();
        let output = || module.output_index(name).map(|index| self.inputs() + index);
        module.input_index(name).or_else(output).map(PortId).ok_or_else(|| {
            let inputs = module.inputs().iter().map(|port| port.name.as_str());
            let outputs = module.outputs().iter().map(|output| output.port.name.as_str());
            let help = nearest(name, inputs.chain(outputs)).map(|near| format!("did you mean `{near}`?"));
            let error = Diagnostic::new("cosim", format!("the top has no port `{name}`"));
            error.help(help.unwrap_or("generate the hardware again".into())).into()
        })
    }

    fn poke(&mut self, port: PortId, words: &[u64]) {
        let width = self.simulator.module().inputs()[port.0].width;
        match words {
            [word] if width <= 64 => self.simulator.set(InputId(port.0), *word),
            words => {
                let mut whole = vec![0; width.div_ceil(64) as usize];
                whole.iter_mut().zip(words).for_each(|(to, word)| *to = *word);
                self.simulator.set_bits(InputId(port.0), &Bits::from_words(width, &whole));
            }
        }
    }

    fn peek(&mut self, port: PortId, words: &mut [u64]) {
        let output = OutputId(port.0 - self.inputs());
        if let [word] = words {
            *word = self.simulator.get(output);
            return;
        }
        let bits = self.simulator.get_bits(output);
        let known = bits.words().iter().copied().chain(std::iter::repeat(0));
        words.iter_mut().zip(known).for_each(|(to, word)| *to = word);
    }

    fn tick(&mut self) {
        self.simulator.step();
    }
}
