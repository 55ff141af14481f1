//! Files that usually hold credentials: by the names that scanners such as gitleaks and truffleHog look for, and keys
//! in PEM form by their content.

use std::ffi::OsStr;
use std::io::Read;
use std::path::Path;

use memchr::memmem;

/// Names of files.
const FILES: &[&str] = &[
    ".boto",
    ".dockercfg",
    ".git-credentials",
    ".htpasswd",
    ".my.cnf",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".terraformrc",
    ".vault-token",
    "_netrc",
    "application_default_credentials.json",
    "credentials.json",
];

/// Beginnings of names of files without an extension: `id_ed25519_work`, `.vault_pass_dev`.
const BEGINNINGS: &[&str] = &[
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "id_rsa",
    ".vault_pass",
    ".vault-pass",
];

/// Files by their name and that of their directory.
const PATHS: &[(&str, &str)] = &[
    (".cargo", "credentials"),
    (".cargo", "credentials.toml"),
    (".docker", "config.json"),
    (".gem", "credentials"),
    (".kube", "config"),
    (".streamlit", "secrets.toml"),
];

/// Names of directories.
const DIRECTORIES: &[&str] = &[".aws", ".azure", ".gnupg", ".ssh"];

/// Extensions of password databases, key stores and PuTTY's keys.
const EXTENSIONS: &[&str] = &["jks", "kdbx", "keystore", "p12", "pfx", "ppk", "tfstate"];

/// Extensions of files that may have a private key, or a certificate only. Service accounts of Google have one in JSON.
const KEYS: &[&str] = &["asc", "json", "key", "p8", "pem"];
/// How far a private key is looked for: it may follow a chain of certificates.
const HEAD: u64 = 64 << 10;
const BEGIN: &[u8] = b"-----BEGIN ";

/// `.env`, `.env.local`, `.envrc`; but not these, which are there to be copied.
const ENV: &str = ".env";
const EXAMPLES: &[&str] = &["dist", "example", "sample", "template", "tpl"];

/// Whether a file or directory usually holds credentials: `relative` is its path in the app, `real` the one on the
/// builder.
pub(super) fn is_secret(relative: &Path, real: &Path, is_directory: bool) -> bool {
    let Some(name) = relative.file_name() else {
        return false;
    };
    let is = |known: &&str| name == *known;
    if is_directory {
        return DIRECTORIES.iter().any(is);
    }
    let parent = relative.parent().and_then(Path::file_name).unwrap_or_default();
    FILES.iter().any(is)
        || relative.extension().is_none() && BEGINNINGS.iter().any(|start| begins_with(name, start))
        || PATHS
            .iter()
            .any(|(directory, file)| name == *file && parent == *directory)
        || is_environment(name)
        || has_extension(relative, EXTENSIONS)
        || has_extension(relative, KEYS) && has_private_key(&head(real))
        || relative.extension().is_none() && is_private_key(&head(real))
}

fn begins_with(name: &OsStr, start: &str) -> bool {
    name.as_encoded_bytes().starts_with(start.as_bytes())
}

fn is_environment(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let ending = name.rsplit('.').next().unwrap_or_default();
    name.starts_with(ENV) && !EXAMPLES.contains(&ending)
}

fn has_extension(path: &Path, known: &[&str]) -> bool {
    let extension = path.extension().map(OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| known.iter().any(|known| extension == *known))
}

/// The beginning of a file. What can't be read is not known to have a key.
fn head(file: &Path) -> Vec<u8> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut head = Vec::new();
        let kind = fs_err::metadata(file)?.file_type();
        if kind.is_file() {
            fs_err::File::open(file)?.take(HEAD).read_to_end(&mut head)?;
        }
        Ok(head)
    };
    read().unwrap_or_default()
}

/// Whether a text has a private key in PEM form, or an OpenPGP one.
fn has_private_key(text: &[u8]) -> bool {
    let begins = memmem::find_iter(text, BEGIN);
    begins.into_iter().any(|at| is_private_key(&text[at..]))
}

/// Whether a text begins with one, as SSH's keys do, whatever their name is.
fn is_private_key(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    line.starts_with(BEGIN) && memmem::find(line, b"PRIVATE KEY").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        let is_file = |path: &str| is_secret(Path::new(path), Path::new("/none"), false);
        for secret in [
            ".env",
            "deploy/.env.local",
            ".envrc",
            ".npmrc",
            "home/.docker/config.json",
            "keys/id_ed25519",
            "keys/id_ed25519_work",
            ".vault_pass_dev",
            ".config/gcloud/application_default_credentials.json",
            "Store.PFX",
            ".streamlit/secrets.toml",
        ] {
            assert!(is_file(secret), "{secret}");
        }
        for other in [
            ".env.example",
            ".env.production.template",
            "env",
            "id_rsa.pub",
            "id_utils.py",
            "config.json",
            "server.pem",
        ] {
            assert!(!is_file(other), "{other}");
        }
        let is_directory = |path: &str| is_secret(Path::new(path), Path::new("/none"), true);
        assert!(is_directory("a/.ssh") && !is_directory(".env") && !is_directory("ssh"));
    }

    #[test]
    fn private_keys_are_known_by_their_content() {
        let place = tempfile::tempdir().unwrap();
        let is_key = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs_err::write(&path, text).unwrap();
            is_secret(Path::new(name), &path, false)
        };
        let certificate = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
        let key = "-----BEGIN EC PRIVATE KEY-----\nMII\n";
        assert!(!is_key("ca.pem", certificate));
        assert!(is_key("chain.pem", &format!("{certificate}{key}")));
        assert!(is_key("server.KEY", "-----BEGIN PRIVATE KEY-----\n"));
        assert!(is_key("me.asc", "-----BEGIN PGP PRIVATE KEY BLOCK-----\n"));
        assert!(!is_key("public.key", "-----BEGIN PUBLIC KEY-----\n"));
        assert!(!is_key("notes.txt", key) && !is_key("README", &format!("as follows:\n{key}")));
        assert!(is_key(
            "deploy_key",
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n"
        ));
        let account = r#"{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----\nMII"}"#;
        assert!(is_key("account.json", account) && !is_key("data.json", r#"{"private_key": ""}"#));
    }
}
