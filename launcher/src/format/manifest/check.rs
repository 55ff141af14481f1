//! Limits on what a manifest may say.
//!
//! Its digest guards against accidents, not against an author: whoever changes the manifest can change the digest
//! too. So every number is bounded before it is added to another, and every name is checked before it becomes a
//! path, a variable or part of a message.

use super::argument;
use super::fields::{DIRECTORY_HEX, Entry, Layer, Manifest};
use crate::error::steers;
use crate::format::member::is_safe;
use crate::format::names::{ENV_PRIVATE_PREFIX, ENV_PYTHONHOME, ENV_TOOL, LAYERS};
use crate::format::trailer;

/// The largest number of members in a layer.
pub(crate) const ENTRIES_MAX: u64 = 500_000;
/// A file may unpack to this many bytes, and to [`EXPANSION_MAX`] times its own length besides.
const UNPACKED_MAX: u64 = 1 << 30;
/// Real programs compress far less than this; only files of zeros compress more.
const EXPANSION_MAX: u64 = 256;
/// A member takes at least one of tar's blocks, and at most eight times its part of the tar on disk.
const MEMBER_RAW: u64 = 512;
/// Bytes by which a frame of incompressible data may exceed its content.
const OVERHEAD: u64 = 64 << 10;
/// Interpreter options, arguments and environment variables: they go into the launch record, which has its own limit.
const SETTINGS_MAX: usize = 16 << 10;
/// Libraries that a cold start looks for on the host.
const SYSTEM_MAX: usize = 256;
const TEXT_MAX: usize = 4096;
/// A name with `.d` appended must still be a valid directory name.
const NAME_MAX: usize = 250;

/// Checks a manifest of a file of `file_size` bytes; the error completes a sentence that begins with "its manifest".
pub(super) fn check(manifest: &Manifest, file_size: u64) -> Result<(), String> {
    layers(manifest, file_size)?;
    names(manifest)?;
    settings(manifest)
}

fn layers(manifest: &Manifest, file_size: u64) -> Result<(), String> {
    let mut known = LAYERS.iter();
    let mut at = manifest.launcher.size;
    let end = file_size.saturating_sub(trailer::SIZE as u64);
    let mut left = UNPACKED_MAX.saturating_add(file_size.saturating_mul(EXPANSION_MAX));
    for layer in &manifest.layers {
        let name = &layer.name;
        if !known.any(|known| known == name) {
            return Err(format!("has an unexpected layer `{name}`"));
        }
        let raw = raw_of(layer).ok_or_else(|| format!("has contradictory numbers for layer `{name}`"))?;
        at = Some(layer.offset)
            .filter(|offset| *offset >= at)
            .and_then(|offset| offset.checked_add(layer.size))
            .filter(|after| *after <= end)
            .ok_or_else(|| format!("has an impossible offset for layer `{name}`"))?;
        left = left
            .checked_sub(raw)
            .ok_or("claims an unpacked size above the limit")?;
        if layer.entries > ENTRIES_MAX {
            return Err(format!("has more than {ENTRIES_MAX} members in layer `{name}`"));
        }
    }
    Ok(())
}

/// Decompressed bytes of a layer whose numbers agree with each other.
fn raw_of(layer: &Layer) -> Option<u64> {
    let (mut size, mut raw) = (0u64, 0u64);
    for frame in &layer.frames {
        let most = frame.raw.checked_add(frame.raw / 128)?.checked_add(OVERHEAD)?;
        (frame.size <= most && is_digest(&frame.sha256)).then_some(())?;
        size = size.checked_add(frame.size)?;
        raw = raw.checked_add(frame.raw)?;
    }
    let sound = size == layer.size
        && layer.entries <= raw / MEMBER_RAW
        && layer.disk <= raw.checked_mul(8)?
        && layer.digest.len() >= DIRECTORY_HEX
        && layer.digest == Layer::digest_of(&layer.frames);
    sound.then_some(raw)
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn names(manifest: &Manifest) -> Result<(), String> {
    let Manifest {
        pyship,
        name,
        version,
        target,
        python,
        entry,
        libc,
        ..
    } = manifest;
    if !is_component(name) {
        return Err("has a name that is not a valid file name".to_owned());
    }
    let mut texts = vec![pyship, target, &python.version, &libc.loader];
    texts.extend(version);
    let mut paths = vec![&python.executable, &python.stdlib, &python.site_packages];
    paths.extend(libc.carried.as_ref().map(|carried| &carried.loader));
    match entry {
        Entry::Script { path } => paths.push(path),
        Entry::Module { name } => texts.push(name),
        Entry::Function { module, attr } => texts.extend([module, attr]),
        Entry::Commands { commands } => {
            for command in commands {
                if !is_component(&command.name) {
                    return Err("has a command whose name is not a valid file name".to_owned());
                }
                texts.extend(&command.function);
            }
        }
        Entry::Interpreter => {}
    }
    if !paths
        .iter()
        .all(|path| is_plain(path) && is_safe(path.as_bytes()))
    {
        return Err("names a path outside its layers".to_owned());
    }
    if libc.system.len() > SYSTEM_MAX || !libc.system.keys().all(|name| is_component(name)) {
        return Err("asks the system for a file that is not a library".to_owned());
    }
    texts.extend(libc.system.values());
    if texts.iter().all(|text| is_plain(text)) {
        Ok(())
    } else {
        Err("has a text with control characters, or one that is too long".to_owned())
    }
}

/// One file name.
fn is_component(name: &str) -> bool {
    is_plain(name) && name.len() <= NAME_MAX && !name.contains('/') && is_safe(name.as_bytes())
}

fn is_plain(text: &str) -> bool {
    text.len() <= TEXT_MAX && !text.contains(steers)
}

/// Checks options and environment variables.
///
/// Any variable that the program could set itself is allowed. Refused are those that would not arrive as they
/// were given, and pyship's own.
fn settings(manifest: &Manifest) -> Result<(), String> {
    let Manifest {
        options,
        arguments,
        environment,
        ..
    } = manifest;
    let mut length = 0usize;
    for option in options {
        length += option.len() + 1;
        if option.contains('\0') {
            return Err("has an interpreter option with a NUL".to_owned());
        }
    }
    for text in arguments {
        length += text.len() + 1;
        if argument::decode(text).is_none() {
            return Err("has an argument in an unknown form".to_owned());
        }
    }
    for (name, value) in environment {
        length += name.len() + value.len() + 2;
        let ours =
            name.starts_with(ENV_TOOL) || name.starts_with(ENV_PRIVATE_PREFIX) || name == ENV_PYTHONHOME;
        if name.is_empty() || name.contains('=') || !is_plain(name) || value.contains('\0') || ours {
            return Err(format!(
                "sets the environment variable `{name}`, which can't be set"
            ));
        }
    }
    if length > SETTINGS_MAX {
        return Err("has too many options, arguments and environment variables".to_owned());
    }
    Ok(())
}
