//! Key pairs in minisign's files. The secret key may be encrypted with a password.

use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use minisign::{KeyPair, SecretKey, SecretKeyBox};
use minisign_verify::PublicKey;
use pyship_launcher::error::{Error, Kind};

use super::read_text;
use crate::names::ENV_KEY_PASSWORD;
use crate::output;

/// Bytes of a secret key's file: the name of the function that encrypts it. See [`decoded`].
const KDF: Range<usize> = 2..4;
const CHECKSUM: Range<usize> = 126..158;

/// Where a password comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Password<'a> {
    /// [`ENV_KEY_PASSWORD`], else the terminal.
    Ask,
    /// The first line of a file; `-` is standard input.
    File(&'a Path),
    /// There is none: the new key is not encrypted.
    None,
}

/// A public key, and the identifier by which signatures refer to it.
pub(crate) struct Public {
    /// The key.
    pub(crate) key: PublicKey,
    /// 16 hexadecimal digits, as minisign displays it.
    pub(crate) id: String,
}

/// Reads a public key: `text_or_path` is the key in base64, or a file with it.
///
/// # Errors
/// When it is neither.
pub(crate) fn public(text_or_path: &str) -> Result<Public> {
    if let Some(key) = public_from_text(text_or_path) {
        return Ok(key);
    }
    let path = Path::new(text_or_path);
    let text = read_text(path).context("failed to use the public key: neither a key nor a file")?;
    let mut lines = text.lines().rev();
    lines.find_map(public_from_text).with_context(|| {
        format!(
            "failed to use the public key `{}`: it does not hold a minisign public key",
            path.display()
        )
    })
}

fn public_from_text(text: &str) -> Option<Public> {
    let text = text.trim();
    let key = PublicKey::from_base64(text).ok()?;
    let bytes = STANDARD.decode(text).ok()?;
    Some(Public {
        key,
        id: id(&bytes[2..10]),
    })
}

/// The identifier of a key, from its eight bytes.
pub(super) fn id(bytes: &[u8]) -> String {
    let mut number = [0; 8];
    for (to, from) in number.iter_mut().zip(bytes) {
        *to = *from;
    }
    format!("{:016X}", u64::from_le_bytes(number))
}

/// Reads a secret key, and decrypts it if it is encrypted.
///
/// # Errors
/// When the file holds no secret key, or the password is missing or wrong.
pub(crate) fn secret(path: &Path, password: Password<'_>) -> Result<SecretKey> {
    let failed = || format!("failed to use the secret key `{}`", path.display());
    let text = read_text(path).with_context(failed)?;
    let Some(bytes) = decoded(&text) else {
        bail!("{}: it is not a minisign secret key", failed())
    };
    let key = if bytes[KDF] != [0, 0] {
        SecretKeyBox::from(text).into_secret_key(Some(ask(password, &failed(), false)?))
    } else if bytes[CHECKSUM].iter().all(|&byte| byte == 0) {
        // `minisign -W` writes no checksum. A damaged key is noticed nevertheless: a new signature is verified with the
        // public half of the key.
        SecretKey::from_bytes(&bytes)
    } else {
        SecretKeyBox::from(text).into_unencrypted_secret_key()
    };
    key.map_err(|error| anyhow!("{}: {}", failed(), lower(&error.to_string())))
}

/// Whether users other than the owner may read a secret key's file.
pub(crate) fn is_exposed(path: &Path) -> bool {
    fs_err::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

/// The bytes of a secret key; none when `text` is something else.
///
/// ```text
///   0  `Ed`, the algorithm      2     38  limits for scrypt    16
///   2  `Sc`, or zeros           2     54  identifier            8
///   4  `B2`, the checksum's     2     62  secret, then public  64
///   6  salt                    32    126  checksum             32
/// ```
fn decoded(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.lines().nth(1)?.trim()).ok()?;
    (bytes.len() == CHECKSUM.end && bytes.starts_with(b"Ed")).then_some(bytes)
}

/// Makes a key pair and writes its two files. Returns the public key.
///
/// # Errors
/// When one of the files exists already or can't be written; neither is left then.
pub(crate) fn generate(secret_path: &Path, public_path: &Path, password: Password<'_>) -> Result<Public> {
    // Checked again when the files get their names, but nobody should enter a password in vain.
    for path in [secret_path, public_path] {
        ensure!(
            fs_err::symlink_metadata(path).is_err(),
            "failed to write `{}`: it exists already",
            path.display()
        );
    }
    let password = match password {
        Password::None => None,
        other => Some(ask(
            other,
            &format!("failed to write `{}`", secret_path.display()),
            true,
        )?),
    };
    let encrypted = password.is_some();
    let pair = match password {
        None => KeyPair::generate_unencrypted_keypair(),
        Some(password) => KeyPair::generate_encrypted_keypair(Some(password)),
    };
    let pair = pair.map_err(|error| anyhow!("failed to make a key pair: {error}"))?;
    let comment = if encrypted {
        "encrypted secret key"
    } else {
        "secret key"
    };
    let secret = pair.sk.to_box(Some(comment)).context("failed to write a key")?;
    let public = pair.pk.to_box().context("failed to write a key")?;
    let secret_file = output::write_text_beside(secret_path, &secret.to_string(), 0o600)?;
    let public_file = output::write_text_beside(public_path, &public.to_string(), 0o644)?;
    secret_file.create()?;
    if let Err(error) = public_file.create() {
        // Without the public key, a secret key is of no use.
        fs_err::remove_file(secret_path).unwrap_or_default();
        return Err(error);
    }
    public_from_text(&pair.pk.to_base64()).context("failed to make a key pair")
}

fn ask(password: Password<'_>, failed: &str, is_new: bool) -> Result<String> {
    match password {
        Password::File(path) if path == Path::new("-") => {
            let mut line = String::new();
            std::io::stdin()
                .read_line(&mut line)
                .with_context(|| failed.to_owned())?;
            Ok(first_line(&line))
        }
        Password::File(path) => Ok(first_line(&read_text(path).with_context(|| failed.to_owned())?)),
        Password::Ask | Password::None => match std::env::var(ENV_KEY_PASSWORD) {
            Ok(password) => Ok(password),
            Err(std::env::VarError::NotPresent) => prompt(failed, is_new),
            Err(error) => Err(anyhow!("{failed}: {ENV_KEY_PASSWORD}: {error}")),
        },
    }
}

fn prompt(failed: &str, is_new: bool) -> Result<String> {
    let no_terminal = |_| {
        let hint = if is_new {
            "give --password-file, or --no-password for a key that is not encrypted"
        } else {
            "give --password-file, or set PYSHIP_KEY_PASSWORD"
        };
        Error::new(
            Kind::Other,
            format!("{failed}: a password is needed, and there is no terminal to enter it"),
        )
        .hint(hint)
    };
    let password = rpassword::prompt_password("Password: ").map_err(no_terminal)?;
    if is_new {
        let again = rpassword::prompt_password("Repeat the password: ").map_err(no_terminal)?;
        ensure!(password == again, "{failed}: the two passwords differ");
    }
    Ok(password)
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

fn lower(message: &str) -> String {
    let mut letters = message.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key pair of minisign's own documentation.
    const PUBLIC: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";

    #[test]
    fn a_public_key_is_a_file_or_its_text() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(public(PUBLIC).unwrap().id, "E7620F1842B4E81F");
        for (name, text) in [
            ("two-lines", format!("untrusted comment: x\n{PUBLIC}\n")),
            ("one-line", format!("{PUBLIC}\n")),
        ] {
            let path = directory.path().join(name);
            fs_err::write(&path, text).unwrap();
            assert_eq!(public(path.to_str().unwrap()).unwrap().id, "E7620F1842B4E81F");
        }
        let path = directory.path().join("none");
        fs_err::write(&path, "untrusted comment: x\nRWQf\n").unwrap();
        let error = format!("{:#}", public(path.to_str().unwrap()).err().unwrap());
        assert!(
            error.ends_with("it does not hold a minisign public key"),
            "{error}"
        );
        assert!(public("no-such-file").is_err());
    }

    #[test]
    fn new_keys_come_back_and_overwrite_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (secret_path, public_path) = (directory.path().join("k"), directory.path().join("k.pub"));
        let made = generate(&secret_path, &public_path, Password::None).unwrap();
        let mode = fs_err::metadata(&secret_path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!is_exposed(&secret_path) && is_exposed(&public_path));
        let found = public(public_path.to_str().unwrap()).unwrap();
        assert_eq!(found.id, made.id);
        let read = secret(&secret_path, Password::None).unwrap();
        assert_eq!(id(read.keynum()), made.id);

        // As minisign itself writes it.
        let text = fs_err::read_to_string(&secret_path).unwrap();
        let mut bytes = decoded(&text).unwrap();
        bytes[CHECKSUM].fill(0);
        let bare = directory.path().join("bare");
        fs_err::write(
            &bare,
            format!("untrusted comment: x\n{}\n", STANDARD.encode(&bytes)),
        )
        .unwrap();
        assert!(secret(&bare, Password::None).unwrap() == read);

        let before = fs_err::read(&secret_path).unwrap();
        assert!(generate(&secret_path, &public_path, Password::None).is_err());
        assert_eq!(fs_err::read(&secret_path).unwrap(), before);
        // Only the public key exists already.
        let other = directory.path().join("other");
        assert!(generate(&other, &public_path, Password::None).is_err());
        assert!(!other.exists());
        // A public key is no secret key.
        let error = format!("{:#}", secret(&public_path, Password::None).err().unwrap());
        assert!(error.ends_with("it is not a minisign secret key"), "{error}");
    }
}
