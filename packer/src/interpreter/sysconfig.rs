//! The files of an installation that say how it was built: `_sysconfigdata*.py`, `patchlevel.h`, and the magic
//! number of its bytecode.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::version::Version;

/// The build variables in `_sysconfigdata*.py` of a standard library, as `sysconfig.get_config_vars()`.
///
/// # Errors
/// When the file is missing or isn't a dictionary of strings and numbers.
pub(super) fn build_variables(stdlib: &Path) -> Result<BTreeMap<String, String>> {
    let mut names: Vec<String> = fs_err::read_dir(stdlib)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with("_sysconfigdata") && name.ends_with(".py"))
        .collect();
    names.sort();
    let Some(name) = names.first() else {
        bail!("failed to find _sysconfigdata in `{}`", stdlib.display())
    };
    let path = stdlib.join(name);
    let text = fs_err::read_to_string(&path)?;
    let literal = text
        .split_once("build_time_vars")
        .and_then(|(_, rest)| rest.split_once('{'));
    literal
        .and_then(|(_, rest)| dictionary(rest))
        .with_context(|| format!("failed to read `{}`: it has an unknown form", path.display()))
}

/// A Python dictionary of strings and numbers, after its brace: `'A': 'x' 'y', 'B': 1}`
fn dictionary(mut rest: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.starts_with('}') {
            return Some(found);
        }
        let (key, after) = string(rest)?;
        rest = after.trim_start().strip_prefix(':')?.trim_start();
        let mut value = String::new();
        while let Some((part, after)) = string(rest) {
            value.push_str(&part);
            rest = after.trim_start();
        }
        let end = rest.find([',', '}'])?;
        value.push_str(rest[..end].trim());
        rest = rest[end..].strip_prefix(',').unwrap_or(&rest[end..]);
        found.insert(key, value);
    }
}

/// A string literal at the beginning of `text`, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let mut value = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            _ if c == quote => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            c => value.push(c),
        }
    }
    None
}

/// The version in `patchlevel.h`, from lines such as `#define PY_VERSION "3.12.1"`.
///
/// # Errors
/// When the file is missing or a line is.
pub(super) fn version(header: &Path) -> Result<Version> {
    let text = fs_err::read_to_string(header)?;
    let defined = |name: &str| {
        text.lines().find_map(|line| {
            let value = line.strip_prefix("#define")?.trim_start().strip_prefix(name)?;
            value.starts_with([' ', '\t']).then(|| value.trim())
        })
    };
    let number = |name: &str| defined(name)?.parse::<u32>().ok();
    let read = || {
        let (major, minor) = (number("PY_MAJOR_VERSION")?, number("PY_MINOR_VERSION")?);
        let micro = number("PY_MICRO_VERSION")?;
        let whole = defined("PY_VERSION")?.trim_matches('"').trim_end_matches('+');
        let pre = whole
            .strip_prefix(&format!("{major}.{minor}.{micro}"))?
            .to_owned();
        Some(Version {
            major,
            minor,
            micro,
            pre,
        })
    };
    read().with_context(|| format!("failed to read the version in `{}`", header.display()))
}

/// The first four bytes of `.pyc` files. The number is in importlib up to 3.13, in a header from 3.14 on.
///
/// # Errors
/// When neither file has it.
pub(super) fn magic(stdlib: &Path, include: &Path) -> Result<[u8; 4]> {
    let importlib = fs_err::read_to_string(stdlib.join("importlib/_bootstrap_external.py"))?;
    let in_importlib = || {
        let (_, rest) = importlib.split_once("\nMAGIC_NUMBER = (")?;
        rest.split_once(')')?.0.parse::<u16>().ok()
    };
    let in_header = || {
        let header = fs_err::read_to_string(include.join("internal/pycore_magic_number.h")).ok()?;
        let (_, rest) = header.split_once("#define PYC_MAGIC_NUMBER ")?;
        rest.lines().next()?.trim().parse::<u16>().ok()
    };
    let number = in_importlib().or_else(in_header);
    let number = number.with_context(|| {
        format!(
            "failed to find the bytecode magic number below `{}`",
            stdlib.display()
        )
    })?;
    let [low, high] = number.to_le_bytes();
    Ok([low, high, b'\r', b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_as_python_does() {
        let found = dictionary(
            r#" 'A': '', "B": "it's" ' 1', 'C': -8,
 'D': 'a\'b\\c'
      'd', }"#,
        );
        let expected = [("A", ""), ("B", "it's 1"), ("C", "-8"), ("D", "a'b\\cd")];
        assert_eq!(
            found.unwrap(),
            expected
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into()
        );
        assert_eq!(dictionary("'A': 'x"), None);
    }
}
