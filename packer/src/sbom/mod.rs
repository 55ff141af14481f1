//! `pyship sbom`: the contents of a packed file, as a CycloneDX 1.5 bill of materials.
//!
//! Only the file is read, so it may be for another machine or made by someone else: [`contents`] reads the layers,
//! [`package`] each dist-info, [`license`] decides which licence a package has, [`graph`] which packages need which,
//! [`components`] describes each part and [`document`] puts them together. The same file gives the same document; the
//! serial number is made from its digest.

mod components;
pub(crate) mod contents;
pub(crate) mod document;
pub(crate) mod graph;
mod license;
pub(crate) mod package;
