//! A process of the interpreter that runs `compile.py`: it reads sources and writes code objects.

use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ExitStatus, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::child;
use crate::environment::Environment;
use crate::interpreter::Interpreter;
use crate::tree::Content;

const SCRIPT: &str = include_str!("compile.py");
/// No code object is larger.
const MAX_ANSWER: u64 = 1 << 30;

/// The result for a source: hash and code, or why it doesn't compile.
pub(super) type Outcome = Result<Vec<u8>, String>;

/// What a process answered before it ended.
pub(super) struct Answers {
    /// In the order of the sources; fewer when it crashed.
    pub(super) outcomes: Vec<Outcome>,
    /// How it ended.
    pub(super) status: ExitStatus,
}

/// What was received, if the process got so far, and what it wrote to its standard error.
type Conversation = (Result<Option<Vec<Outcome>>>, Vec<u8>);

/// Sources to compile: their paths in the layer, and their content.
pub(super) type Sources<'a, 's> = dyn Iterator<Item = (&'s [u8], &'s Content)> + Send + 'a;

/// Compiles `sources` in one process.
///
/// # Errors
/// When a source can't be read, the process can't be started, or it ends before the first answer.
pub(super) fn run(
    interpreter: &Interpreter,
    environment: &Environment,
    sources: &mut Sources<'_, '_>,
) -> Result<Answers> {
    let mut command = environment.command(&interpreter.executable);
    // The order of sets depends on the hash seed, which `-I` would ignore.
    command
        .env("PYTHONHASHSEED", "0")
        .args(["-s", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c", SCRIPT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let ended = child::run(&mut command, |_, child| converse(child, interpreter, sources))?;
    let failure = ended.failure(&command);
    let outcomes = ended.value?.ok_or(failure)?;
    let status = ended.status;
    Ok(Answers { outcomes, status })
}

/// Sends and receives at once, since a pipe holds 64 KiB only. Returns the outcomes, if there are any, and the
/// standard error.
///
/// # Errors
/// When a thread can't be started.
fn converse(
    child: &mut Child,
    interpreter: &Interpreter,
    sources: &mut Sources<'_, '_>,
) -> io::Result<Conversation> {
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(stdout), stderr) = pipes else {
        return Err(io::Error::other("failed to open the compiler's pipes"));
    };
    std::thread::scope(|scope| {
        let errors = child::beside(scope, child, move || child::all_of(stderr))?;
        let sending = child::beside(scope, child, move || send(stdin, sources))?;
        let received = receive(stdout, interpreter);
        let sent = sending
            .join()
            .unwrap_or_else(|_| bail!("failed to send sources to the compiler"));
        Ok((sent.and(received), errors.join().unwrap_or_default()))
    })
}

/// Fails when a source can't be read; that the process ended is noticed by the receiver.
fn send(mut pipe: ChildStdin, sources: &mut Sources<'_, '_>) -> Result<()> {
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
            "failed to compile: `{}` was replaced by another interpreter during the pack",
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

/// One message; `None` at the end of the pipe, also within a message.
fn message(pipe: &mut impl Read) -> Result<Option<(u8, Vec<u8>)>> {
    let mut head = [0; 9];
    if pipe.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [kind, length @ ..] = head;
    let length = u64::from_le_bytes(length);
    ensure!(
        length <= MAX_ANSWER,
        "failed to compile: the compiler printed something else than bytecode"
    );
    let mut data = Vec::new();
    pipe.take(length).read_to_end(&mut data)?;
    Ok((data.len() as u64 == length).then_some((kind, data)))
}
