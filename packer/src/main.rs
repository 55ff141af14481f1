//! The command's entry: a switch.

use std::process::ExitCode;

fn main() -> ExitCode {
    pyship::cli::main()
}
