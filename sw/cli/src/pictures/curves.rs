//! Curves over the epochs of a run.

use super::{wrong, Wrong, COLOURS};
use plotters::prelude::*;

/// A line of a picture.
pub struct Curve {
    /// For the legend.
    pub name: &'static str,
    /// Epoch, from 1, and value.
    pub points: Vec<(f64, f64)>,
}

impl Curve {
    /// A value an epoch; epochs without one are left out.
    pub fn new(name: &'static str, values: impl Iterator<Item = Option<f64>>) -> Curve {
        let points = values.enumerate().filter_map(|(i, value)| Some((i as f64 + 1.0, value?)));
        Curve { name, points: points.collect() }
    }
}

/// One panel a group of curves, side by side, with its title.
pub fn curves(panels: &[(&str, Vec<Curve>)]) -> Result<String, Wrong> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (480 * panels.len() as u32, 360)).into_drawing_area();
        area.fill(&WHITE).map_err(wrong)?;
        for (area, (title, curves)) in area.split_evenly((1, panels.len())).iter().zip(panels) {
            panel(area, title, curves)?;
        }
        area.present().map_err(wrong)?;
    }
    Ok(svg)
}

/// Whether the first curve ends higher than it begins, so that the corner below its end is free.
fn rises(curves: &[Curve]) -> bool {
    let points = curves.first().map(|curve| &curve.points[..]).unwrap_or_default();
    matches!(points, [first, .., last] if last.1 > first.1)
}

fn panel<'a>(
    area: &DrawingArea<SVGBackend<'a>, plotters::coord::Shift>,
    title: &str,
    curves: &[Curve],
) -> Result<(), Wrong> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let last = points().map(|point| point.0).fold(2.0, f64::max);
    let least = points().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let most = points().map(|point| point.1).fold(f64::NEG_INFINITY, f64::max);
    let margin = 0.05 * (most - least).max(1e-3 * most.abs()).max(1e-9);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(64)
        .build_cartesian_2d(1.0..last, least - margin..most + margin)
        .map_err(wrong)?;
    chart.configure_mesh().light_line_style(TRANSPARENT).x_desc("epoch").draw().map_err(wrong)?;
    for (curve, colour) in curves.iter().zip(COLOURS) {
        let line = LineSeries::new(curve.points.iter().copied(), colour.stroke_width(2));
        let series = chart.draw_series(line).map_err(wrong)?.label(curve.name);
        series.legend(move |(x, y)| PathElement::new([(x, y), (x + 16, y)], colour.stroke_width(2)));
    }
    let corner =
        if rises(curves) { SeriesLabelPosition::LowerRight } else { SeriesLabelPosition::UpperRight };
    let mut legend = chart.configure_series_labels();
    legend.position(corner).background_style(WHITE.mix(0.8)).draw().map_err(wrong)
}
