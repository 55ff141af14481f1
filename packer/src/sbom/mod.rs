//! `pyship sbom`: what a packed file holds, as a CycloneDX 1.5 bill of materials.
//!
//! It is read out of the file alone, so it works for a file of another machine and for one that came from
//! elsewhere: [`contents`] reads the layers, [`package`] each dist-info, [`license`] decides what a package is
//! licensed under, [`graph`] who needs whom, [`document`] writes it down. The same file gives the same document;
//! its serial number is made from the file's digest.

pub mod contents;
pub mod document;
pub mod graph;
pub mod license;
pub mod package;
