// dx[place][in] = sum over taps and outputs of g(place, tap, out) * clamp(w[tap][in][out] - x[place][in], -1, 1)

const LEFT_BY_TERMS: bool = true;
const RIGHT_BY_TERMS: bool = true;

fn lines() -> u32 { return places(); }
fn width() -> u32 { return shape.inputs; }
fn terms() -> u32 { return taps() * shape.outputs; }

fn left(place: u32, term: u32) -> f32 { return g_of(place, term); }
fn right(term: u32, in: u32) -> f32 {
    return w[(term / shape.outputs * shape.inputs + in) * shape.outputs + term % shape.outputs];
}
fn beside(place: u32, in: u32) -> f32 { return x[place * shape.inputs + in]; }

fn add(sum: f32, g: f32, w: f32, x: f32) -> f32 { return sum + g * clamp(w - x, -1.0, 1.0); }
