//! Describes an interpreter without running it: one for another machine, unpacked from an archive. What
//! `probe.py` asks the interpreter is read from its files instead: the build configuration, a header, the
//! number that its import system writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use object::read::elf::FileHeader;

use super::facts::{Facts, Interpreter, Version};
use super::{discover, probe, tcltk};
use crate::environment::Environment;

/// Describes the installation at `prefix`: asks its interpreter when that one runs on this machine, else
/// reads its files.
///
/// # Errors
/// As [`probe::probe`], or when a file is missing or says nothing.
pub fn installation(prefix: &Path, environment: &Environment) -> Result<Interpreter> {
    let executable = executable_in(prefix)?;
    if machine_of(&executable)? == std::env::consts::ARCH {
        return probe::probe(&executable, environment);
    }
    read(prefix)
}

/// Describes the interpreter `executable`: asks it, unless it is a program for another machine; then the
/// files of its installation are read.
///
/// # Errors
/// As [`installation`].
pub fn interpreter(executable: &Path, environment: &Environment) -> Result<Interpreter> {
    // What isn't a 64-bit ELF file may be a script that starts an interpreter, or says why it doesn't.
    let foreign = machine_of(executable).is_ok_and(|machine| machine != std::env::consts::ARCH);
    if !foreign {
        return probe::probe(executable, environment);
    }
    let real = fs_err::canonicalize(executable)?;
    let prefix = real.parent().and_then(Path::parent);
    read(prefix.with_context(|| format!("failed to find the installation of `{}`", real.display()))?)
}

/// Reads what the installation at `prefix` is.
///
/// # Errors
/// When a file is missing or says nothing; it names the file.
pub fn read(prefix: &Path) -> Result<Interpreter> {
    let prefix = fs_err::canonicalize(prefix)?;
    let executable = executable_in(&prefix)?;
    probe::require_elf(&executable)?;
    let name = executable
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let stdlib = ["lib", "lib64"]
        .into_iter()
        .map(|lib| prefix.join(lib).join(&name))
        .find(|place| place.join("os.py").is_file())
        .with_context(|| {
            format!(
                "failed to find the standard library of `{}`",
                executable.display()
            )
        })?;
    let (sysconfigdata, configuration) = configuration(&stdlib)?;
    let text = |key: &str| configuration.get(key).filter(|value| !value.is_empty()).cloned();
    let include = prefix.join("include").join(&name);
    let version = version(&include.join("patchlevel.h"))?;
    let dynload = stdlib.join("lib-dynload");
    let needed = tcltk::needed(&executable)
        .into_iter()
        .find(|name| name.starts_with("libpython"));
    let facts = Facts {
        exec_prefix: prefix.clone(),
        platstdlib: stdlib.clone(),
        dynload: if dynload.is_dir() {
            vec![dynload]
        } else {
            Vec::new()
        },
        platlibdir: text("PLATLIBDIR").unwrap_or_else(|| "lib".to_owned()),
        soabi: text("SOABI"),
        ext_suffix: text("EXT_SUFFIX"),
        multiarch: text("MULTIARCH"),
        ldlibrary: text("LDLIBRARY"),
        libpython: needed
            .map(|name| prefix.join("lib").join(name))
            .filter(|path| path.is_file()),
        builtin_modules: text("MODBUILT_NAMES")
            .map(|names| names.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
        pointer_size: 8,
        machine: machine_of(&executable)?,
        sysconfigdata: Some(sysconfigdata),
        magic: magic(&stdlib, &include)?,
        cache_tag: format!("cpython-{}{}", version.major, version.minor),
        abiflags: text("ABIFLAGS").unwrap_or_default(),
        include: Some(include),
        stdlib,
        prefix,
    };
    Ok(Interpreter {
        executable,
        version_text: version.to_string(),
        version,
        facts,
    })
}

fn executable_in(prefix: &Path) -> Result<PathBuf> {
    let python = discover::python_in(prefix).with_context(|| {
        format!(
            "failed to find an interpreter in `{}`: it has no bin/python3",
            prefix.display()
        )
    })?;
    Ok(fs_err::canonicalize(python)?)
}

/// The machine that an ELF file is for, as `uname -m` calls it.
fn machine_of(executable: &Path) -> Result<String> {
    let bytes = fs_err::read(executable)?;
    let read = || -> object::Result<u16> {
        let header = object::elf::FileHeader64::<object::Endianness>::parse(bytes.as_slice())?;
        Ok(header.e_machine(header.endian()?).0)
    };
    let unusable = |what: &str| format!("failed to use `{}`: {what}", executable.display());
    match read().with_context(|| unusable("it isn't a 64-bit Linux program (ELF)"))? {
        machine if machine == object::elf::EM_X86_64.0 => Ok("x86_64".to_owned()),
        machine if machine == object::elf::EM_AARCH64.0 => Ok("aarch64".to_owned()),
        other => bail!(unusable(&format!(
            "it is for a machine that isn't supported (ELF machine {other})"
        ))),
    }
}

/// The module with the build configuration, and what it holds.
fn configuration(stdlib: &Path) -> Result<(String, BTreeMap<String, String>)> {
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
    let parsed = literal.and_then(|(_, rest)| dictionary(rest));
    let parsed =
        parsed.with_context(|| format!("failed to read `{}`: it has an unknown form", path.display()))?;
    Ok((name.trim_end_matches(".py").to_owned(), parsed))
}

/// A Python dictionary of strings and numbers, behind its brace: `'A': 'x' 'y', 'B': 1}`
fn dictionary(mut rest: &str) -> Option<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    loop {
        rest = rest.trim_start();
        if rest.starts_with('}') {
            return Some(found);
        }
        let (key, behind) = string(rest)?;
        rest = behind.trim_start().strip_prefix(':')?.trim_start();
        let mut value = String::new();
        while let Some((part, behind)) = string(rest) {
            value.push_str(&part);
            rest = behind.trim_start();
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

/// From `patchlevel.h`: `#define PY_VERSION "3.12.1"`
fn version(header: &Path) -> Result<Version> {
    let text = fs_err::read_to_string(header)?;
    let number = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix("#define")?.trim_start().strip_prefix(name));
        line.and_then(|value| value.trim().parse().ok())
    };
    let literal = text
        .lines()
        .find_map(|line| line.strip_prefix("#define PY_VERSION "))
        .map(str::trim);
    let read = || {
        let (major, minor) = (number("PY_MAJOR_VERSION")?, number("PY_MINOR_VERSION")?);
        let micro = number("PY_MICRO_VERSION")?;
        let whole = literal?.trim_matches('"').trim_end_matches('+');
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

/// The number is in importlib up to 3.13, in a header from 3.14 on.
fn magic(stdlib: &Path, include: &Path) -> Result<[u8; 4]> {
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
            "failed to find the number of the bytecode's version below `{}`",
            stdlib.display()
        )
    })?;
    let [low, high] = number.to_le_bytes();
    Ok([low, high, b'\r', b'\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpreter::testing;

    #[test]
    fn what_is_read_is_what_the_interpreter_says() {
        let environment = Environment::current().unwrap();
        let mut compared = 0;
        for executable in testing::interpreters() {
            let said = probe::probe(&executable, &environment).unwrap();
            if !said
                .facts
                .include
                .as_ref()
                .unwrap()
                .join("patchlevel.h")
                .is_file()
            {
                continue;
            }
            let mut found = read(&said.facts.prefix).unwrap();
            compared += 1;
            // These are known to the running interpreter only, or have two names (Debian).
            found.version_text.clone_from(&said.version_text);
            found
                .facts
                .builtin_modules
                .clone_from(&said.facts.builtin_modules);
            found.facts.sysconfigdata.clone_from(&said.facts.sysconfigdata);
            assert_eq!(found, said);
        }
        assert!(
            compared > 0,
            "this test needs an interpreter that has its headers"
        );
    }

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
