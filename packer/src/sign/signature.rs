//! Makes and verifies a signature.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minisign::{PublicKey, SecretKey};
use minisign_verify::{Error, Signature};
use serde::Serialize;

use super::key::{self, Public};
use super::opened::{CHUNK, Opened};
use super::read_text;
use crate::hint::WithHint;
use crate::names::SIGNATURE_SUFFIX;

/// The longest trusted comment that minisign reads, in bytes.
const COMMENT_MAX: usize = 8_000;

/// The default path of a file's signature.
pub(crate) fn default_path(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(SIGNATURE_SUFFIX);
    PathBuf::from(name)
}

/// Refuses to replace a file that is no signature: another key, for one, can't be had again.
///
/// # Errors
/// When it is one.
pub(crate) fn check_replaced(path: &Path) -> Result<()> {
    let is_signature =
        || read_text(path).is_ok_and(|text| text.is_empty() || Signature::decode(&text).is_ok());
    if !path.exists() || is_signature() {
        return Ok(());
    }
    Err(anyhow!(
        "failed to write `{}`: it exists, and is not a signature",
        path.display()
    ))
    .hint("remove it, or name another file with -o FILE")
}

/// The text of a signature of `file` and `comment`.
///
/// # Errors
/// When the file can't be read or changes meanwhile, or the comment is not one line.
pub(crate) fn sign(file: &Opened, secret: &SecretKey, comment: &str) -> Result<String> {
    ensure!(
        comment.len() <= COMMENT_MAX
            && !comment.contains(|letter: char| letter.is_control() && letter != '\t'),
        "failed to sign: a comment is one line of at most {COMMENT_MAX} bytes"
    );
    let failed = |error: minisign::PError| anyhow!("failed to sign: {error}");
    // The library verifies the new signature with this key.
    let public = PublicKey::from_secret_key(secret).map_err(failed)?;
    let untrusted = format!("signature by key {}", key::id(secret.keynum()));
    let mut reader = &file.file;
    io::Seek::seek(&mut reader, io::SeekFrom::Start(0)).context("failed to sign")?;
    let reader = io::BufReader::with_capacity(CHUNK, reader);
    let signature = minisign::sign(Some(&public), secret, reader, Some(comment), Some(&untrusted));
    let signature = signature.map_err(failed)?;
    file.unchanged()?;
    Ok(signature.into_string())
}

/// A signature that is valid.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Verified {
    /// Path of the signature.
    pub(crate) file: String,
    /// The key's identifier.
    pub(crate) key_id: String,
    /// The comment that was signed.
    pub(crate) trusted_comment: String,
}

/// Verifies `file` with the signature in `signature_path`. Calls `each` with the file's bytes, piece by piece.
///
/// # Errors
/// When there is no signature, when it is damaged, of minisign's old kind (which signs no digest), by another key, or not
/// of these bytes.
pub(crate) fn verify(
    file: &Opened,
    signature_path: &Path,
    public: &Public,
    mut each: impl FnMut(&[u8]),
) -> Result<Verified> {
    let failed = || format!("failed to verify `{}`", file.path.display());
    let display = signature_path.display();
    if matches!(fs_err::metadata(signature_path), Err(error) if error.kind() == io::ErrorKind::NotFound) {
        bail!("{}: there is no signature `{display}`", failed());
    }
    let text = read_text(signature_path).with_context(failed)?;
    let signature = Signature::decode(&text)
        .map_err(|_| anyhow!("{}: the signature `{display}` is damaged", failed()))?;
    let signer = signer(&text).unwrap_or_default();
    let mut verifier = public
        .key
        .verify_stream(&signature)
        .map_err(|error| match error {
            Error::UnexpectedKeyId => anyhow!(
                "{}: the signature `{display}` is by key {signer}, not by {}",
                failed(),
                public.id
            ),
            Error::UnsupportedLegacyMode => anyhow!(
                "{}: the signature `{display}` is of minisign's old kind, which is not accepted; sign the file again",
                failed()
            ),
            other => anyhow!("{}: {other}", failed()),
        })?;
    file.each_piece(|piece| {
        verifier.update(piece);
        each(piece);
    })?;
    verifier.finalize().map_err(|_| {
        anyhow!(
            "{}: its bytes, or the comment in `{display}`, are not those that key {} signed",
            failed(),
            public.id
        )
    })?;
    file.unchanged()?;
    Ok(Verified {
        file: display.to_string(),
        key_id: public.id.clone(),
        trusted_comment: signature.trusted_comment().to_owned(),
    })
}

/// Identifier of the key that a signature says it is by.
fn signer(text: &str) -> Option<String> {
    let bytes = STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    bytes.get(2..10).map(key::id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sign::key::{Password, generate, secret};

    fn signed(size: usize) -> (tempfile::TempDir, PathBuf, Public) {
        let directory = tempfile::tempdir().unwrap();
        let (key, public) = (directory.path().join("k"), directory.path().join("k.pub"));
        let public = generate(&key, &public, Password::None).unwrap();
        let file = directory.path().join("file");
        fs_err::write(&file, vec![7; size]).unwrap();
        let key = secret(&key, Password::None).unwrap();
        let text = sign(&Opened::new(&file).unwrap(), &key, "release 1\tx").unwrap();
        fs_err::write(default_path(&file), text).unwrap();
        (directory, file, public)
    }

    fn verdict(file: &Path, public: &Public) -> Result<Verified> {
        verify(&Opened::new(file).unwrap(), &default_path(file), public, |_| {})
    }

    #[test]
    fn what_was_signed_is_verified_and_nothing_else() {
        let (_directory, file, public) = signed(3 << 20);
        assert_eq!(verdict(&file, &public).unwrap().trusted_comment, "release 1\tx");
        let good = fs_err::read(&file).unwrap();
        for at in [0, good.len() / 2, good.len() - 1] {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs_err::write(&file, bad).unwrap();
            assert!(verdict(&file, &public).is_err(), "byte {at}");
        }
        fs_err::write(&file, [good.as_slice(), b"x"].concat()).unwrap();
        assert!(verdict(&file, &public).is_err());
        fs_err::write(&file, &good[1..]).unwrap();
        assert!(verdict(&file, &public).is_err());
    }

    #[test]
    fn every_byte_of_a_signature_counts_and_none_makes_it_panic() {
        let (_directory, file, public) = signed(5);
        let path = default_path(&file);
        let good = fs_err::read(&path).unwrap();
        // minisign does not sign the first line.
        let first_line = good.iter().position(|&byte| byte == b'\n').unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            fs_err::write(&path, bad).unwrap();
            assert_eq!(verdict(&file, &public).is_ok(), at < first_line, "byte {at}");
            // The last line's end alone may be missing.
            fs_err::write(&path, &good[..at]).unwrap();
            assert_eq!(
                verdict(&file, &public).is_ok(),
                at + 1 == good.len(),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn a_comment_is_one_line() {
        let (directory, file, _) = signed(5);
        let key = secret(&directory.path().join("k"), Password::None).unwrap();
        for comment in ["two\nlines", "a\0", &"x".repeat(9_000)] {
            assert!(sign(&Opened::new(&file).unwrap(), &key, comment).is_err());
        }
    }
}
