//! Every kernel against nested loops that follow the formulas literally: three operations, three forms; and
//! the kernels of all vectors against one another.

use nas::kernels::batch::Kernel;
use nas::kernels::wide::Arch;
use nas::kernels::{Tap, Window};
use nas::rng::Rng;
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Terms of every sum: image, output pixel, output channel, weight, and the input or `None` in the padding.
fn for_each_term(window: &Window, images: usize, mut visit: impl FnMut(usize, usize, Option<usize>)) {
    let [height, width, inputs] = window.input;
    let [rows, columns, outputs] = window.output;
    for image in 0..images {
        for (oy, ox) in (0..rows).flat_map(|oy| (0..columns).map(move |ox| (oy, ox))) {
            for (ky, kx) in (0..window.kernel[0]).flat_map(|ky| (0..window.kernel[1]).map(move |kx| (ky, kx)))
            {
                let y = (oy * window.stride[0] + ky) as isize - window.padding[0] as isize;
                let x = (ox * window.stride[1] + kx) as isize - window.padding[1] as isize;
                let inside = y >= 0 && x >= 0 && (y as usize) < height && (x as usize) < width;
                for k in 0..outputs {
                    let channels = if window.depthwise { k..k + 1 } else { 0..inputs };
                    for c in channels {
                        let output = ((image * rows + oy) * columns + ox) * outputs + k;
                        let tap = ky * window.kernel[1] + kx;
                        let weight = if window.depthwise {
                            tap * outputs + k
                        } else {
                            (tap * inputs + c) * outputs + k
                        };
                        let at = || ((image * height + y as usize) * width + x as usize) * inputs + c;
                        visit(output, weight, inside.then(at));
                    }
                }
            }
        }
    }
}

struct Case {
    window: Window,
    tap: Tap,
    x: Vec<f32>,
    w: Vec<f32>,
    g: Vec<f32>,
}

/// More images than a group holds, so that the last group is ragged.
const IMAGES: usize = 11;

impl Case {
    fn new(window: Window, tap: Tap, powers: bool) -> Case {
        let mut rng = Rng::new(3, &[window.input[2] as u64, window.output[2] as u64]);
        let mut draw = |count: usize| (0..count).map(|_| rng.normal() as f32).collect::<Vec<f32>>();
        let (x, mut w) = (draw(IMAGES * window.input_len()), draw(window.weights()));
        if powers {
            w.iter_mut().for_each(|w| *w = w.signum() * w.abs().log2().round().exp2());
        }
        let g = draw(IMAGES * window.output_len());
        Case { window, tap, x, w, g }
    }

    /// Sums, gradient by the input, gradient by the weights.
    fn expected(&self) -> [Vec<f64>; 3] {
        let mut y = vec![0.0; self.g.len()];
        let mut dx = vec![0.0; self.x.len()];
        let mut dw = vec![0.0; self.w.len()];
        for_each_term(&self.window, IMAGES, |output, weight, input| {
            let x = input.map_or(0.0, |input| f64::from(self.x[input]));
            let (w, g) = (f64::from(self.w[weight]), f64::from(self.g[output]));
            let (term, by_input, by_weight) = match self.tap {
                Tap::Product => (x * w, g * w, g * x),
                Tap::Distance => (-(x - w).abs(), g * (w - x).clamp(-1.0, 1.0), g * (x - w)),
            };
            y[output] += term;
            dw[weight] += by_weight;
            if let Some(input) = input {
                dx[input] += by_input;
            }
        });
        [y, dx, dw]
    }

    fn check(&self) {
        let Case { window, tap, x, w, g } = self;
        let kernel = Kernel::new(*tap, *window);
        let [y, dx, dw] = self.expected();
        let what = format!("{tap:?} {window:?}");
        compare(&kernel.forward(x, w), &y, &format!("sums, {what}"));
        compare(&kernel.backward_input(x, g, w), &dx, &format!("by input, {what}"));
        compare(&kernel.backward_weights(x, g, w), &dw, &format!("by weights, {what}"));
        let round = |values: &[f32]| values.iter().map(|v| (v * 20.0).round() as i32).collect::<Vec<i32>>();
        let (xi, wi) = (round(x), round(w));
        let mut exact = vec![0i32; g.len()];
        for_each_term(window, IMAGES, |output, weight, input| {
            let (x, w) = (input.map_or(0, |input| xi[input]), wi[weight]);
            exact[output] += if *tap == Tap::Product { x * w } else { -(x - w).abs() };
        });
        assert_eq!(kernel.forward(&xi, &wi), exact, "integers, {what}");
    }
}

fn compare(found: &[f32], expected: &[f64], what: &str) {
    let size = expected.iter().fold(1.0f64, |most, value| most.max(value.abs()));
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (f64::from(*found) - expected).abs();
        assert!(off < 1e-5 * size, "{what}: {found} at {i}, not {expected}");
    }
}

fn window(input: [usize; 3], outputs: usize, kernel: usize, stride: usize, depthwise: bool) -> Window {
    let pad = (kernel - 1) / 2;
    let extent = |size: usize| (size + 2 * pad - kernel) / stride + 1;
    Window {
        input,
        output: [extent(input[0]), extent(input[1]), outputs],
        kernel: [kernel; 2],
        stride: [stride; 2],
        padding: [pad; 4],
        depthwise,
    }
}

/// Strides, margins, and channels that fill no vector and no tile.
fn windows() -> [Window; 8] {
    [
        window([6, 5, 3], 18, 3, 1, false),
        window([7, 7, 1], 16, 3, 2, false),
        window([5, 4, 7], 33, 1, 1, false),
        window([5, 5, 8], 10, 1, 2, false),
        window([8, 7, 5], 40, 5, 3, false),
        window([6, 5, 29], 29, 3, 1, true),
        window([7, 6, 16], 16, 5, 2, true),
        window([1, 1, 1], 2, 1, 1, false),
    ]
}

/// Directions that differ in padding, kernel and stride, and padding that is wider than the kernel.
fn uneven() -> [Window; 3] {
    let square = window([5, 5, 3], 4, 3, 1, false);
    [
        Window { padding: [0, 2, 1, 0], output: [4, 5, 4], ..square },
        Window { kernel: [3, 2], stride: [1, 2], padding: [1, 0, 0, 1], output: [4, 3, 4], ..square },
        Window { kernel: [2, 2], padding: [3, 3, 3, 3], output: [10, 10, 4], ..square },
    ]
}

#[test]
fn every_kernel_follows_its_formula() {
    for window in windows() {
        Case::new(window, Tap::Product, false).check();
        Case::new(window, Tap::Product, true).check();
        Case::new(window, Tap::Distance, false).check();
    }
}

/// The vectors that this machine has, plain numbers first.
fn archs() -> Vec<Arch> {
    #[allow(unused_mut)] // Only some processors have vectors to choose from.
    let mut archs = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        archs.extend(V3::try_new().map(Arch::V3));
        archs.extend(V4::try_new().map(Arch::V4));
    }
    archs
}

/// Tiles of one vector, of two, of ragged ones; a stride that leaves taps out, and one that skips whole pixels.
#[test]
fn all_vectors_compute_the_same_bits() {
    let windows = [
        window([6, 5, 3], 40, 3, 1, false),
        window([5, 4, 24], 33, 1, 1, false),
        window([7, 7, 5], 10, 3, 2, false),
        window([5, 5, 8], 10, 1, 2, false),
        window([6, 5, 29], 29, 3, 1, true),
        window([7, 6, 16], 16, 5, 2, true),
    ];
    for (window, tap) in windows.into_iter().flat_map(|w| [(w, Tap::Product), (w, Tap::Distance)]) {
        let case = Case::new(window, tap, false);
        let bits = |numbers: Vec<f32>| numbers.into_iter().map(f32::to_bits).collect::<Vec<u32>>();
        let run = |arch: Arch| {
            let kernel = Kernel { tap, window, arch };
            let integers: Vec<i32> = case.w.iter().map(|w| (w * 50.0) as i32).collect();
            let inputs: Vec<i32> = case.x.iter().map(|x| (x * 50.0) as i32).collect();
            let y = kernel.forward(&case.x, &case.w);
            let dx = kernel.backward_input(&case.x, &case.g, &case.w);
            let dw = kernel.backward_weights(&case.x, &case.g, &case.w);
            (bits(y), bits(dx), bits(dw), kernel.forward(&inputs, &integers))
        };
        for arch in archs() {
            assert!(run(arch) == run(Arch::Scalar), "{arch:?}, {tap:?} {window:?}");
        }
    }
}

#[test]
fn uneven_padding_is_where_the_window_says() {
    for window in uneven() {
        Case::new(window, Tap::Product, false).check();
        Case::new(window, Tap::Distance, false).check();
    }
    let pool = Window { padding: [0; 4], output: [1, 1, 6], ..window([3, 3, 6], 6, 3, 1, true) };
    Case::new(pool, Tap::Product, false).check();
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let case = Case::new(window([6, 6, 12], 20, 3, 1, false), Tap::Distance, false);
    let run = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| Kernel::new(case.tap, case.window).backward_weights(&case.x, &case.g, &case.w))
    };
    assert_eq!(run(1), run(4));
}

/// A GPU, or a driver that is none but computes as one; without either there is nothing to test.
#[cfg(feature = "gpu")]
#[test]
fn a_gpu_follows_the_formulas_of_full_adder_layers() {
    let gpu = match nas::gpu::Gpu::find() {
        Ok(gpu) => gpu,
        Err(why) => return eprintln!("not tested: {why}"),
    };
    let large = window([20, 17, 40], 70, 3, 1, false);
    for window in windows().into_iter().chain(uneven()).chain([large]).filter(|window| !window.depthwise) {
        let case = Case::new(window, Tap::Distance, false);
        let (Case { x, w, g, .. }, [y, dx, dw]) = (&case, case.expected());
        let what = format!("{}, {window:?}", gpu.name());
        let found =
            |numbers: Option<Vec<f32>>| numbers.unwrap_or_else(|| panic!("{what}: {:?}", gpu.fault()));
        let passes = || {
            let dx = gpu.backward_input(&window, x, g, w);
            [gpu.forward(&window, x, w), dx, gpu.backward_weights(&window, x, g, w)].map(found)
        };
        let all = passes();
        for (part, numbers, expected) in
            [("sums", &all[0], &y), ("by input", &all[1], &dx), ("by weights", &all[2], &dw)]
        {
            compare(numbers, expected, &format!("{part}, {what}"));
        }
        assert_eq!(passes(), all, "once more, {what}");
    }
}
