//! In place of a GPU where the program is built without kernels for one.

use crate::kernels::Window;
use std::convert::Infallible;

/// There is none.
#[derive(Debug)]
pub struct Gpu(Infallible);

impl Gpu {
    /// # Errors
    /// Always.
    pub fn find() -> Result<Gpu, String> {
        Err("this program was built without the feature `gpu` of nasa-cli".into())
    }

    /// Of no GPU.
    pub fn name(&self) -> &str {
        match self.0 {}
    }

    /// Of no GPU.
    pub fn fault(&self) -> Option<String> {
        match self.0 {}
    }

    /// By no GPU.
    pub fn forward(&self, _: &Window, _x: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }

    /// By no GPU.
    pub fn backward_input(&self, _: &Window, _x: &[f32], _g: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }

    /// By no GPU.
    pub fn backward_weights(&self, _: &Window, _x: &[f32], _g: &[f32], _w: &[f32]) -> Option<Vec<f32>> {
        match self.0 {}
    }
}
