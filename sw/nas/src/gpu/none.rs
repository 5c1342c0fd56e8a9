//! In place of a GPU where the program is built without kernels for one: nothing that could be called.

use crate::kernels::Window;
use std::convert::Infallible;

/// There is none.
#[derive(Debug)]
pub struct Gpu(Infallible);

impl Gpu {
    /// # Errors
    /// Always.
    pub fn find() -> Result<Gpu, String> {
        Err("this program was built without kernels for one".into())
    }

    /// As its driver calls it.
    pub fn name(&self) -> &str {
        match self.0 {}
    }

    /// Why it is used no more.
    pub fn fault(&self) -> Option<String> {
        match self.0 {}
    }

    /// Whether it computed anything.
    pub fn took_part(&self) -> bool {
        match self.0 {}
    }

    /// The sums.
    pub fn forward(&self, _: &Window, _x: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }

    /// The gradient by the input.
    pub fn backward_input(&self, _: &Window, _x: &[f32], _g: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }

    /// The gradient by the weights.
    pub fn backward_weights(&self, _: &Window, _x: &[f32], _g: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }
}
