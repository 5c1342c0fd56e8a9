//! A GPU, and the passes of full adder layers on it.

use super::pass::{pipeline, Pass, DEPTH, SIDE};
use crate::kernels::Window;
use pulp::bytemuck::{cast_slice, pod_collect_to_vec};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use wgpu::{Buffer, BufferDescriptor, BufferUsages, ComputePipeline};

/// Workgroups that a pass with few results is split into, about: enough for any GPU to have work.
const WORKGROUPS: usize = 512;
/// Workgroups that every GPU takes in one direction.
const MOST: usize = 65_535;

/// Bytes whose numbers 32 bits can count.
const MOST_BYTES: u64 = 4 << 32;

/// A GPU that computes full adder layers.
#[derive(Debug)]
pub struct Gpu {
    name: String,
    device: wgpu::Device,
    queue: wgpu::Queue,
    pipelines: [ComputePipeline; 3],
    /// Whether it computed anything since somebody asked.
    took_part: AtomicBool,
    /// The first thing that went wrong: then it is used no more.
    fault: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// The fastest kind of GPU that the machine has and that takes the kernels; a driver that computes on the processor where there
    /// is nothing else.
    ///
    /// # Errors
    /// Why there is none.
    pub fn find() -> Result<Gpu, String> {
        let instance = wgpu::Instance::default();
        let found = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all()));
        let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
            wgpu::DeviceType::DiscreteGpu => 0,
            wgpu::DeviceType::IntegratedGpu => 1,
            wgpu::DeviceType::VirtualGpu => 2,
            wgpu::DeviceType::Other => 3,
            wgpu::DeviceType::Cpu => 4,
        };
        let mut found: Vec<(usize, wgpu::Adapter)> = found.into_iter().map(|a| (rank(&a), a)).collect();
        found.sort_by_key(|(rank, _)| *rank);
        let mut faults = Vec::new();
        for (_, adapter) in found {
            match Gpu::on(&adapter) {
                Ok(gpu) => return Ok(gpu),
                Err(why) => faults.push(format!("{}: {why}", adapter.get_info().name)),
            }
        }
        Err(if faults.is_empty() { "no driver offers one".into() } else { faults.join("; ") })
    }

    fn on(adapter: &wgpu::Adapter) -> Result<Gpu, String> {
        let wanted = wgpu::DeviceDescriptor { required_limits: adapter.limits(), ..Default::default() };
        let (device, queue) =
            pollster::block_on(adapter.request_device(&wanted)).map_err(|error| error.to_string())?;
        let fault = Arc::new(Mutex::new(None));
        let (seen, lost) = (Arc::clone(&fault), Arc::clone(&fault));
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| note(&seen, error.to_string())));
        device.set_device_lost_callback(move |_, why| note(&lost, format!("the device was lost: {why}")));
        let pipelines = Pass::ALL.map(|pass| pipeline(&device, pass));
        let name = adapter.get_info().name;
        let gpu = Gpu { name, device, queue, pipelines, took_part: AtomicBool::new(false), fault };
        gpu.fault().map_or(Ok(gpu), Err)
    }

    /// As its driver calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it is used no more, if something went wrong.
    pub fn fault(&self) -> Option<String> {
        self.fault.lock().map_or(None, |fault| fault.clone())
    }

    /// Whether it computed anything since this was last asked.
    pub fn took_part(&self) -> bool {
        self.took_part.swap(false, Ordering::Relaxed)
    }

    /// `y` of all images of `x`; none where the GPU cannot.
    pub fn forward(&self, window: &Window, x: &[f32], w: &[f32]) -> Option<Vec<f32>> {
        self.pass(Pass::Sums, window, x, w, &[])
    }

    /// The gradient by the input, from the gradient `g` by the output; none where the GPU cannot.
    pub fn backward_input(&self, window: &Window, x: &[f32], g: &[f32], w: &[f32]) -> Option<Vec<f32>> {
        self.pass(Pass::ByInput, window, x, w, g)
    }

    /// The gradient by the weights; none where the GPU cannot.
    pub fn backward_weights(&self, window: &Window, x: &[f32], g: &[f32], w: &[f32]) -> Option<Vec<f32>> {
        self.pass(Pass::ByWeights, window, x, w, g)
    }

    fn pass(&self, pass: Pass, window: &Window, x: &[f32], w: &[f32], g: &[f32]) -> Option<Vec<f32>> {
        let images = x.len() / window.input_len();
        if images == 0 || self.fault().is_some() {
            return None;
        }
        let [lines, width, terms] = pass.sizes(window, images);
        let tiles = [lines.div_ceil(SIDE), width.div_ceil(SIDE)];
        // Only sums over pixels have so many terms that they are worth adding up in parts.
        let parts = match pass {
            Pass::ByWeights => (WORKGROUPS / (tiles[0] * tiles[1])).clamp(1, terms.div_ceil(DEPTH)),
            Pass::Sums | Pass::ByInput => 1,
        };
        let part = terms.div_ceil(parts).next_multiple_of(DEPTH);
        let groups = [tiles[0], tiles[1], terms.div_ceil(part)];
        let results = groups[2] * lines * width;
        let limits = self.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(MOST_BYTES);
        let is_too_large = [x.len(), w.len(), g.len(), results].iter().any(|count| 4 * *count as u64 > most);
        if is_too_large || groups.iter().any(|count| *count > MOST) {
            return None;
        }
        let shape = shape(window, images, part);
        let run = || self.run(pass, groups.map(|count| count as u32), &shape, [x, w, g], results);
        // A device that is lost while one waits for it makes wgpu panic.
        let found = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("the device was lost".into()));
        match found {
            Ok(parts) if self.fault().is_none() => {
                self.took_part.store(true, Ordering::Relaxed);
                Some(total(parts, lines * width))
            }
            Ok(_) => None,
            Err(why) => {
                note(&self.fault, why);
                None
            }
        }
    }

    /// Sends what a pass reads, runs it, and fetches its results.
    fn run(
        &self,
        pass: Pass,
        groups: [u32; 3],
        shape: &[u32; 14],
        reads: [&[f32]; 3],
        results: usize,
    ) -> Result<Vec<f32>, String> {
        let device = &self.device;
        let empty = |bytes: usize, usage: BufferUsages| {
            let size = bytes as u64;
            device.create_buffer(&BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
        };
        let filled = |bytes: &[u8], usage: BufferUsages| {
            let buffer = empty(bytes.len(), usage | BufferUsages::COPY_DST);
            self.queue.write_buffer(&buffer, 0, bytes);
            buffer
        };
        let shape = filled(cast_slice(shape), BufferUsages::UNIFORM);
        // A buffer has to hold something.
        let reads = reads.map(|numbers| if numbers.is_empty() { &[0.0][..] } else { numbers });
        let [x, w, g] = reads.map(|numbers| filled(cast_slice(numbers), BufferUsages::STORAGE));
        let here = empty(4 * results, BufferUsages::STORAGE | BufferUsages::COPY_SRC);
        let there = empty(4 * results, BufferUsages::COPY_DST | BufferUsages::MAP_READ);
        let pipeline = &self.pipelines[pass as usize];
        let buffers = [&shape, &x, &w, &g, &here];
        let entries: Vec<wgpu::BindGroupEntry> = buffers.into_iter().zip(0..).map(bound).collect();
        let bindings = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let mut commands = device.create_command_encoder(&Default::default());
        let mut computing = commands.begin_compute_pass(&Default::default());
        computing.set_pipeline(pipeline);
        computing.set_bind_group(0, &bindings, &[]);
        computing.dispatch_workgroups(groups[0], groups[1], groups[2]);
        drop(computing);
        commands.copy_buffer_to_buffer(&here, 0, &there, 0, there.size());
        self.queue.submit([commands.finish()]);
        let (send, receive) = std::sync::mpsc::channel();
        there.map_async(wgpu::MapMode::Read, .., move |found| {
            let _ = send.send(found); // Nobody waits any more where waiting failed.
        });
        device.poll(wgpu::PollType::wait_indefinitely()).map_err(|error| error.to_string())?;
        let mapped = receive.recv().map_err(|error| error.to_string())?;
        mapped.map_err(|error| error.to_string())?;
        let view = there.get_mapped_range(..).map_err(|error| error.to_string())?;
        Ok(pod_collect_to_vec(&view))
    }
}

/// Keeps the first fault; the others follow from it.
fn note(fault: &Mutex<Option<String>>, why: String) {
    if let Ok(mut fault) = fault.lock() {
        fault.get_or_insert(why);
    }
}

fn bound((buffer, binding): (&Buffer, u32)) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() }
}

/// The layer as `shape.wgsl` has it.
fn shape(window: &Window, images: usize, part: usize) -> [u32; 14] {
    let Window { input, output, kernel, stride, padding, .. } = window;
    let [top, left, ..] = *padding;
    let numbers = [
        input[0], input[1], input[2], output[0], output[1], output[2], kernel[0], kernel[1], stride[0],
        stride[1], top, left, images, part,
    ];
    numbers.map(|number| number as u32)
}

/// The sum of all parts, each of `count` numbers.
fn total(mut parts: Vec<f32>, count: usize) -> Vec<f32> {
    let (sums, others) = parts.split_at_mut(count);
    for part in others.chunks_exact(count) {
        sums.iter_mut().zip(part).for_each(|(sum, number)| *sum += number);
    }
    parts.truncate(count);
    parts
}
