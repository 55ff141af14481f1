//! `PYSHIP=run NAME ARGUMENTS`: one of the file's commands, by its name.

use super::entry::last_part;
use crate::bytes::as_path;
use crate::error::{Error, Kind, Result};
use crate::format::record::{Entry, Record};

/// The arguments by which [`app`](super::app) runs the command that `arguments` begin with: those of a program that
/// starts itself again.
///
/// # Errors
/// When they begin with no command's name.
pub fn command(record: &Record, arguments: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let commands = match &record.entry {
        Entry::Commands(commands) => commands.as_slice(),
        _ => &[],
    };
    if let [name, rest @ ..] = arguments
        && let Some(found) = commands.iter().find(|one| last_part(&one.path) == name)
    {
        let own = std::slice::from_ref(&found.path);
        return Ok([own, &record.arguments, rest].concat());
    }
    let shown = |name: &[u8]| as_path(name).display().to_string();
    let what = arguments
        .first()
        .map_or_else(|| "a command".to_owned(), |name| format!("`{}`", shown(name)));
    let names: Vec<String> = commands.iter().map(|one| shown(last_part(&one.path))).collect();
    let message = match names.is_empty() {
        true => format!("failed to run {what}: the file has no commands"),
        false => format!(
            "failed to run {what}: the file's commands are: {}",
            names.join(", ")
        ),
    };
    Err(Error::new(Kind::Other, message).hint("call it as PYSHIP=run FILE COMMAND [ARGUMENTS...]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::record::Command;

    #[test]
    fn a_command_is_found_by_its_name() {
        let command_at = |path: &[u8]| Command {
            path: path.to_vec(),
            python: true,
        };
        let record = Record {
            entry: Entry::Commands(vec![command_at(b"/a/bin/one"), command_at(b"/a/bin/two")]),
            arguments: vec![b"-v".to_vec()],
            ..Record::default()
        };
        let run = |words: &[&str]| {
            let words: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
            command(&record, &words)
        };
        let want: [&[u8]; 4] = [b"/a/bin/two", b"-v", b"x", b"-v"];
        assert_eq!(run(&["two", "x", "-v"]).unwrap(), want);
        let said = |words: &[&str]| run(words).unwrap_err().message;
        assert_eq!(
            said(&["x"]),
            "failed to run `x`: the file's commands are: one, two"
        );
        assert!(said(&[]).starts_with("failed to run a command: "));
    }
}
