//! The command line: what can be said, and who does it.

mod build_cache;
mod cache;
mod options;
mod sbom;
mod sign;
pub mod ui;
mod verify;
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
        Command::BuildCache { action } => build_cache::command(*action),
        Command::Inspect {
            file,
            json,
            provenance: false,
        } => view::inspect(file, *json),
        Command::Inspect { file, json, .. } => view::provenance(file, *json),
        Command::Verify(options) => verify::command(options),
        Command::Sign(options) => sign::command(options),
        Command::Keygen(options) => sign::keygen(options),
        Command::Sbom(options) => sbom::command(options),
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
