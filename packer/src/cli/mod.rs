//! The command line: what can be said, and who does it.

mod cache;
mod options;
pub mod ui;
mod view;

use std::process::ExitCode;

use clap::Parser;

use options::{Cli, Command};
pub use options::{LibcOption, PackOptions};

/// Runs the command; the one place that turns an error into words and an exit code.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match &cli.command {
        Command::Pack(options) => crate::pack::command(options),
        Command::Inspect { file, json } => view::inspect(file, *json),
        Command::Verify { file, json } => view::verify(file, *json),
        Command::Targets { json } => view::targets(*json),
        Command::Cache(options) => cache::command(options),
        Command::Extract { file, directory } => view::extract(file, directory),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            ui::error(&error);
            ExitCode::FAILURE
        }
    }
}
