// results[part][line][column] = sum over the part's terms of add(sum, left(line, term), right(term, column), beside(line, column))
//
// A workgroup computes a tile of SIDE x SIDE results (`pass.rs` says how many), a thread EACH x EACH of them, ACROSS apart in
// both directions, DEPTH terms at a time, whose numbers are then in the workgroup's memory. Beyond the last term both
// numbers are 0, with which every `add` adds 0. A thread adds the terms of its results in their order.

const EACH: u32 = 4;
const ACROSS: u32 = SIDE / EACH;
const THREADS: u32 = ACROSS * ACROSS;

// A line is two numbers longer than a tile is wide: threads that fill columns, two terms to a warp, then write to different banks.
var<workgroup> lefts: array<array<f32, SIDE + 2>, DEPTH>;
var<workgroup> rights: array<array<f32, SIDE + 2>, DEPTH>;

// The place in a tile, across and in depth, that the i-th read fills: neighbours read what lies side by side.
fn spot(i: u32, by_terms: bool) -> vec2<u32> {
    return select(vec2(i % SIDE, i / SIDE), vec2(i / DEPTH, i % DEPTH), by_terms);
}

@compute @workgroup_size(THREADS)
fn sweep(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let corner = group.xy * SIDE;
    let mine = vec2(thread / ACROSS, thread % ACROSS);
    var besides: array<array<f32, EACH>, EACH>;
    for (var a = 0u; a < EACH; a++) {
        for (var b = 0u; b < EACH; b++) {
            let at = corner + mine + ACROSS * vec2(a, b);
            if (at.x < lines() && at.y < width()) {
                besides[a][b] = beside(at.x, at.y);
            }
        }
    }
    let end = min(terms(), (group.z + 1) * shape.part);
    var totals: array<array<f32, EACH>, EACH>;
    for (var first = group.z * shape.part; first < end; first += DEPTH) {
        for (var i = thread; i < SIDE * DEPTH; i += THREADS) {
            let by_line = spot(i, LEFT_BY_TERMS);
            let line = corner.x + by_line.x;
            var number = 0.0;
            if (line < lines() && first + by_line.y < end) {
                number = left(line, first + by_line.y);
            }
            lefts[by_line.y][by_line.x] = number;
            let by_column = spot(i, RIGHT_BY_TERMS);
            let column = corner.y + by_column.x;
            number = 0.0;
            if (column < width() && first + by_column.y < end) {
                number = right(first + by_column.y, column);
            }
            rights[by_column.y][by_column.x] = number;
        }
        workgroupBarrier();
        for (var k = 0u; k < DEPTH; k++) {
            for (var a = 0u; a < EACH; a++) {
                let number = lefts[k][mine.x + ACROSS * a];
                for (var b = 0u; b < EACH; b++) {
                    totals[a][b] = add(totals[a][b], number, rights[k][mine.y + ACROSS * b], besides[a][b]);
                }
            }
        }
        workgroupBarrier();
    }
    for (var a = 0u; a < EACH; a++) {
        for (var b = 0u; b < EACH; b++) {
            let at = corner + mine + ACROSS * vec2(a, b);
            if (at.x < lines() && at.y < width()) {
                results[(group.z * lines() + at.x) * width() + at.y] = totals[a][b];
            }
        }
    }
}
