//! Integration tests: what a user of `pyship`, and of the files that it makes, relies on. They read as the
//! manual; the words are in `harness`.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

#[macro_use]
mod support;

mod aarch64;
mod archive;
mod arguments;
mod bad_input;
mod bare;
mod bare_libraries;
mod build_cache;
mod cache_roots;
mod changes;
mod closed;
mod commands;
mod concurrency;
mod damage;
mod data;
mod decay;
mod destination;
mod disk_full;
mod environment;
mod examples;
mod file_capabilities;
mod format;
mod gconv;
// Its files are of this machine.
#[cfg(target_arch = "x86_64")]
mod golden;
mod harness;
mod host_libraries;
mod hostile;
mod hostile_archives;
mod hostile_inputs;
mod imports;
mod in_use;
mod interpreters;
mod interrupted;
mod json;
mod kills;
mod left_out;
mod libc;
mod libraries;
mod limits;
mod modes;
mod native_programs;
mod one_directory;
mod one_read;
mod options;
mod packages;
mod places;
mod plan;
mod prefix;
mod process;
mod projects;
mod provenance;
mod prune;
mod pythons;
mod repair;
mod report;
mod run_time_installs;
mod sbom;
mod security;
mod sign;
mod snapshots;
mod start;
mod syscalls;
mod sysconfig;
mod system_cache;
mod systems;
mod tidy;
mod tools;
mod trial;
mod venvs;
mod virtual_environments;
mod waiting;
mod wheel;
mod zipapps;
