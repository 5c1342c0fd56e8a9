// The layer, and what its passes read and write. Maps lie image by image, row by row, channels innermost.

struct Shape {
    height: u32, width: u32, inputs: u32,
    rows: u32, columns: u32, outputs: u32,
    kernel_rows: u32, kernel_columns: u32,
    stride_rows: u32, stride_columns: u32,
    top: u32, left: u32,
    images: u32,
    // How many terms of a sum one workgroup adds; others add the rest to results of their own.
    part: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> results: array<f32>;

fn pixels() -> u32 { return shape.images * shape.rows * shape.columns; }
fn places() -> u32 { return shape.images * shape.height * shape.width; }
fn taps() -> u32 { return shape.kernel_rows * shape.kernel_columns; }

// The number of the map that a term of an output pixel reads; 0 in the padding.
fn x_of(pixel: u32, term: u32) -> f32 {
    let here = pixel % (shape.rows * shape.columns);
    let image = pixel / (shape.rows * shape.columns);
    let tap = term / shape.inputs;
    // Above the map and left of it these wrap around, to numbers beyond its other edges.
    let row = here / shape.columns * shape.stride_rows + tap / shape.kernel_columns - shape.top;
    let column = here % shape.columns * shape.stride_columns + tap % shape.kernel_columns - shape.left;
    if (row >= shape.height || column >= shape.width) {
        return 0.0;
    }
    return x[((image * shape.height + row) * shape.width + column) * shape.inputs + term % shape.inputs];
}

// The gradient by the output that saw a place of the map through a tap; 0 where none did.
fn g_of(place: u32, term: u32) -> f32 {
    let here = place % (shape.height * shape.width);
    let image = place / (shape.height * shape.width);
    let tap = term / shape.outputs;
    let down = here / shape.width + shape.top - tap / shape.kernel_columns;
    let along = here % shape.width + shape.left - tap % shape.kernel_columns;
    let row = down / shape.stride_rows;
    let column = along / shape.stride_columns;
    let is_between = down % shape.stride_rows != 0 || along % shape.stride_columns != 0;
    if (row >= shape.rows || column >= shape.columns || is_between) {
        return 0.0;
    }
    return g[((image * shape.rows + row) * shape.columns + column) * shape.outputs + term % shape.outputs];
}
