//! The JSON that pyship prints: an object whose first field, `schema`, is the version of its fields. A field may be added
//! to a version; one that is removed, or that means something else, makes a new one.
//!
//! Documents of other standards have their own version in its place: the bill of materials (CycloneDX) and the
//! provenance (in-toto).

use anyhow::Result;
use pyship_launcher::error::plain_json;
pub(crate) use pyship_launcher::format::manifest::SCHEMA;
use serde::Serialize;

use crate::ui;

#[derive(Serialize)]
struct Document<'a, T> {
    schema: u32,
    #[serde(flatten)]
    value: &'a T,
}

/// Prints an object to standard output.
///
/// # Errors
/// When it can't be written.
pub(crate) fn print(value: &impl Serialize) -> Result<()> {
    print_as_it_is(&Document {
        schema: SCHEMA,
        value,
    })
}

/// Prints a document that has a version of its own. Control characters are escaped: the document may be about a file of
/// anyone's, and the output a terminal.
///
/// # Errors
/// When it can't be written.
pub(crate) fn print_as_it_is(document: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(document)?;
    ui::data(&format!("{}\n", plain_json(&text)))
}
