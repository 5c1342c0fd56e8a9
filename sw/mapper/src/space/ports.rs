//! How long the ports of the memories hold the array up. A tile may be replaced during a window of the steps that
//! it lasts; a port that needs longer stalls the array for the rest, and so does one whose transfers together need
//! longer than their windows together. Periods are products of innermost loops, so each divides the next, and
//! windows open with their periods.

/// Tiles of one operand through one port.
#[derive(Clone, Copy, Debug)]
pub struct Transfer {
    /// Cycles that the port needs for a tile.
    pub cycles: f64,
    /// Steps during which it may take them.
    pub window: f64,
    /// Steps from one tile to the next.
    pub period: f64,
    /// Tiles.
    pub runs: f64,
}

/// Transfers that share a port.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    transfers: [Transfer; MOST],
    count: usize,
}

/// Most transfers of a port: two inputs and two ways of the sums.
const MOST: usize = 4;

impl Default for Port {
    /// A port that nothing uses yet.
    fn default() -> Port {
        let nothing = Transfer { cycles: 0.0, window: 0.0, period: 1.0, runs: 0.0 };
        Port { transfers: [nothing; MOST], count: 0 }
    }
}

impl Port {
    /// Adds a user; the first tile is no matter of the steady state, so one that comes once does not count.
    pub fn add(&mut self, transfer: Transfer) {
        if transfer.runs > 1.0 {
            self.transfers[self.count] = transfer;
            self.count += 1;
        }
    }

    /// Cycles that the array waits for this port while `steps` go by.
    pub fn stall(&mut self, steps: f64) -> f64 {
        let users = &mut self.transfers[..self.count];
        let (mut late, mut asked) = (0.0, 0.0);
        for user in users.iter() {
            let repeats = user.runs - 1.0;
            late += (user.cycles - user.window).max(0.0) * repeats;
            asked += user.cycles.min(user.window) * repeats;
        }
        match users {
            [] => 0.0,
            [_] => late,
            _ => late + (asked - open(users, steps)).max(0.0),
        }
    }
}

/// Steps during which any of the windows is open.
fn open(users: &mut [Transfer], steps: f64) -> f64 {
    if users.iter().any(|user| user.window >= user.period) {
        return steps;
    }
    users.sort_unstable_by(|a, b| a.period.total_cmp(&b.period));
    covered(users, steps)
}

/// Of the first `steps`, those during which a window of `users`, in the order of their periods, is open.
fn covered(users: &[Transfer], steps: f64) -> f64 {
    let Some((slowest, others)) = users.split_last() else {
        return 0.0;
    };
    let before = covered(others, slowest.window);
    let partly = |until: f64| slowest.window + covered(others, until) - before;
    let whole = (steps / slowest.period).floor();
    let rest = steps - whole * slowest.period;
    let last = if rest <= slowest.window { rest } else { partly(rest) };
    let all = if whole > 0.0 { whole * partly(slowest.period) } else { 0.0 };
    all + last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transfer(cycles: f64, window: f64, period: f64, runs: f64) -> Transfer {
        Transfer { cycles, window, period, runs }
    }

    /// Counts the steps one by one.
    fn counted(users: &[Transfer], steps: usize) -> f64 {
        let open = |step: usize| users.iter().any(|user| (step as f64) % user.period < user.window);
        (0..steps).filter(|step| open(*step)).count() as f64
    }

    #[test]
    fn windows_that_overlap_are_counted_once() {
        for windows in [[1.0, 2.0, 5.0], [2.0, 4.0, 9.0], [3.0, 3.0, 3.0], [1.0, 11.0, 50.0]] {
            let periods = [4.0, 12.0, 60.0];
            let users: Vec<Transfer> = windows
                .iter()
                .zip(periods)
                .map(|(window, period)| transfer(0.0, *window, period, 9.0))
                .collect();
            for steps in [1, 7, 12, 59, 60, 123, 600] {
                assert_eq!(covered(&users, steps as f64), counted(&users, steps), "{windows:?} {steps}");
            }
        }
    }

    #[test]
    fn a_port_stalls_for_what_its_windows_do_not_hold() {
        let mut port = Port::default();
        assert_eq!(port.stall(100.0), 0.0);
        port.add(transfer(3.0, 2.0, 10.0, 10.0));
        assert_eq!(port.stall(100.0), 9.0);
        // Another one may use every step, and asks for more of them than there are.
        port.add(transfer(1.0, 1.0, 1.0, 100.0));
        assert_eq!(port.stall(100.0), 9.0 + (18.0 + 99.0 - 100.0));
        port.add(transfer(1e9, 1.0, 100.0, 1.0));
        assert_eq!(port.stall(100.0), 26.0, "what comes once does not stall the steady state");
    }
}
