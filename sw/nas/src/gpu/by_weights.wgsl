// dw[term][out] = sum over pixels of g[pixel][out] * (x(pixel, term) - w[term][out])

const LEFT_BY_TERMS: bool = false;
const RIGHT_BY_TERMS: bool = false;

fn lines() -> u32 { return taps() * shape.inputs; }
fn width() -> u32 { return shape.outputs; }
fn terms() -> u32 { return pixels(); }

fn left(term: u32, pixel: u32) -> f32 { return x_of(pixel, term); }
fn right(pixel: u32, out: u32) -> f32 { return g[pixel * shape.outputs + out]; }
fn beside(term: u32, out: u32) -> f32 { return w[term * shape.outputs + out]; }

fn add(sum: f32, x: f32, g: f32, w: f32) -> f32 { return sum + g * (x - w); }
