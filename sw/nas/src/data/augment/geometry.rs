//! Effects that move pixels: each new pixel is the old one at the place that it comes from, black where there is none.

use super::Picture;

/// Fraction bits of places, as Pillow reckons with them.
const FRACTION: u32 = 16;

/// A new pixel at column `x`, row `y` comes from column `a x + b y + c` and row `d x + e y + f`.
pub fn moved(picture: &Picture, [a, b, c, d, e, f]: [f64; 6]) -> Picture {
    let [height, width, channels] = picture.shape;
    let fixed = |number: f64| (number * f64::from(1 << FRACTION) + 0.5).floor() as i64;
    let middle = |along: f64, across: f64, start: f64| fixed(start + along * 0.5 + across * 0.5);
    let (from_x, from_y) = (middle(a, b, c), middle(d, e, f));
    let [a, b, d, e] = [a, b, d, e].map(fixed);
    let mut pixels = Vec::with_capacity(picture.pixels.len());
    for y in 0..height as i64 {
        for x in 0..width as i64 {
            let column = (from_x + a * x + b * y) >> FRACTION;
            let row = (from_y + d * x + e * y) >> FRACTION;
            if (0..width as i64).contains(&column) && (0..height as i64).contains(&row) {
                let place = (row as usize * width + column as usize) * channels;
                pixels.extend_from_slice(&picture.pixels[place..][..channels]);
            } else {
                pixels.resize(pixels.len() + channels, 0);
            }
        }
    }
    Picture { shape: picture.shape, pixels }
}

/// Turned around the middle, by so many degrees against the clock.
pub fn rotated(picture: &Picture, degrees: f64) -> Picture {
    let [height, width, _] = picture.shape;
    let (sin, cos) = (-degrees.to_radians()).sin_cos();
    let (x, y) = (width as f64 / 2.0, height as f64 / 2.0);
    moved(picture, [cos, sin, x - cos * x - sin * y, -sin, cos, y + sin * x - cos * y])
}
