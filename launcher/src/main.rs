//! The launcher's entry: a switch.
fn main() {}
