//! `--arg`: arguments that stand before the caller's.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use anyhow::{Result, ensure};
use pyship_launcher::error::plain;
use pyship_launcher::format::manifest::{Entry, argument};
use pyship_launcher::format::names::{APP_ARGUMENT, APP_CODE};

use crate::hint::WithHint;
use crate::tree::Tree;
use crate::usage::WrongUsage;

/// The arguments as the manifest has them.
///
/// # Errors
/// When there are some and nothing starts that could take them, and when one can't be an argument.
pub(super) fn of(arguments: &[OsString], entry: &Entry) -> Result<Vec<String>> {
    if *entry == Entry::Interpreter && !arguments.is_empty() {
        let what = "failed to use --arg: no app starts, the file behaves like python";
        let wrong = Err(anyhow::Error::new(WrongUsage(what.to_owned())));
        return wrong.hint("name what starts with -m, -e or -c; --option passes an option to python");
    }
    for argument in arguments {
        let shown = argument.to_string_lossy();
        ensure!(
            !argument.as_bytes().contains(&0),
            "failed to use `--arg={}`: it holds a NUL",
            shown.escape_debug()
        );
    }
    Ok(arguments
        .iter()
        .map(|argument| argument::encode(argument.as_bytes()))
        .collect())
}

/// A sentence for each argument that names a file of the app which is not there.
pub(super) fn missing(arguments: &[OsString], tree: &Tree) -> Vec<String> {
    let prefix = format!("{APP_ARGUMENT}/");
    let is_missing = |argument: &&OsString| {
        let below = argument.as_bytes().strip_prefix(prefix.as_bytes());
        below.is_some_and(|path| {
            let path = path.strip_suffix(b"/").unwrap_or(path);
            tree.get([APP_CODE.as_bytes(), b"/", path].concat()).is_none()
        })
    };
    let sentence = |argument: &OsString| {
        let shown = argument.to_string_lossy();
        format!("`--arg={shown}` names a file that is not in the app")
    };
    arguments.iter().filter(is_missing).map(sentence).collect()
}

/// The arguments of a manifest as a shell takes them, for people.
pub(crate) fn shown(arguments: &[String]) -> String {
    let quoted = arguments.iter().map(|text| {
        let bytes = argument::decode(text).unwrap_or_default();
        let text = plain(String::from_utf8_lossy(&bytes).into_owned());
        let is_placeholder = text.contains(APP_ARGUMENT) && !text.contains([' ', '\'', '"']);
        match shlex::try_quote(&text) {
            Ok(quoted) if !is_placeholder => quoted.into_owned(),
            _ => text,
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::{hint, usage};

    fn words(words: &[&[u8]]) -> Vec<OsString> {
        words
            .iter()
            .map(|word| OsString::from_vec(word.to_vec()))
            .collect()
    }

    #[test]
    fn arguments_are_bytes_and_need_an_entry() {
        let module = Entry::Module { name: "m".into() };
        let arguments = words(&[b"-w", b"2 3", b"{app}/a.py", b"\xff"]);
        let texts = of(&arguments, &module).unwrap();
        assert_eq!(texts, ["-w", "2 3", "{app}/a.py", "\0\u{ff}"]);
        assert_eq!(shown(&texts), "-w '2 3' {app}/a.py '\u{fffd}'");
        let error = of(&arguments, &Entry::Interpreter).unwrap_err();
        assert!(usage::is_wrong(&error) && hint::of(&error).is_some());
        assert!(of(&[], &Entry::Interpreter).unwrap().is_empty());
        assert!(of(&words(&[b"a\0"]), &module).is_err());
    }

    #[test]
    fn a_file_of_the_app_that_is_not_there_is_named() {
        let mut tree = Tree::new();
        tree.insert_bytes("code/sub/a.py", &b""[..], false);
        let arguments = words(&[b"{app}/sub/a.py", b"{app}/sub/", b"{app}/b.py", b"{app}"]);
        assert_eq!(
            missing(&arguments, &tree),
            ["`--arg={app}/b.py` names a file that is not in the app"]
        );
    }
}
