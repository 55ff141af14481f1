//! The command line. Each subcommand is a file with its options, its help and its function.

mod build_cache;
mod cache;
mod extract;
mod file;
mod inspect;
mod pack;
mod python;
mod sbom;
mod sign;
mod targets;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use pyship_launcher::sys;

use crate::options::PackOptions;
use crate::{interrupt, threads, ui, usage};

/// Exit code of wrong usage, as clap has it.
const WRONG_USAGE: u8 = 2;

/// Turns a Python program, its packages and its interpreter into one file that just runs.
///
/// The file needs no Python, no network, no root and no compiler where it runs: copy it there and start it.
#[derive(Debug, Parser)]
#[command(
    name = "pyship",
    bin_name = "pyship",
    version,
    propagate_version = true,
    max_term_width = 100
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Pack an app into one file
    Pack(Box<PackOptions>),
    /// Show the contents of a packed file
    Inspect(inspect::InspectOptions),
    /// Verify a file's integrity and, with --pub, its signature
    Verify(verify::VerifyOptions),
    /// Extract a file's layers into a new directory
    Extract(extract::ExtractOptions),
    /// Sign a file
    Sign(sign::SignOptions),
    /// Create a key pair for `pyship sign`
    Keygen(sign::KeygenOptions),
    /// Write a software bill of materials (CycloneDX 1.5) of a file
    Sbom(sbom::SbomOptions),
    /// List, find, download and remove interpreters
    Python(python::PythonOptions),
    /// List the supported targets
    Targets(targets::TargetsOptions),
    /// Show and prune the cache that packed files unpack to on this machine
    Cache(cache::CacheOptions),
    /// Show or clear the build cache
    BuildCache {
        #[command(subcommand)]
        action: build_cache::Action,
    },
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Runs the command; the one place that turns an error into a message and an exit code.
#[must_use]
pub fn main() -> ExitCode {
    let command = match Cli::try_parse() {
        Ok(cli) => cli.command,
        // Help and versions come this way, too: what could not be written is no success.
        Err(said) => {
            return said
                .print()
                .map_or(ExitCode::FAILURE, |()| exit_code(said.exit_code()));
        }
    };
    let _before = sys::wait_for_children();
    if let Err(error) = interrupt::handle() {
        ui::warning(&format!("signals that end the command are not handled: {error}"));
    }
    threads::share_work();
    let done = match &command {
        Command::Pack(options) => pack::command(options),
        Command::Inspect(options) => inspect::command(options),
        Command::Verify(options) => verify::command(options),
        Command::Extract(options) => extract::command(options),
        Command::Sign(options) => sign::command(options),
        Command::Keygen(options) => sign::keygen(options),
        Command::Sbom(options) => sbom::command(options),
        Command::Python(options) => python::command(options),
        Command::Targets(options) => targets::command(options),
        Command::Cache(options) => cache::command(options),
        Command::BuildCache { action } => build_cache::command(*action),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            interrupt::wait_if_received();
            ui::error(&error);
            match usage::is_wrong(&error) {
                true => ExitCode::from(WRONG_USAGE),
                false => ExitCode::FAILURE,
            }
        }
    }
}
