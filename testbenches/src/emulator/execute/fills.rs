//! The fills: beats of inputs and weights, each with the PEs that take it and where in their files, tile by tile.

use super::{Fill, Port, Run};
use spec::isa::table::{COORDINATE_BITS, FLAG_TILE};

impl Run<'_> {
    /// Fills the tiles that the next step needs, or as many as there are slots for.
    pub(super) fn fill(&mut self, ahead: bool) -> Result<(), String> {
        let most = |fill: &Fill, slots: i64, least: i64| fill.used + if ahead { slots } else { least };
        let read = 1 + self.get("x_more");
        while self.input.filled < most(&self.input, self.get("x_slots"), read) && !self.input.walk.over {
            self.fill_input()?;
        }
        while self.weight.filled < most(&self.weight, self.get("w_slots"), 1) && !self.weight.walk.over {
            self.fill_weight()?;
        }
        if self.input.filled < self.input.used + read || self.weight.filled <= self.weight.used {
            return Err("the compute nest waits for a tile that a fill nest does not make".to_string());
        }
        Ok(())
    }

    fn fill_input(&mut self) -> Result<(), String> {
        let slot = self.input.filled % self.get("x_slots") * self.get("x_tile");
        loop {
            self.input_beat(slot)?;
            if self.input.walk.advance() & FLAG_TILE != 0 {
                self.input.filled += 1;
                return Ok(());
            }
        }
    }

    fn input_beat(&mut self, slot: i64) -> Result<(), String> {
        let walk = &self.input.walk;
        let [addr, rf, row, tag, y, x, c, tap] =
            ["addr", "rf", "row", "tag", "y", "x", "c", "tap"].map(|name| walk.get(name));
        let unused = 64 - COORDINATE_BITS;
        let wrapped = |value: i64| value << unused >> unused;
        let (y, x) = (wrapped(self.get("x_y") + y), wrapped(self.get("x_x") + x));
        let inside = (0..self.get("x_height")).contains(&y)
            && (0..self.get("x_width")).contains(&x)
            && (tap & 0xffff) >> 8 < self.get("x_fy")
            && tap & 0xff < self.get("x_fx");
        let [lanes, spread, channels] = ["x_lanes", "x_spread", "x_channels"].map(|name| self.get(name));
        let most = if spread == 1 { 1 } else { lanes };
        let there = if inside { (channels - c).clamp(0, most) } else { 0 };
        let bytes = match there {
            0 => vec![],
            _ => self.read(Port::X, self.get("x_base") + addr, there)?,
        };
        let chunk = self.array.chunk.clone();
        let halves = self.get("x_halves") == 1;
        for (i, row) in (0..lanes).map(|i| (i, row + i)).filter(|(_, row)| *row < i64::from(chunk.rows)) {
            for (col, tap) in self.columns("x", self.get("x_tag") + tag, self.get("x_slide") == 1) {
                let is_right = halves && 2 * col >= i64::from(chunk.cols);
                let byte = match (spread, is_right) {
                    (1, _) => 0,
                    (_, right) => i + if right { i64::from(chunk.rows) } else { 0 },
                };
                let byte = bytes.get(byte as usize).copied().unwrap_or(0);
                let entry = self.array.entry([row, col], chunk.input_rf, slot + rf + tap, "input")?;
                self.array.input[entry] = i64::from(byte as i8);
            }
        }
        Ok(())
    }

    /// The columns that take a beat with this tag, each with its tap.
    fn columns(&self, operand: &str, tag: i64, slides: bool) -> Vec<(i64, i64)> {
        let [stride, window] = ["stride", "window"].map(|name| self.get(&format!("{operand}_{name}")));
        let half = i64::from(self.array.chunk.cols / 2);
        let per_half = operand == "x" && self.get("x_halves") == 1;
        let taken = |col: i64| {
            let number = if per_half && col >= half { col - half } else { col };
            let tap = if slides { tag - number * stride } else { number * stride - tag };
            (0..window).contains(&tap).then_some((col, if slides { tap } else { 0 }))
        };
        (0..i64::from(self.array.chunk.cols)).filter_map(taken).collect()
    }

    fn fill_weight(&mut self) -> Result<(), String> {
        let slot = self.weight.filled % self.get("w_slots") * self.get("w_tile");
        loop {
            self.weight_beat(slot)?;
            if self.weight.walk.advance() & FLAG_TILE != 0 {
                self.weight.filled += 1;
                return Ok(());
            }
        }
    }

    fn weight_beat(&mut self, slot: i64) -> Result<(), String> {
        let [addr, rf, row, tag] = ["addr", "rf", "row", "tag"].map(|name| self.weight.walk.get(name));
        let (lanes, spread) = (self.get("w_lanes"), self.get("w_spread") == 1);
        let bytes = self.read(Port::W, self.get("w_base") + addr, if spread { 1 } else { lanes })?;
        let chunk = self.array.chunk.clone();
        for (i, row) in (0..lanes).map(|i| (i, row + i)).filter(|(_, row)| *row < i64::from(chunk.rows)) {
            let byte = bytes[if spread { 0 } else { i as usize }];
            for (col, _) in self.columns("w", tag, false) {
                let entry = self.array.entry([row, col], chunk.weight_rf, slot + rf, "weight")?;
                self.array.weight[entry] = i64::from(byte as i8);
            }
        }
        Ok(())
    }
}
