// y[pixel][out] = -sum over terms of |x(pixel, term) - w[term][out]|

const LEFT_BY_TERMS: bool = true;
const RIGHT_BY_TERMS: bool = false;

fn lines() -> u32 { return pixels(); }
fn width() -> u32 { return shape.outputs; }
fn terms() -> u32 { return taps() * shape.inputs; }

fn left(pixel: u32, term: u32) -> f32 { return x_of(pixel, term); }
fn right(term: u32, out: u32) -> f32 { return w[term * shape.outputs + out]; }
fn beside(pixel: u32, out: u32) -> f32 { return 0.0; }

fn add(sum: f32, x: f32, w: f32, beside: f32) -> f32 { return sum - abs(x - w); }
