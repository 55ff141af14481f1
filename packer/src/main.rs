//! The command's entry: a switch.
fn main() {}
