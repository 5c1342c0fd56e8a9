//! Small building blocks.
