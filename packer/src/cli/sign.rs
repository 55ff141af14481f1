//! `pyship sign` and `pyship keygen`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use super::verify;
use crate::output;
use crate::provenance::time;
use crate::sign::key::{self, Password};
use crate::sign::{Opened, signature};
use crate::ui;

const SIGN_EXAMPLES: &str = "\
Examples:
  pyship keygen release.key                       once: keep release.key, publish release.pub
  pyship sign app.bin --key release.key           writes app.bin.minisig; publish both
  pyship sign app.bin --key release.key --comment 'version 1.4'
  pyship sign app.bin --key K --password-file P   in CI: the password is the first line of P

`--password-file -` reads the password from standard input. The variable PYSHIP_KEY_PASSWORD can hold it, too.

Your users verify with either of
  pyship verify app.bin --pub release.pub
  minisign -Vm app.bin -p release.pub

The signature has minisign's format (ed25519 over a BLAKE2b digest) and covers every byte of the file. Keys from \
`minisign -G` work too. The comment is signed as well; by default it is the time (SOURCE_DATE_EPOCH, if set) and \
the name of the file.";

const KEYGEN_EXAMPLES: &str = "\
Examples:
  pyship keygen release.key                     asks for a password; writes release.key and release.pub
  pyship keygen release.key --password-file P   reads the password from the first line of P
  pyship keygen ci.key --no-password            for a CI system that stores the key as a secret

Existing files are never overwritten: a lost secret key can't be recovered.";

/// `pyship sign`
#[derive(Debug, Clone, Args)]
#[command(after_help = SIGN_EXAMPLES)]
pub(super) struct SignOptions {
    /// File that pyship made
    file: PathBuf,

    /// Secret key: from `pyship keygen` or `minisign -G`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,

    /// File to write the signature to [default: FILE.minisig]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Comment of one line to sign along with the file
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,

    /// File with the password of the key, `-` for standard input [default: PYSHIP_KEY_PASSWORD, else the terminal]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// `pyship keygen`
#[derive(Debug, Clone, Args)]
#[command(after_help = KEYGEN_EXAMPLES)]
pub(super) struct KeygenOptions {
    /// File to write the secret key to; only its owner can read it
    key: PathBuf,

    /// File to write the public key to [default: KEY with the extension .pub]
    #[arg(long = "pub", value_name = "FILE")]
    public: Option<PathBuf>,

    /// Don't encrypt the secret key
    #[arg(long, conflicts_with = "password_file")]
    no_password: bool,

    /// File with the password, `-` for standard input [default: PYSHIP_KEY_PASSWORD, else the terminal]
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

/// Signs a file.
pub(super) fn command(options: &SignOptions) -> Result<()> {
    let SignOptions { file, key, .. } = options;
    let out = options
        .output
        .clone()
        .unwrap_or_else(|| signature::default_path(file));
    output::check(&out, &[file, key])?;
    signature::check_replaced(&out)?;
    let opened = Opened::new(file)?;
    verify::before_signing(file)?;
    let secret = key::secret(key, password(options.password_file.as_deref()))?;
    let comment = match &options.comment {
        Some(comment) => comment.clone(),
        None => default_comment(file)?,
    };
    let text = signature::sign(&opened, &secret, &comment)?;
    output::write_text(&out, &text)?;
    if key::is_exposed(key) {
        ui::warning(&format!(
            "the secret key `{}` can be read by other users",
            key.display()
        ));
    }
    ui::path(&out)
}

/// Makes a key pair.
pub(super) fn keygen(options: &KeygenOptions) -> Result<()> {
    let public = options
        .public
        .clone()
        .unwrap_or_else(|| options.key.with_extension("pub"));
    output::check(&public, &[&options.key])?;
    output::check::<&Path>(&options.key, &[])?;
    let password = if options.no_password {
        Password::None
    } else {
        password(options.password_file.as_deref())
    };
    let made = key::generate(&options.key, &public, password)?;
    ui::data(&format!(
        "{}: secret key {}\n{}: public key\n",
        options.key.display(),
        made.id,
        public.display()
    ))
}

fn password(file: Option<&Path>) -> Password<'_> {
    file.map_or(Password::Ask, Password::File)
}

/// As minisign writes it.
fn default_comment(file: &Path) -> Result<String> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name
        .chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect();
    Ok(format!(
        "timestamp:{}\tfile:{name}\thashed",
        time::timestamp()?.as_second()
    ))
}
