//! The metadata in a script's comments
//! (PEP 723, <https://packaging.python.org/en/latest/specifications/inline-script-metadata/>).
//!
//! ```text
//! # /// script
//! # requires-python = ">=3.11"
//! # dependencies = ["httpx"]
//! # ///
//! ```

use std::path::Path;

use anyhow::{Context, Result, bail};

use super::pyproject::{self, ProjectFile};

const BEGIN: &str = "# /// ";
const END: &str = "# ///";
/// The kind of block that has a script's dependencies.
const KIND: &str = "script";

/// What a script says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Script {
    /// Its metadata, as of a project.
    pub(crate) file: ProjectFile,
    /// The text of the metadata, if it has any.
    pub(crate) metadata: Option<String>,
}

/// Reads the metadata of the script at `path`.
///
/// # Errors
/// When the script can't be read, has two blocks of metadata, or one that is wrong.
pub(crate) fn read(path: &Path) -> Result<Script> {
    let directory = path.parent().unwrap_or(Path::new(""));
    parse(&fs_err::read(path)?, directory)
        .with_context(|| format!("failed to read the metadata of `{}`", path.display()))
}

/// Reads the metadata of a script of these bytes in `directory`.
///
/// # Errors
/// When there are two blocks of metadata, or one that is wrong.
pub(crate) fn parse(bytes: &[u8], directory: &Path) -> Result<Script> {
    let Some(metadata) = block(&String::from_utf8_lossy(bytes))? else {
        return Ok(Script::default());
    };
    Ok(Script {
        file: pyproject::read_script(&metadata, directory)?,
        metadata: Some(metadata),
    })
}

/// The TOML in the block of the kind `script`. A block that has no end is none.
fn block(text: &str) -> Result<Option<String>> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut found = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        at += 1;
        let Some(kind) = line.strip_prefix(BEGIN).filter(|kind| is_kind(kind)) else {
            continue;
        };
        let comments = lines[at..]
            .iter()
            .take_while(|line| **line == "#" || line.starts_with("# "));
        let comments: Vec<&str> = comments.copied().collect();
        // The last such line ends the block: TOML may have one in a string.
        let Some(end) = comments.iter().rposition(|line| *line == END) else {
            continue;
        };
        at += end + 1;
        if kind == KIND {
            if found.is_some() {
                bail!("it has two blocks `{BEGIN}{KIND}`");
            }
            let content = comments[..end]
                .iter()
                .map(|line| line.get(2..).unwrap_or_default());
            found = Some(content.collect::<Vec<_>>().join("\n") + "\n");
        }
    }
    Ok(found)
}

fn is_kind(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_is_found_between_its_lines() {
        let found = |text: &str| block(text).unwrap();
        let script = "#!/usr/bin/env python\n# /// script\r\n# dependencies = [\n#\n#   \"six\",\n# ]\n# ///\nimport six\n";
        assert_eq!(
            found(script).as_deref(),
            Some("dependencies = [\n\n  \"six\",\n]\n")
        );
        for none in [
            "print(1)\n",
            "# /// script\n# dependencies = []\n",
            "# /// script\n# a = 1\nprint()\n# ///\n",
            "# /// other\n# a = 1\n# ///\n",
            "  # /// script\n  # ///\n",
        ] {
            assert_eq!(found(none), None, "{none}");
        }
        let two = "# /// script\n# ///\n\n# /// script\n# ///\n";
        assert_eq!(
            block(two).unwrap_err().to_string(),
            "it has two blocks `# /// script`"
        );
    }

    #[test]
    fn it_reads_as_a_project() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("s.py");
        let text = "# /// script\n# requires-python = '>=3.11'\n# dependencies = ['six']\n# [tool.pyship]\n# level = 3\n# ///\n";
        fs_err::write(&path, text).unwrap();
        let script = read(&path).unwrap();
        let project = script.file.project.unwrap();
        assert_eq!(project.requires_python.as_deref(), Some(">=3.11"));
        assert_eq!(project.dependencies, ["six"]);
        assert_eq!(script.file.options.level, Some(3));

        fs_err::write(&path, "# /// script\n# dependencies = 3\n# ///\n").unwrap();
        let error = format!("{:#}", read(&path).unwrap_err());
        assert!(
            error.contains("s.py`: line 1, `dependencies = 3`: invalid type"),
            "{error}"
        );
    }
}
