//! A virtual environment that is there already, or a conda environment: its interpreter and its packages as they are.
//! Nothing is resolved, downloaded or run but its base interpreter.
//!
//! ```text
//! --venv DIR ── find ── describe ──┬─ base: the interpreter to pack
//!                                  └─ collect ── Tree of the deps layer
//!                                       sites      its site-packages, then those of the base that it sees
//!                                       pth        `.pth` files: what their lines lead to
//!                                       editable   import hooks of editable installs: where the modules are
//!                                       modules    the importable modules of a source directory
//!                                       seeds      pip, and the helpers of virtualenv and uv, which are left out
//!                                       merged     several directories of `sys.path` in one
//! ```

mod base;
pub(crate) mod collect;
mod conda;
mod configuration;
mod describe;
mod editable;
pub(crate) mod find;
mod key;
mod merged;
mod modules;
mod pth;
mod seeds;
mod sites;

pub(crate) use describe::{Kind, Venv};
pub(crate) use key::identify;
