//! Integration tests: what a user of `pyship`, and of the files that it makes, relies on. They read as the
//! manual; the words are in `harness`.
#![allow(clippy::unwrap_used, reason = "a test ends by panicking")]

mod aarch64;
mod bad_input;
mod bare;
mod damage;
mod decay;
mod doors;
mod examples;
mod file;
mod growth;
mod interpreters;
mod libc;
mod options;
mod packages;
mod process;
mod report;
mod roots;
mod sees;
mod start;
mod support;
mod systems;
