use super::*;

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn lines_of(script: &str) -> (Result<(), ChildError>, Vec<String>) {
    let mut found = Vec::new();
    let result = lines(&mut shell(script), &mut |line| found.push(line.to_owned()));
    (result, found)
}

#[test]
fn success_gives_the_output() {
    assert_eq!(output(&mut Command::new("cat"), b"hello").unwrap(), b"hello");
    let large = vec![7; 1 << 20];
    assert_eq!(output(&mut Command::new("cat"), &large).unwrap(), large);
}

#[test]
fn both_streams_come_in_order_and_without_colours() {
    let (result, found) =
        lines_of(r"echo one; printf '\033[1;31mtwo\033[0m\n' >&2; printf '10%%\r90%%\rdone'");
    result.unwrap();
    assert_eq!(found, ["one", "two", "done"]);
}

#[test]
fn a_failure_is_reported_with_command_ending_and_output() {
    let expected =
        "failed to run `sh -c 'echo no such thing >&2; exit 3'`: it exited with code 3\n  no such thing";
    let script = "echo no such thing >&2; exit 3";
    assert_eq!(lines_of(script).0.unwrap_err().to_string(), expected);
    let error = output(&mut shell(script), b"unread").unwrap_err();
    assert_eq!(error.to_string(), expected);
    let error = output(&mut shell("kill -9 $$"), b"").unwrap_err().to_string();
    assert!(
        error.ends_with("`: it was killed by signal 9 (SIGKILL)"),
        "{error}"
    );
}

#[test]
fn a_missing_program_is_named() {
    let missing = || Command::new("/nowhere/python3");
    let errors = [
        output(&mut missing(), b"").unwrap_err(),
        lines(&mut missing(), &mut |_| ()).unwrap_err(),
    ];
    for error in errors.map(|error| error.to_string()) {
        assert!(
            error.starts_with("failed to start `/nowhere/python3`: No such file"),
            "{error}"
        );
    }
}

#[test]
fn of_a_long_output_the_end_is_kept() {
    let (result, found) = lines_of("seq 1 50000; exit 1");
    assert_eq!(found.len(), 50_000);
    let message = result.unwrap_err().to_string();
    assert!(
        message.ends_with("\n  50000") && message.lines().count() == TAIL_LINES + 1,
        "{message}"
    );
}

#[test]
fn command_lines_are_quoted_and_hold_no_passwords_and_no_programs() {
    let mut command = Command::new("uv");
    command.args([
        "--index-url",
        "https://me:secret@host/simple?token=secret",
        "--find-links=https://host/a@b",
        "file:///home/me/it's here",
        "import sys\nprint(sys.path)",
    ]);
    assert_eq!(
        command_line(&command),
        r#"uv --index-url 'https://***@host/simple' '--find-links=https://host/a@b' "file:///home/me/it's here" …"#
    );
}
