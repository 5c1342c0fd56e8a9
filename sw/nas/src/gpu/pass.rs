//! What a full adder layer computes, and the programs for it: each a product of two matrices, whose sizes and terms are its own.

use crate::kernels::Window;
use wgpu::ComputePipeline;

/// Results of a workgroup, in both directions.
pub const SIDE: usize = 64;
/// Terms whose numbers are in a workgroup's memory at a time.
pub const DEPTH: usize = 16;

/// What a layer computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// From input and weights.
    Sums,
    /// The gradient by the input.
    ByInput,
    /// The gradient by the weights.
    ByWeights,
}

impl Pass {
    /// All of them, in the order of their numbers.
    pub const ALL: [Pass; 3] = [Pass::Sums, Pass::ByInput, Pass::ByWeights];

    /// What it reads and adds.
    fn source(self) -> &'static str {
        match self {
            Pass::Sums => include_str!("sums.wgsl"),
            Pass::ByInput => include_str!("by_input.wgsl"),
            Pass::ByWeights => include_str!("by_weights.wgsl"),
        }
    }

    /// Lines and columns of its results, and the terms of each.
    pub fn sizes(self, window: &Window, images: usize) -> [usize; 3] {
        let (pixels, places) = (images * window.pixels(), images * window.input[0] * window.input[1]);
        let ([.., inputs], [.., outputs]) = (window.input, window.output);
        let taps = window.kernel[0] * window.kernel[1];
        match self {
            Pass::Sums => [pixels, outputs, taps * inputs],
            Pass::ByInput => [places, inputs, taps * outputs],
            Pass::ByWeights => [taps * inputs, outputs, pixels],
        }
    }
}

/// The program of a pass. All read the same five buffers, needed or not.
pub fn pipeline(device: &wgpu::Device, pass: Pass) -> ComputePipeline {
    let entry = |binding: u32| {
        let ty = match binding {
            0 => wgpu::BufferBindingType::Uniform,
            _ => wgpu::BufferBindingType::Storage { read_only: binding < 4 },
        };
        let ty = wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None }
    };
    let bindings = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: None,
        entries: &[0, 1, 2, 3, 4].map(entry),
    });
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        bind_group_layouts: &[Some(&bindings)],
        ..Default::default()
    });
    let sizes = format!("const SIDE: u32 = {SIDE};\nconst DEPTH: u32 = {DEPTH};\n");
    let source = [&sizes, include_str!("shape.wgsl"), pass.source(), include_str!("sweep.wgsl")].concat();
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: None,
        source: wgpu::ShaderSource::Wgsl(source.into()),
    });
    device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: None,
        layout: Some(&layout),
        module: &module,
        entry_point: Some("sweep"),
        compilation_options: Default::default(),
        cache: None,
    })
}
