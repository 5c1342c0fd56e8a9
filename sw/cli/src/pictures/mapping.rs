//! A mapping as a picture: what lies on the array, and the nest, with the memory that each loop takes an operand from. Sizes are
//! pixels; the nest takes as much room as it has loops, the array always the same.

use super::{wrong, Wrong, COLOURS};
use mapper::mapping::{Hold, Loop};
use mapper::text::Named;
use mapper::unroll::{Axis, Factor};
use mapper::Mapping;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::RGBAColor;
use spec::accelerator::Chunk;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// The array's longer side.
const ARRAY: i32 = 300;
/// Room for labels at the left of the array and above it.
const LABELS: i32 = 72;
/// From one label to the next, at least.
const LABEL: i32 = 13;
/// Below the title.
const TOP: i32 = 52;
/// Where the nest begins, behind the array.
const NEST: i32 = LABELS + ARRAY + 60;
/// A loop's cell of an operand.
const CELL: (i32, i32) = (84, 22);
/// How much further a loop is to the right than the one around it.
const INDENT: i32 = 7;

/// Where a step of a loop finds an operand, and its sums a place.
#[derive(Clone, Copy)]
enum Place {
    RegisterFile,
    Buffer,
    Dram,
}

impl Place {
    const ALL: [Place; 3] = [Place::RegisterFile, Place::Buffer, Place::Dram];

    fn name(self) -> &'static str {
        ["register file", "buffer", "DRAM"][self as usize]
    }

    fn colour(self) -> RGBAColor {
        [COLOURS[2], COLOURS[0], COLOURS[1]][self as usize].mix(0.6)
    }

    /// That of the outer loop of a number, counted from the inside.
    fn outside(hold: Hold, index: usize) -> Place {
        if index < hold.buffer {
            Place::Buffer
        } else {
            Place::Dram
        }
    }

    /// That of a loop of an `EXEC`.
    fn inside(hold: Hold, index: usize) -> Place {
        if index < hold.level {
            Place::RegisterFile
        } else {
            Place::Buffer
        }
    }
}

/// An SVG of how `chunk` computes a layer.
///
/// # Errors
/// What the drawing library says.
pub fn mapping(named: &Named, chunk: &Chunk) -> Result<String, Wrong> {
    let mapping = &named.mapping;
    // Titles of operands, an EXEC, the array, and what the colours mean.
    let rows = mapping.outer.len() + mapping.loops.len() + 5;
    let names = INDENT * rows as i32 + 90;
    let width = NEST + names + 3 * CELL.0 + 12;
    let height = TOP + (CELL.1 * rows as i32 + 12).max(LABELS + ARRAY + 30);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width as u32, height as u32)).into_drawing_area();
        area.fill(&WHITE).map_err(wrong)?;
        label(&area, &format!("{} on the {}", named.layer, named.chunk), (10, 8), &top_left(14))?;
        label(&area, &mapping.to_string(), (10, 28), &top_left(11))?;
        array(&area, mapping, chunk)?;
        nest(&area, mapping, names)?;
        area.present().map_err(wrong)?;
    }
    Ok(svg)
}

/// The PEs, and what lies along each row and column.
fn array(area: &Area, mapping: &Mapping, chunk: &Chunk) -> Result<(), Wrong> {
    let pe = ARRAY / chunk.rows.max(chunk.cols) as i32;
    let (rows, cols) = (&mapping.unroll.rows, &mapping.unroll.cols);
    let origin = (LABELS, TOP + LABELS);
    for (row, col) in (0..chunk.rows).flat_map(|row| (0..chunk.cols).map(move |col| (row, col))) {
        let corner = (origin.0 + pe * col as i32, origin.1 + pe * row as i32);
        let cell = [corner, (corner.0 + pe - 2, corner.1 + pe - 2)];
        let works = row < rows.pes() && col < cols.pes();
        let fill = if works { COLOURS[3].mix(0.45) } else { BLACK.mix(0.06) };
        area.draw(&Rectangle::new(cell, fill.filled())).map_err(wrong)?;
    }
    let apart = (LABEL + pe - 1) / pe;
    for row in (0..rows.pes()).step_by(apart as usize) {
        let at = (origin.0 - 5, origin.1 + pe * row as i32 + pe / 2);
        label(area, &along(rows, row), at, &middle(11, HPos::Right))?;
    }
    let upright = ("sans-serif", 11).into_font().transform(FontTransform::Rotate270).color(&BLACK);
    let upright = upright.pos(Pos::new(HPos::Left, VPos::Center));
    for col in (0..cols.pes()).step_by(apart as usize) {
        label(area, &along(cols, col), (origin.0 + pe * col as i32 + pe / 2, origin.1 - 5), &upright)?;
    }
    let below = origin.1 + pe * chunk.rows as i32 + 6;
    let block = match mapping.unroll.block {
        1 => String::new(),
        block => format!("; a PE has {block} neighbours along OX"),
    };
    let text = format!("rows {rows}, columns {cols}, of {} x {} PEs{block}", chunk.rows, chunk.cols);
    label(area, &text, (origin.0, below), &top_left(11))
}

/// What a row or a column has: the value of each factor, the innermost first.
fn along(axis: &Axis, pe: u32) -> String {
    let mut rest = pe;
    let digit = |factor: &Factor| {
        let value = rest % factor.size;
        rest /= factor.size;
        format!("{}{value}", factor.dim.name().to_lowercase())
    };
    axis.0.iter().map(digit).collect::<Vec<_>>().join(" ")
}

/// The loops from the outside to the inside, in `names` pixels, with the place where each operand is while a loop runs.
fn nest(area: &Area, mapping: &Mapping, names: i32) -> Result<(), Wrong> {
    let operands = [("inputs", mapping.x), ("weights", mapping.w), ("sums", mapping.a)];
    for (column, (name, hold)) in operands.iter().enumerate() {
        let at = (NEST + names + CELL.0 * column as i32 + CELL.0 / 2, TOP + CELL.1 / 2);
        label(area, name, at, &middle(12, HPos::Center))?;
        let kind = if mapping.rolls && column == 0 { "rolling " } else { "" };
        let slots = format!("{} {kind}tile{}", hold.slots, if hold.slots == 1 { "" } else { "s" });
        label(area, &slots, (at.0, at.1 + CELL.1), &middle(11, HPos::Center))?;
    }
    let holds = operands.map(|(_, hold)| hold);
    let named = |l: &Loop| format!("for {} in 0..{}", l.dim.name().to_lowercase(), l.bound);
    let outer = mapping.outer.iter().enumerate().rev();
    let outer = outer.map(|(i, l)| (named(l), Some(holds.map(|hold| Place::outside(hold, i)))));
    let inner = mapping.loops.iter().enumerate().rev();
    let inner = inner.map(|(i, l)| (named(l), Some(holds.map(|hold| Place::inside(hold, i)))));
    let all = outer.chain([("one EXEC".to_string(), None)]).chain(inner);
    let mut top = TOP + 2 * CELL.1;
    for (depth, (name, places)) in (0..).zip(all.chain([("all PEs at once".to_string(), None)])) {
        label(area, &name, (NEST + INDENT * depth, top + CELL.1 / 2), &middle(12, HPos::Left))?;
        for (column, place) in (0..).zip(places.iter().flatten()) {
            let corner = (NEST + names + CELL.0 * column, top);
            let cell = [corner, (corner.0 + CELL.0 - 2, corner.1 + CELL.1 - 2)];
            area.draw(&Rectangle::new(cell, place.colour().filled())).map_err(wrong)?;
        }
        top += CELL.1;
    }
    let legend = top + 8;
    label(area, "the next tile is in the", (NEST, legend + 7), &middle(11, HPos::Left))?;
    for (column, place) in (0..).zip(Place::ALL) {
        let corner = (NEST + names + CELL.0 * column, legend);
        let mark = [corner, (corner.0 + 12, corner.1 + 12)];
        area.draw(&Rectangle::new(mark, place.colour().filled())).map_err(wrong)?;
        label(area, place.name(), (corner.0 + 16, corner.1 + 7), &middle(11, HPos::Left))?;
    }
    Ok(())
}

fn label(area: &Area, text: &str, at: (i32, i32), style: &TextStyle) -> Result<(), Wrong> {
    area.draw(&Text::new(text.to_string(), at, style.clone())).map_err(wrong)
}

/// Text whose upper left corner is where it is put.
fn top_left(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Top))
}

/// Text whose middle is at the height where it is put.
fn middle(size: i32, at: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(at, VPos::Center))
}
