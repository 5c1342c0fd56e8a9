//! A mapping as a picture: what lies on the array, and the nest with the memory that each loop takes an operand from.

use super::{wrong, Wrong, COLOURS};
use mapper::mapping::{Hold, Loop};
use mapper::text::Named;
use mapper::unroll::{Axis, Factor};
use mapper::Mapping;
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use spec::accelerator::Chunk;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Pixels of the array's longer side.
const ARRAY: i32 = 300;
/// Room for labels at the left of the array and above it.
const LABELS: i32 = 72;
/// From one label to the next, at least.
const LABEL: i32 = 13;
/// Where the nest begins, its widths and heights.
const NEST: i32 = LABELS + ARRAY + 60;
const NAME: i32 = 150;
const CELL: (i32, i32) = (84, 22);
const TOP: i32 = 34;
const WIDTH: i32 = NEST + NAME + 3 * CELL.0 + 12;

/// Where an operand comes from, as it is drawn.
const PLACES: [(&str, RGBColor); 3] =
    [("register file", COLOURS[2]), ("buffer", COLOURS[0]), ("DRAM", COLOURS[1])];

/// `named` on `chunk`.
pub fn mapping(named: &Named, chunk: &Chunk) -> Result<String, Wrong> {
    let mapping = &named.mapping;
    let rows = mapping.outer.len() + mapping.loops.len() + 2;
    let nest = TOP + CELL.1 * (rows as i32 + 2) + 30;
    let size = (WIDTH as u32, nest.max(TOP + LABELS + ARRAY + 30) as u32);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        area.fill(&WHITE).map_err(wrong)?;
        let title = format!("{} on the {}: {mapping}", named.layer, named.chunk);
        write(&area, &title, (10, 8), &left(13))?;
        array(&area, mapping, chunk)?;
        self::nest(&area, mapping)?;
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
        let fill = if works { COLOURS[2].mix(0.55) } else { BLACK.mix(0.06) };
        area.draw(&Rectangle::new(cell, fill.filled())).map_err(wrong)?;
    }
    let apart = (LABEL + pe - 1) / pe;
    for row in (0..rows.pes()).step_by(apart as usize) {
        let at = (origin.0 - 5, origin.1 + pe * row as i32 + pe / 2);
        write(area, &along(rows, row), at, &style(11, HPos::Right))?;
    }
    let upright = ("sans-serif", 11).into_font().transform(FontTransform::Rotate270).color(&BLACK);
    let upright = upright.pos(Pos::new(HPos::Left, VPos::Center));
    for col in (0..cols.pes()).step_by(apart as usize) {
        write(area, &along(cols, col), (origin.0 + pe * col as i32 + pe / 2, origin.1 - 5), &upright)?;
    }
    let below = origin.1 + pe * chunk.rows as i32 + 6;
    let block = match mapping.unroll.block {
        1 => String::new(),
        block => format!("; a PE has {block} neighbours along OX"),
    };
    let text = format!("rows {rows}, columns {cols}, of {} x {} PEs{block}", chunk.rows, chunk.cols);
    write(area, &text, (origin.0, below), &left(11))
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

/// The loops from the outside to the inside, with the place where each operand is while a loop runs.
fn nest(area: &Area, mapping: &Mapping) -> Result<(), Wrong> {
    let operands = [("inputs", mapping.x), ("weights", mapping.w), ("sums", mapping.a)];
    for (column, (name, hold)) in operands.iter().enumerate() {
        let at = (NEST + NAME + CELL.0 * column as i32 + CELL.0 / 2, TOP + CELL.1 / 2);
        write(area, name, at, &style(12, HPos::Center))?;
        let is_rolling = mapping.rolls && column == 0;
        let kind = if is_rolling { "rolling " } else { "" };
        let slots = format!("{} {kind}tile{}", hold.slots, if hold.slots == 1 { "" } else { "s" });
        write(area, &slots, (at.0, at.1 + CELL.1), &style(11, HPos::Center))?;
    }
    let mut row = 2;
    let mut indent = 0;
    let mut draw = |name: String, places: Option<[usize; 3]>| -> Result<(), Wrong> {
        let top = TOP + CELL.1 * row;
        write(area, &name, (NEST + 7 * indent, top + CELL.1 / 2), &style(12, HPos::Left))?;
        for (column, place) in places.iter().flatten().enumerate() {
            let corner = (NEST + NAME + CELL.0 * column as i32, top);
            let cell = [corner, (corner.0 + CELL.0 - 2, corner.1 + CELL.1 - 2)];
            area.draw(&Rectangle::new(cell, PLACES[*place].1.mix(0.6).filled())).map_err(wrong)?;
        }
        (row, indent) = (row + 1, indent + 1);
        Ok(())
    };
    let holds = operands.map(|(_, hold)| hold);
    let named = |l: &Loop| format!("for {} in 0..{}", l.dim.name().to_lowercase(), l.bound);
    for (index, l) in mapping.outer.iter().enumerate().rev() {
        draw(named(l), Some(holds.map(|hold: Hold| if index < hold.buffer { 1 } else { 2 })))?;
    }
    draw("one EXEC".to_string(), None)?;
    for (index, l) in mapping.loops.iter().enumerate().rev() {
        draw(named(l), Some(holds.map(|hold: Hold| usize::from(index >= hold.level))))?;
    }
    draw("all PEs at once".to_string(), None)?;
    let top = TOP + CELL.1 * row + 8;
    write(area, "a step takes the next tile from", (NEST, top + 7), &style(11, HPos::Left))?;
    for (place, (name, colour)) in PLACES.iter().enumerate() {
        let corner = (NEST + NAME + CELL.0 * place as i32, top);
        let mark = [corner, (corner.0 + 12, corner.1 + 12)];
        area.draw(&Rectangle::new(mark, colour.mix(0.6).filled())).map_err(wrong)?;
        write(area, name, (corner.0 + 16, corner.1 + 7), &style(11, HPos::Left))?;
    }
    Ok(())
}

fn write(area: &Area, text: &str, at: (i32, i32), style: &TextStyle) -> Result<(), Wrong> {
    area.draw(&Text::new(text.to_string(), at, style.clone())).map_err(wrong)
}

/// Text that begins at its upper left corner.
fn left(size: i32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(HPos::Left, VPos::Top))
}

/// Text in the middle of a line.
fn style(size: i32, at: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(at, VPos::Center))
}
