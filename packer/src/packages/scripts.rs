//! Scripts in `bin/`: the path of the interpreter, which an installer wrote into them, is removed.
//!
//! An installer writes `#!/scratch/venv/bin/python` or, where that is too long for the kernel or has a space, shell
//! lines that Python reads as a string:
//!
//! ```text
//! #!/bin/sh
//! '''exec' "/scratch dir/venv/bin/python" "$0" "$@"
//! ' '''
//! ```
//!
//! Both become [`SCRIPT_SHEBANG`], which the launcher replaces by the app's own interpreter.

use std::path::Path;

use pyship_launcher::format::names::SCRIPT_SHEBANG;

/// The script with [`SCRIPT_SHEBANG`] as its first line; `None` when it isn't a script for an interpreter that
/// `is_interpreter` accepts.
pub(super) fn portable(bytes: &[u8], is_interpreter: impl Fn(&Path) -> bool) -> Option<Vec<u8>> {
    let rest = after_exec_line(bytes).or_else(|| after_shebang(bytes, is_interpreter))?;
    let mut script = SCRIPT_SHEBANG.as_bytes().to_vec();
    script.push(b'\n');
    script.extend_from_slice(rest);
    Some(script)
}

fn after_shebang(bytes: &[u8], is_interpreter: impl Fn(&Path) -> bool) -> Option<&[u8]> {
    let (first, rest) = split_line(bytes.strip_prefix(b"#!")?);
    let first = std::str::from_utf8(first).ok()?.trim();
    let interpreter = Path::new(first.split_ascii_whitespace().next()?);
    is_interpreter(interpreter).then_some(rest)
}

fn after_exec_line(bytes: &[u8]) -> Option<&[u8]> {
    let (shell, rest) = split_line(bytes);
    let (exec, rest) = split_line(rest);
    let (end, rest) = split_line(rest);
    let is_wrapper = shell == b"#!/bin/sh" && exec.starts_with(b"'''exec' ") && end == b"' '''";
    is_wrapper.then_some(rest)
}

fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&byte| byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_portable(script: &str) -> Option<String> {
        portable(script.as_bytes(), |path| path.starts_with("/venv/bin"))
            .map(|bytes| String::from_utf8(bytes).unwrap())
    }

    #[test]
    fn both_forms_lose_their_interpreter() {
        let wanted = Some("#!pyship-python\nimport sys\n".to_owned());
        assert_eq!(made_portable("#!/venv/bin/python\nimport sys\n"), wanted);
        assert_eq!(made_portable("#! /venv/bin/python3.12 -E\nimport sys\n"), wanted);
        let exec = "#!/bin/sh\n'''exec' \"/ven v/bin/python\" \"$0\" \"$@\"\n' '''\nimport sys\n";
        assert_eq!(made_portable(exec), wanted);
    }

    #[test]
    fn others_stay() {
        for script in [
            "#!/bin/sh\nexec python\n",
            "#!/usr/bin/env python3\n",
            "#!/usr/bin/python3\n",
            "\x7fELF",
            "",
        ] {
            assert_eq!(made_portable(script), None, "{script}");
        }
    }
}
