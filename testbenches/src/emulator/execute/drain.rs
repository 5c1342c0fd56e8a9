//! The drain: a tile of partial sums leaves the array, is added up over beats and with what was stored, and becomes results or is
//! stored again.

use super::{Port, Run};
use num::requant::{requant, Channel};
use spec::isa::table::{BUFFER_BITS, FLAG_PASS, FLAG_REDUCE, FLAG_TILE, PARAMETER_BYTES, SUM_BYTES};

impl Run<'_> {
    /// Drains tile `tile`.
    pub(super) fn drain(&mut self, tile: i64) -> Result<(), String> {
        let slot = tile % self.get("a_slots") * self.get("a_tile");
        loop {
            self.drain_beat(slot)?;
            if self.drain.advance() & FLAG_TILE != 0 {
                return Ok(());
            }
        }
    }

    fn drain_beat(&mut self, slot: i64) -> Result<(), String> {
        let walk = &self.drain;
        let (is_first, is_last) = (walk.is_first(FLAG_REDUCE), walk.is_last(FLAG_REDUCE));
        let goes_on = self.get("s_read") == 1 || !walk.is_first(FLAG_PASS);
        let stays = self.get("s_write") == 1 || !walk.is_last(FLAG_PASS);
        let [acc, line, lane, y_addr, r_addr, param] =
            ["acc", "line", "lane", "y_addr", "r_addr", "param"].map(|name| walk.get(name));
        let [k, x, y, g] = ["k", "x", "y", "g"].map(|name| walk.get(name));
        let lanes = self.get("d_lanes").min(self.get("d_channels") - k);
        let limits = [(x, "d_width"), (y, "d_height"), (g, "d_groups")];
        let inside = limits.iter().all(|(at, limit)| (0..self.get(limit)).contains(at));
        if lanes <= 0 || !inside {
            return Ok(());
        }
        let stored_at = self.get("s_base") + i64::from(SUM_BYTES) * y_addr;
        if is_first {
            self.sums = if goes_on { self.stored(stored_at, lanes)? } else { vec![0; lanes as usize] };
        }
        for i in 0..lanes {
            self.sums[i as usize] += self.sum(slot + acc, line, lane + i)?;
        }
        if !is_last {
            return Ok(());
        }
        if stays {
            return self.store(stored_at);
        }
        let residual = match self.get("residual") {
            0 => vec![0; lanes as usize],
            _ => self.read(Port::R, self.get("r_base") + r_addr, lanes)?,
        };
        for (i, residual) in (0..).zip(residual) {
            let result = self.requantise(self.sums[i as usize], i64::from(residual as i8), [param, i])?;
            let address = (self.get("y_base") + y_addr + i).rem_euclid(1 << BUFFER_BITS);
            self.effects.buffer.push((address as usize, result as u8));
        }
        Ok(())
    }

    /// The sums that are stored at an address; what this launch wrote there last is what they are.
    fn stored(&mut self, address: i64, lanes: i64) -> Result<Vec<i64>, String> {
        let bytes = self.read(Port::R, address, lanes * i64::from(SUM_BYTES))?;
        let address = address.rem_euclid(1 << BUFFER_BITS) as usize;
        let known = |i: &usize| self.stored.contains_key(&(address + i));
        if self.get("s_read") == 0 && !(0..bytes.len()).all(|i| known(&i)) {
            return Err(format!("sums at {address:#x} are read before they are written"));
        }
        let now = |i: usize| self.stored.get(&(address + i)).copied().unwrap_or(bytes[i]);
        let bytes: Vec<u8> = (0..bytes.len()).map(now).collect();
        let sums = bytes.chunks(SUM_BYTES as usize);
        Ok(sums.map(|sum| i64::from(i32::from_le_bytes(sum.try_into().expect("four bytes")))).collect())
    }

    /// Stores the sums of a beat.
    fn store(&mut self, address: i64) -> Result<(), String> {
        let line = self.accelerator.buffer.line_bytes as usize;
        let bytes: Vec<u8> = self.sums.iter().flat_map(|sum| (*sum as i32).to_le_bytes()).collect();
        if bytes.len() > line {
            return Err(format!("{} bytes of sums are more than a line", bytes.len()));
        }
        let address = address.rem_euclid(1 << BUFFER_BITS) as usize;
        for (i, byte) in bytes.into_iter().enumerate() {
            self.stored.insert(address + i, byte);
            self.effects.buffer.push((address + i, byte));
        }
        Ok(())
    }

    /// What a beat adds to a lane: of the column `line`, or of rows from `line` on.
    fn sum(&self, acc: i64, line: i64, lane: i64) -> Result<i64, String> {
        let chunk = &self.array.chunk;
        let keep = self.get("keep") == 1;
        let halves = chunk.halves();
        let limit = if keep { chunk.rows * halves } else { chunk.cols };
        let lines = if keep { chunk.cols } else { chunk.rows };
        if lane >= i64::from(limit) || line >= i64::from(lines) {
            return Err(format!("the drain reads lane {lane} of line {line}"));
        }
        let at = |row, col| self.array.entry([row, col], chunk.psum_rf, acc, "partial-sum");
        if keep {
            let (row, side) = (lane % i64::from(chunk.rows), lane / i64::from(chunk.rows));
            let column = line + side * i64::from(chunk.cols / 2);
            return Ok(self.array.psum[at(row, column)?]);
        }
        let rows = line..(line + self.get("d_rows")).min(chunk.rows.into());
        rows.map(|row| Ok(self.array.psum[at(row, lane)?])).sum()
    }

    fn requantise(&self, sum: i64, residual: i64, [row, lane]: [i64; 2]) -> Result<i64, String> {
        let lanes = i64::from(self.array.chunk.post_lanes);
        if row < 0 || row >= i64::from(self.array.chunk.post_rows) || lane >= lanes {
            return Err(format!("the drain asks for lane {lane} of parameter row {row}"));
        }
        let byte = |plane: i64| {
            self.array.parameters[((row * PARAMETER_BYTES as i64 + plane) * lanes + lane) as usize]
        };
        let number = |first: i64, count: i64| {
            let bytes = (0..count).map(|i| i64::from(byte(first + i)) << (8 * i));
            let unused = 64 - 8 * count;
            bytes.sum::<i64>() << unused >> unused
        };
        let channel = Channel {
            bias: number(0, 6),
            multiplier: number(6, 2),
            shift: number(8, 1),
            residual_multiplier: number(9, 2),
            residual_shift: number(11, 1),
        };
        Ok(requant(&sum, &residual, &channel, &self.get("lo"), &self.get("hi")))
    }
}
