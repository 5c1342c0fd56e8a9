//! Small modules that most designs need. Each is one file and one function that gives the module for the widths
//! and depths asked for; a `valid`/`ready` pair hands over where both are high at a clock edge.

mod arbiter;
mod counter;
mod fifo;
mod ram;
mod skid;

pub use arbiter::arbiter;
pub use counter::counter;
pub use fifo::fifo;
pub use ram::ram;
pub use skid::skid;
