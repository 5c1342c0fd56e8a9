//! A round-robin arbiter: one of several requests is granted within the cycle, and whoever was granted comes last
//! next time, so nobody waits for more than one turn of each other.
//!
//! The turn passes on only where `advance` is high; a grant may be held for a whole burst by keeping it low. The
//! path from request to grant is combinational. There are no priorities and no weights.

use std::sync::Arc;

use crate::{Builder, Errors, Module, Signal};

/// An arbiter among `count` requests.
///
/// Inputs `request` (one bit each), `advance`; outputs `grant` (one bit at most) and `any`.
#[track_caller]
pub fn arbiter(name: &str, count: u32) -> Result<Arc<Module>, Errors> {
    let b = Builder::new(name, &format!("Grants one of {count} requests in turn."));
    let request = b.input("request", count, "who wants it");
    let advance = b.input("advance", 1, "the grant was used");

    // Those above the one granted last; where none of them asks, the turn starts again at 0.
    let above = b.reg("above", request.width());
    let (early, late) = ((&request & above.q()).named("early"), request.clone());
    let grant = early.any().mux(&lowest(&early), &lowest(&late)).named("grant");
    let up_to_grant = &grant | &(&grant - 1);
    above.reset(0).enable(&(&advance & request.any())).next(&!up_to_grant);

    b.output("grant", &grant, "who gets it");
    b.output("any", &request.any(), "somebody gets it");
    b.finish()
}

/// The lowest bit that is set.
fn lowest(bits: &Signal) -> Signal {
    bits & &(!bits + 1)
}
