//! `pyship verify`: the signature first, then every digest.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use pyship_launcher::error::plain;
use pyship_launcher::format::manifest::Manifest;
use pyship_launcher::hex::hex;
use pyship_launcher::payload::Payload;
use pyship_launcher::unpack::{self, Check, Progress, Sink};
use sha2::{Digest, Sha256};

use super::file::open;
use crate::assemble::skeleton;
use crate::json;
use crate::sign::signature::{self, Verified};
use crate::sign::{Opened, key};
use crate::ui;

const EXAMPLES: &str = "\
Examples:
  pyship verify app.bin                        no byte was damaged
  pyship verify app.bin --pub release.pub      and app.bin.minisig is a signature by this key
  pyship verify app.bin --pub RWQf6LRCGA9i5…   the key itself in place of its file
  pyship verify app.bin --pub release.pub --json | jq .signature.trusted_comment

Without --pub this finds damage, not forgery: whoever changes a file can change its digests too. Every byte is \
checked: what a start reads has digests, and the ZIP headers between must be those that follow from it. \
With --pub the signature is checked first. `minisign -Vm app.bin -p release.pub` checks it too.";

/// `pyship verify`
#[derive(Debug, Clone, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct VerifyOptions {
    /// File that pyship made
    file: PathBuf,

    /// Check the signature against this public key: a minisign key file, or the key itself
    #[arg(long = "pub", value_name = "KEY")]
    public: Option<String>,

    /// File with the signature [default: FILE.minisig]
    #[arg(long, value_name = "FILE", requires = "public")]
    signature: Option<PathBuf>,

    /// Print JSON: digests of the file and its parts, and the signature's key and comment
    #[arg(long)]
    json: bool,
}

/// Checks what `options` ask for.
pub(super) fn command(options: &VerifyOptions) -> Result<()> {
    let file = &options.file;
    let public = options.public.as_deref().map(key::public).transpose()?;
    let opened = Opened::new(file)?;
    let mut hash = Sha256::new();
    let verified = match &public {
        Some(public) => {
            let beside = signature::default_path(file);
            let path = options.signature.as_deref().unwrap_or(&beside);
            let hash_piece = |piece: &[u8]| {
                if options.json {
                    hash.update(piece);
                }
            };
            Some(signature::verify(&opened, path, public, hash_piece)?)
        }
        None if options.json => {
            opened.each_piece(|piece| hash.update(piece))?;
            None
        }
        None => None,
    };
    let (payload, manifest) = open(file)?;
    content(&payload, &manifest)?;
    // The bytes that were unpacked are those that were hashed.
    opened.unchanged()?;
    if options.json {
        let report = report(
            &opened,
            &hex(&hash.finalize()),
            &payload,
            &manifest,
            file,
            verified,
        );
        return json::print(&report);
    }
    ui::data(&match verified {
        None => format!("{}: intact\n", plain(file.display().to_string())),
        Some(Verified {
            key_id,
            trusted_comment,
            ..
        }) => format!(
            "{}: intact, signed by key {key_id}: {}\n",
            plain(file.display().to_string()),
            plain(trusted_comment.replace('\t', " "))
        ),
    })
}

/// Checks a packed file's launcher, every frame, and every byte between them, against the manifest.
///
/// # Errors
/// When something differs.
pub(super) fn content(payload: &Payload, manifest: &Manifest) -> Result<()> {
    payload.launcher(manifest)?;
    for layer in &manifest.layers {
        let sink = Check::default();
        unpack::run(payload, &[(layer, &sink as &dyn Sink)], &Progress::default())?;
    }
    skeleton::check(payload, manifest)
}

fn report(
    opened: &Opened,
    sha256: &str,
    payload: &Payload,
    manifest: &Manifest,
    file: &Path,
    verified: Option<Verified>,
) -> serde_json::Value {
    let layers = manifest.layers.iter().map(|layer| {
        serde_json::json!({
            "name": layer.name,
            "digest": layer.digest,
            "size": layer.size,
        })
    });
    serde_json::json!({
        "file": file.display().to_string(),
        "intact": true,
        "size": opened.size(),
        "sha256": sha256,
        "launcher": { "sha256": manifest.launcher.sha256, "size": manifest.launcher.size },
        "manifest": {
            "sha256": hex(&payload.trailer.manifest_sha256),
            "size": payload.trailer.manifest_size,
        },
        "layers": layers.collect::<Vec<_>>(),
        "signature": verified,
    })
}

/// Checks a file before it is signed: damaged bytes must not get a signature.
///
/// # Errors
/// When it is no packed file or damaged.
pub(super) fn before_signing(file: &Path) -> Result<()> {
    let (payload, manifest) = open(file)?;
    content(&payload, &manifest)
}
