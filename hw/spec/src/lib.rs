//! The contract between hardware and software: pure values, no hardware, no files.
//!
//! * [`accelerator`]: the machine as checked numbers; [`config`] reads them from YAML.
//! * [`op`]: what a PE computes, written once.
//! * [`isa`], [`nest`], [`program`]: what the machine is told.
//! * [`counters`]: what a chunk counts while it runs.
//! * [`error`], [`yaml`]: how every stage reads text and reports what is wrong with it.
//! * [`random`]: seeded random machines, for fuzzing.
//! * [`timing`]: latencies that hardware and event model share.

pub mod accelerator;
pub mod config;
pub mod counters;
pub mod error;
pub mod isa;
pub mod nest;
pub mod op;
pub mod program;
pub mod random;
pub mod timing;
pub mod yaml;
