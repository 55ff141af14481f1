//! The interpreter's own options, as far as a start must know them.

/// Whether the interpreter ignores `PYTHON*` variables: `-E` or `-I` stands before what it runs.
pub(super) fn ignore_environment(arguments: &[Vec<u8>]) -> bool {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let Some(letters) = argument.strip_prefix(b"-").filter(|letters| !letters.is_empty()) else {
            return false;
        };
        if letters.starts_with(b"-") {
            // The one long option with a value: `--check-hash-based-pycs always`.
            arguments.next();
            continue;
        }
        for (at, letter) in letters.iter().enumerate() {
            match letter {
                b'E' | b'I' => return true,
                b'c' | b'm' => return false,
                // The value is the rest, or the next argument.
                b'W' | b'X' => {
                    if at + 1 == letters.len() {
                        arguments.next();
                    }
                    break;
                }
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_before_what_runs_count() {
        let ignore = |line: &str| {
            let words: Vec<Vec<u8>> = line.split(' ').map(|word| word.as_bytes().to_vec()).collect();
            ignore_environment(&words)
        };
        for line in [
            "-I",
            "-BE x",
            "-X utf8 -I",
            "-Wx -E",
            "--check-hash-based-pycs never -I -c x",
        ] {
            assert!(ignore(line), "{line}");
        }
        for line in ["", "-", "x -I", "-c -I", "-S -m x -E", "-WI x", "-W E", "-X I -s"] {
            assert!(!ignore(line), "{line}");
        }
    }
}
