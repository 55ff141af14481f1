//! The launcher: the program at the front of every file that pyship makes.
//!
//! std's start-up code does not run before `main`: it would ignore SIGPIPE, install signal stacks and open
//! `/proc/self/maps`, which the app would inherit or pay for.
#![no_main]

use std::ffi::{c_char, c_int};

mod fill;
mod identity;
mod install;
mod launch;
mod prepare;
mod process_state;
mod terminal;
mod tools;

use pyship_launcher::sys;

#[global_allocator]
static ALLOCATOR: sys::Allocator = sys::Allocator;

/// The entry point that the C library calls.
#[allow(unsafe_code)]
// SAFETY: the C library's start-up code looks for a symbol of this name, and no other crate defines one.
#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    // SAFETY: these are the arguments that the C library gave to `main`.
    launch::run(&unsafe { sys::arguments(argc, argv) })
}
