//! What a layer depends on, as one digest.

use std::io;

use pyship_launcher::hex::hex;
use sha2::{Digest, Sha256};

/// A digest of named fields, in the order in which they are added.
#[derive(Debug, Clone, Default)]
pub(crate) struct Key(Sha256);

impl Key {
    /// Adds a field. The lengths of name and value are added too, so that different lists of fields have different keys.
    pub(crate) fn field(&mut self, name: &str, value: impl AsRef<[u8]>) -> &mut Self {
        let value = value.as_ref();
        for part in [name.as_bytes(), value] {
            self.0.update((part.len() as u64).to_le_bytes());
            self.0.update(part);
        }
        self
    }

    /// The key: 64 hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The digest of this program: the same program makes the same layer of the same input.
///
/// # Errors
/// When the program can't be read, as without /proc.
pub(super) fn program() -> io::Result<String> {
    // Hashing a test program takes too long.
    if cfg!(test) {
        return Ok("a test".to_owned());
    }
    let bytes = fs_err::read("/proc/self/exe")?;
    Ok(hex(&Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_run_together() {
        let key = |fields: &[(&str, &str)]| {
            let mut key = Key::default();
            for (name, value) in fields {
                key.field(name, value);
            }
            key.finish()
        };
        assert_eq!(key(&[("a", "bc")]), key(&[("a", "bc")]));
        assert_ne!(key(&[("a", "bc")]), key(&[("ab", "c")]));
        assert_ne!(key(&[("a", "b"), ("c", "")]), key(&[("a", "b")]));
    }
}
