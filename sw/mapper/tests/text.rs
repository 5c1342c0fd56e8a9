//! Mappings as files: what is written is read again, and what is wrong is named.

use mapper::check::faults;
use mapper::energy::{of_exec, Objective};
use mapper::mapping::{Hold, Loop};
use mapper::search::{search, Found};
use mapper::text::{parse, print, Named};
use mapper::tiling::Capacity;
use mapper::unroll::{Axis, Unroll};
use mapper::work::{Dim, Sizes, Work};
use mapper::Mapping;
use spec::accelerator::Accelerator;

/// Sizes G K C OY OX FY FX, and the stride.
const WORKS: &[([u32; 7], u32)] = &[
    ([1, 64, 64, 14, 14, 3, 3], 1),
    ([1, 17, 5, 9, 7, 5, 1], 2),
    ([1, 192, 32, 14, 14, 1, 1], 1),
    ([2, 8, 8, 6, 6, 3, 3], 1),
    ([96, 1, 1, 14, 14, 3, 3], 2),
    ([1, 100, 512, 1, 1, 1, 1], 1),
];

fn edge() -> (Accelerator, Capacity) {
    let text = include_str!("../../../hw/configs/edge.yaml");
    let accelerator = spec::config::parse("edge.yaml", text).expect("the committed configuration is legal");
    let parameter_rows = accelerator.chunks[0].post_rows;
    let [inputs, outputs, weights] = [65_536; 3];
    let capacity = Capacity { inputs, outputs, weights, residuals: 0, parameters: 16_384, parameter_rows };
    (accelerator, capacity)
}

fn found(objective: Objective) -> Vec<Found> {
    let (accelerator, capacity) = edge();
    let one = |(size, stride): &([u32; 7], u32)| {
        let input = [size[3] * stride, size[4] * stride];
        let padding = [(size[5] - 1) / 2, (size[6] - 1) / 2];
        let work = Work { size: Sizes(*size), stride: [*stride; 2], padding, input, residual: false };
        search(&accelerator, &accelerator.chunks[0], &work, &capacity, objective).expect("the layer fits")
    };
    WORKS.iter().map(one).collect()
}

fn named(found: &[Found]) -> Vec<Named> {
    let name = |(i, found): (usize, &Found)| Named {
        layer: format!("layer{i}"),
        chunk: "clp".to_string(),
        mapping: found.mapping.clone(),
    };
    found.iter().enumerate().map(name).collect()
}

#[test]
fn what_is_written_is_read() {
    let mappings = named(&found(Objective::Latency));
    let text = print(&mappings);
    assert_eq!(parse("m.yaml", &text), Ok(mappings), "{text}");
}

#[test]
fn the_objective_decides() {
    let (accelerator, capacity) = edge();
    let chunk = &accelerator.chunks[0];
    let [latency, energy, edp] = [Objective::Latency, Objective::Energy, Objective::Edp].map(found);
    let picojoules = |found: &Found| of_exec(&accelerator, chunk, &found.mapping);
    for ((fast, frugal), both) in latency.iter().zip(&energy).zip(&edp) {
        assert!(fast.total <= frugal.total.min(both.total), "{}", fast.mapping);
        // Several parts move something as well.
        if [fast, frugal, both].iter().all(|found| found.mapping.parts() == 1) {
            assert!(frugal.energy <= picojoules(fast), "{}\n{}", frugal.mapping, fast.mapping);
            assert_eq!(both.energy, picojoules(both));
        }
        let faults = |mapping: &Mapping| faults(mapping, &accelerator, chunk, &capacity);
        assert_eq!((faults(&frugal.mapping), faults(&both.mapping)), (vec![], vec![]));
    }
    let differ = latency.iter().zip(&energy).filter(|(fast, frugal)| fast.mapping != frugal.mapping).count();
    assert!(differ > 0, "some layer is faster otherwise than it is frugal");
}

#[test]
fn what_is_illegal_is_named() {
    let (accelerator, capacity) = edge();
    let good = found(Objective::Latency)[0].mapping.clone();
    let faults = |change: fn(&mut Mapping)| {
        let mut mapping = good.clone();
        change(&mut mapping);
        faults(&mapping, &accelerator, &accelerator.chunks[0], &capacity).join("; ")
    };
    assert_eq!(faults(|_| {}), "");
    for (change, expected) in [
        ((|m| m.loops[0].bound -= 1) as fn(&mut Mapping), "cover"),
        (
            |m| m.loops.iter_mut().filter(|l| l.dim == Dim::K).for_each(|l| l.bound += 1),
            "the loops over K run",
        ),
        (|m| m.x.slots = 60_000, "input_rf"),
        (|m| m.unroll.block = 0, "a block has no output column"),
        (|m| m.unroll.block = 9, "a block has 9 output columns, a tile of inputs serves "),
        (|m| m.rolls = true, "inputs do not roll: "),
        (|m| m.clears = true, "entries of padding are not cleared once: "),
        (|m| m.w.level = 99, "a level beyond the loops"),
        (|m| m.unroll.cols = Axis::of(&[(Dim::K, 77)]), "[K77] takes 77 columns of the array, it has 8"),
        (|m| m.unroll.rows = Axis::of(&[(Dim::G, 2)]), "G2 lies along the rows, the layer has 1"),
        (|m| m.unroll.beats.inputs = 3, "its beats are {inputs: 3, "),
        (|m| m.a.level = 0, "its beats are {inputs: "),
        (|m| m.tile[Dim::C] = 1, "the outer loops over C cover 1 of "),
        (|m| m.outer = vec![Loop { dim: Dim::FX, bound: 4 }], "the outer loops over FX run 4 times, 1 times"),
        (|m| m.loops.iter_mut().for_each(|l| l.bound = 60_000), "times, "),
    ] {
        let text = faults(change);
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// What the fields of the hardware cannot say, in layers that are large enough.
#[test]
fn what_leaves_a_field_is_named() {
    let (accelerator, capacity) = edge();
    let chunk = &accelerator.chunks[0];
    let faults = |size: [u32; 7], rows: &[(Dim, u32)], cols: &[(Dim, u32)]| {
        let work = Work {
            size: Sizes(size),
            stride: [1; 2],
            padding: [0; 2],
            input: [size[3] + size[5] - 1, size[4] + size[6] - 1],
            residual: false,
        };
        let unroll = Unroll::new(chunk, 16, &work, Axis::of(rows), Axis::of(cols));
        let rounds = |dim: Dim| Loop { dim, bound: size[dim as usize].div_ceil(unroll.size(dim)) };
        let loops: Vec<Loop> = Dim::ALL.map(rounds).into_iter().filter(|l| l.bound > 1).collect();
        let hold = Hold { level: loops.len(), slots: 1, buffer: 0 };
        let mapping = Mapping {
            unroll,
            layer: work,
            tile: work.size,
            outer: vec![],
            loops,
            x: hold,
            w: hold,
            a: hold,
            rolls: false,
            clears: false,
        };
        mapper::check::faults(&mapping, &accelerator, chunk, &capacity).join("; ")
    };
    for (text, expected) in [
        (
            faults([1, 1, 1, 1, 40_000, 1, 1], &[], &[]),
            "the loops over OX end at 40,000, coordinates at 32,767",
        ),
        (
            faults([1, 1, 1, 1, 1, 300, 1], &[(Dim::FY, 8)], &[]),
            "FY of 304 does not lie on the array, at most 255 do",
        ),
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn what_is_malformed_is_named() {
    let good = print(&named(&found(Objective::Latency))[..1]);
    for (from, to, message) in [
        ("nasa-mapping/3", "nasa-mapping/9", "unknown format"),
        ("rows: [", "rows: [Q2, ", "`Q2` is no loop"),
        ("cols: [", "cols: [K65535, C65535, ", "the cols have too many steps"),
        ("loops: [", "loops: [OX0, ", "`OX0` is no loop"),
        ("loops: [", "loops: [Q3, ", "`Q3` is no loop"),
        ("loops: [", "loops: [K65535, C65535, ", "the loops have too many steps"),
        ("slots: ", "slotz: ", "unknown key `slotz`"),
        ("residual: false", "residual: 0", "`residual` must be true or false"),
        ("stride: [1, 1]", "stride: [0, 1]", "`stride` must be between 1 and"),
        ("  chunk: clp\n", "", "a layer has no `chunk`"),
    ] {
        let text = good.replacen(from, to, 1);
        assert_ne!(text, good, "{from}");
        let report = parse("m.yaml", &text).err().map(|report| report.to_string()).unwrap_or_default();
        assert!(report.contains(message), "{message}: {report}");
    }
    for end in 0..good.len() - 1 {
        if let Ok(mappings) = parse("m.yaml", &good[..end]) {
            // A file may end behind a whole line; then the last number was cut, or nothing was.
            assert!(good[end..].trim().len() <= 2 || mappings.is_empty(), "{}", &good[..end]);
        }
    }
}
