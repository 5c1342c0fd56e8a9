//! The choice of a search as a map: a row a block, a column a candidate, the darker the likelier.

use super::{wrong, Wrong};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

const CELL: i32 = 34;
const LEFT: i32 = 52;
const TOP: i32 = 110;

/// `rows` are blocks: what each is called, and the probability of each of `columns` there, where it may stand.
pub fn heat(columns: &[String], rows: &[(String, Vec<Option<f64>>)]) -> Result<String, Wrong> {
    let size = (LEFT + CELL * columns.len() as i32 + 12, TOP + CELL * rows.len() as i32 + 12);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (size.0 as u32, size.1 as u32)).into_drawing_area();
        area.fill(&WHITE).map_err(wrong)?;
        let font = ("sans-serif", 13).into_font();
        let upright = font.transform(FontTransform::Rotate270).color(&BLACK);
        for (i, column) in columns.iter().enumerate() {
            let at = (LEFT + CELL * i as i32 + CELL / 2, TOP - 6);
            let style = upright.pos(Pos::new(HPos::Left, VPos::Center));
            area.draw(&Text::new(column.clone(), at, style)).map_err(wrong)?;
        }
        for (row, (name, shares)) in rows.iter().enumerate() {
            let top = TOP + CELL * row as i32;
            let style = font.color(&BLACK).pos(Pos::new(HPos::Right, VPos::Center));
            area.draw(&Text::new(name.clone(), (LEFT - 6, top + CELL / 2), style)).map_err(wrong)?;
            for (column, share) in shares.iter().enumerate() {
                let Some(share) = share else { continue };
                let left = LEFT + CELL * column as i32;
                let cell = [(left, top), (left + CELL - 1, top + CELL - 1)];
                area.draw(&Rectangle::new(cell, shade(*share).filled())).map_err(wrong)?;
                let ink = if *share > 0.5 { WHITE } else { BLACK };
                let style =
                    ("sans-serif", 11).into_font().color(&ink).pos(Pos::new(HPos::Center, VPos::Center));
                let text = format!("{:.0}", 100.0 * share);
                area.draw(&Text::new(text, (left + CELL / 2, top + CELL / 2), style)).map_err(wrong)?;
            }
        }
        area.present().map_err(wrong)?;
    }
    Ok(svg)
}

/// From near white to dark blue. The root shows what lies near 0, where most candidates end.
fn shade(share: f64) -> RGBColor {
    let depth = share.clamp(0.0, 1.0).sqrt();
    let [red, green, blue] = [(240.0, 8.0), (246.0, 48.0), (252.0, 107.0)]
        .map(|(light, dark): (f64, f64)| (light + (dark - light) * depth).round() as u8);
    RGBColor(red, green, blue)
}
