//! The digest of an installed package, computed from its `RECORD`.
//!
//! SHA-256 of the `RECORD`'s lines that have a hash, sorted, without the files that the installer adds
//! (`INSTALLER`, `REQUESTED`, `direct_url.json`). It covers every file of the package, and is the same on every
//! machine.

use anyhow::Result;
use pyship_launcher::hex::hex;
use sha2::{Digest, Sha256};

use super::record;

const INSTALLERS_OWN: &[&str] = &["INSTALLER", "REQUESTED", "direct_url.json"];

/// The digest of a package with this `RECORD`, hexadecimal.
///
/// # Errors
/// When it isn't CSV.
pub(crate) fn of_record(record: &[u8]) -> Result<String> {
    let mut entries = record::parse(record)?;
    entries.retain(|entry| !entry.hash.is_empty() && !is_installers(&entry.path));
    Ok(hex(&Sha256::digest(record::encode(entries)?)))
}

/// The files that a `RECORD` in `site_packages` (relative, as in a layer) names, by their paths in the layer.
///
/// # Errors
/// When it isn't CSV.
pub(crate) fn files(record: &[u8], site_packages: &str) -> Result<Vec<String>> {
    let entries = record::parse(record)?;
    Ok(entries
        .iter()
        .filter_map(|entry| record::resolve(site_packages, &entry.path))
        .collect())
}

fn is_installers(path: &str) -> bool {
    let Some((directory, name)) = path.rsplit_once('/') else {
        return false;
    };
    directory.ends_with(".dist-info") && INSTALLERS_OWN.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_lines_and_the_installer_do_not_matter() {
        let one = of_record(b"b.py,sha256=b,1\na.py,sha256=a,1\nx-1.dist-info/RECORD,,\n").unwrap();
        let two = b"a.py,sha256=a,1\nx-1.dist-info/INSTALLER,sha256=i,2\nb.py,sha256=b,1\n";
        assert_eq!(one, of_record(two).unwrap());
        assert_ne!(one, of_record(b"b.py,sha256=b,1\na.py,sha256=c,1\n").unwrap());
    }
}
