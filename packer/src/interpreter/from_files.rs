//! What an interpreter is, read from the files of its installation: for those that can't be run here. What
//! `probe.py` asks the interpreter comes from the build configuration, a header and importlib's source instead.

use std::path::Path;

use anyhow::{Context, Result};

use super::facts::{Facts, Interpreter};
use super::{executable, sysconfig};

/// Reads what the installation at `prefix` is, whose interpreter is `python`.
///
/// # Errors
/// When a file is missing or has an unknown form; it names the file.
pub(super) fn read(prefix: &Path, python: &Path) -> Result<Interpreter> {
    let prefix = fs_err::canonicalize(prefix)?;
    let python = fs_err::canonicalize(python)?;
    executable::require_glibc_program(&python)?;
    let name = python.file_name().unwrap_or_default();
    let stdlib = ["lib", "lib64"]
        .into_iter()
        .map(|lib| prefix.join(lib).join(name))
        .find(|directory| directory.join("os.py").is_file())
        .with_context(|| format!("failed to find the standard library of `{}`", python.display()))?;
    let variables = sysconfig::build_variables(&stdlib)?;
    let variable = |key: &str| variables.get(key).filter(|value| !value.is_empty()).cloned();
    let include = prefix.join("include").join(name);
    let version = sysconfig::version(&include.join("patchlevel.h"))?;
    let dynload = stdlib.join("lib-dynload");
    let facts = Facts {
        platstdlib: stdlib.clone(),
        dynload: Some(dynload)
            .into_iter()
            .filter(|directory| directory.is_dir())
            .collect(),
        platlibdir: variable("PLATLIBDIR").unwrap_or_else(|| "lib".to_owned()),
        ext_suffix: variable("EXT_SUFFIX"),
        libpython: executable::needed(&python)
            .into_iter()
            .find(|name| name.starts_with("libpython"))
            .map(|name| prefix.join("lib").join(name))
            .filter(|path| path.is_file()),
        builtin_modules: variable("MODBUILT_NAMES")
            .map(|names| names.split_whitespace().map(str::to_owned).collect())
            .unwrap_or_default(),
        machine: executable::machine_of(&python)?,
        magic: sysconfig::magic(&stdlib, &include)?,
        cache_tag: format!("cpython-{}{}", version.major, version.minor),
        abiflags: variable("ABIFLAGS").unwrap_or_default(),
        include: Some(include),
        stdlib,
        prefix,
    };
    Ok(Interpreter {
        executable: python,
        version_text: version.to_string(),
        version,
        facts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::Environment;
    use crate::interpreter::{probe, testing};

    #[test]
    fn what_is_read_is_what_the_interpreter_says() {
        let environment = Environment::current().unwrap();
        let mut compared = 0;
        for executable in testing::interpreters() {
            let asked = probe::probe(&executable, &environment).unwrap();
            let include = asked.facts.include.as_ref().unwrap();
            if !include.join("patchlevel.h").is_file() {
                continue;
            }
            let mut found = read(&asked.facts.prefix, &executable).unwrap();
            compared += 1;
            // These are known to the running interpreter only.
            found.version_text.clone_from(&asked.version_text);
            found
                .facts
                .builtin_modules
                .clone_from(&asked.facts.builtin_modules);
            assert_eq!(found, asked);
        }
        assert!(
            compared > 0,
            "this test needs an interpreter that has its headers"
        );
    }
}
