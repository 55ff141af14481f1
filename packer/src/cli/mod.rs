//! The command line: what can be said, and who does it.

mod build_cache;
mod cache;
mod sbom;
mod sign;
mod verify;
mod view;

use std::process::ExitCode;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use sbom::SbomOptions;
use sign::{KeygenOptions, SignOptions};
use verify::VerifyOptions;

use crate::options::PackOptions;
use crate::ui;

/// Turns a Python program, its packages and its interpreter into one file that just runs.
///
/// The file needs no Python, no network, no root and no compiler where it runs: copy it there and start it.
#[derive(Debug, Parser)]
#[command(name = "pyship", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a file from an app
    Pack(Box<PackOptions>),
    /// Show what a file holds
    Inspect {
        /// A file that pyship made
        file: PathBuf,
        /// Print JSON
        #[arg(long)]
        json: bool,
        /// Show what it was made from: options, interpreter, packages and their digests
        #[arg(long)]
        provenance: bool,
    },
    /// What packs keep for the next one: where it lies, or throw it away
    BuildCache {
        /// What to do
        #[command(subcommand)]
        action: build_cache::Action,
    },
    /// Check what a start reads of a file against its digests, and all of it against a signature
    Verify(VerifyOptions),
    /// Sign a file: with its signature and your public key anyone can tell that it is yours
    Sign(SignOptions),
    /// Make a key pair for `pyship sign`
    Keygen(KeygenOptions),
    /// List what a file holds, with licences and hashes: a CycloneDX 1.5 bill of materials
    Sbom(SbomOptions),
    /// List the machines that files can be made for
    Targets {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Unpack a file's layers into a new directory
    Extract {
        /// A file that pyship made
        file: PathBuf,
        /// Made by this command: must not exist yet
        directory: PathBuf,
    },
    /// Show and prune what packed files have unpacked on this machine
    Cache(cache::CacheOptions),
}

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
