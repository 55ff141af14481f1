//! One process of the target's interpreter that runs `compile.py`: sources go in, answers come out.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::child::{ChildError, End, command_line, tail_of};
use crate::environment::Environment;
use crate::interpreter::Interpreter;
use crate::tree::Content;

const SCRIPT: &str = include_str!("compile.py");
/// No code object is larger.
const MAX_ANSWER: u64 = 1 << 30;

/// What came of a source: hash and code, or why there is none.
pub(super) type Outcome = Result<Vec<u8>, String>;

/// What a process answered before it ended.
pub(super) struct Answers {
    /// In the order of the sources; fewer when it died.
    pub(super) outcomes: Vec<Outcome>,
    /// How it ended.
    pub(super) status: ExitStatus,
}

/// Has `sources` compiled by one process.
pub(super) fn run<'a>(
    interpreter: &Interpreter,
    environment: &Environment,
    sources: &mut (dyn Iterator<Item = (&'a [u8], &'a Content)> + Send),
) -> Result<Answers> {
    let mut command = environment.command(&interpreter.executable);
    // `-I` would have the hash seed ignored, on which the order of sets depends.
    command.env("PYTHONHASHSEED", "0");
    command.args(["-s", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c"]);
    let line = command_line(&command) + " …";
    command
        .arg(SCRIPT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let failed = |end: End, said: &[u8]| ChildError {
        command: line.clone(),
        end,
        tail: tail_of(said),
    };
    let mut child = command
        .spawn()
        .map_err(|error| failed(End::NotStarted(error), b""))?;
    let (sent, received, complaints) = converse(&mut child, interpreter, sources)?;
    let status = child.wait()?;
    sent?;
    match received? {
        Some(outcomes) => Ok(Answers { outcomes, status }),
        None => Err(failed(End::Status(status), &complaints).into()),
    }
}

type Conversation = (Result<()>, Result<Option<Vec<Outcome>>>, Vec<u8>);

/// Sends and receives at once; a pipe holds 64 KiB, so one after the other would wait for ever.
fn converse<'a>(
    child: &mut Child,
    interpreter: &Interpreter,
    sources: &mut (dyn Iterator<Item = (&'a [u8], &'a Content)> + Send),
) -> Result<Conversation> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), Some(mut stderr)) = pipes else {
        bail!("failed to open the compiler's pipes")
    };
    Ok(std::thread::scope(|scope| {
        let sending = scope.spawn(move || send(stdin, sources));
        let listening = scope.spawn(move || {
            let mut said = Vec::new();
            // What can't be read can't be reported either.
            stderr
                .read_to_end(&mut said)
                .map_or_else(|_| Vec::new(), |_| said)
        });
        let received = receive(stdout, interpreter);
        let sent = sending
            .join()
            .unwrap_or_else(|_| bail!("failed to send sources to the compiler"));
        (sent, received, listening.join().unwrap_or_default())
    }))
}

/// An error here is one of reading a source; a process that stopped listening is the receiver's matter.
fn send<'a>(
    mut pipe: ChildStdin,
    sources: &mut (dyn Iterator<Item = (&'a [u8], &'a Content)> + Send),
) -> Result<()> {
    for (path, content) in sources {
        let source = content
            .read()
            .with_context(|| format!("failed to read `{}`", String::from_utf8_lossy(path)))?;
        let mut head = Vec::with_capacity(16 + path.len());
        head.extend_from_slice(&(path.len() as u64).to_le_bytes());
        head.extend_from_slice(&(source.len() as u64).to_le_bytes());
        head.extend_from_slice(path);
        if pipe
            .write_all(&head)
            .and_then(|()| pipe.write_all(&source))
            .is_err()
        {
            break;
        }
    }
    Ok(())
}

/// `None` when the process ended before it was ready.
fn receive(pipe: impl Read, interpreter: &Interpreter) -> Result<Option<Vec<Outcome>>> {
    let mut pipe = std::io::BufReader::with_capacity(1 << 20, pipe);
    let facts = &interpreter.facts;
    match message(&mut pipe)? {
        Some((b'r', greeting)) => ensure!(
            greeting == [&facts.magic, facts.cache_tag.as_bytes()].concat(),
            "failed to compile: `{}` isn't the interpreter that it was when it was looked at",
            interpreter.executable.display()
        ),
        _ => return Ok(None),
    }
    let mut outcomes = Vec::new();
    while let Some((kind, data)) = message(&mut pipe)? {
        outcomes.push(match kind {
            b'c' => Ok(data),
            _ => Err(String::from_utf8_lossy(&data).into_owned()),
        });
    }
    Ok(Some(outcomes))
}

/// One message; `None` at the end, also when that comes in the middle of one.
fn message(pipe: &mut impl Read) -> Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 9];
    if pipe.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [kind, length @ ..] = head;
    let length = u64::from_le_bytes(length);
    ensure!(
        length <= MAX_ANSWER,
        "failed to compile: the compiler's answer makes no sense"
    );
    let mut data = Vec::new();
    pipe.take(length).read_to_end(&mut data)?;
    Ok((data.len() as u64 == length).then_some((kind, data)))
}
