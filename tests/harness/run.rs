//! A program to run, on the host or in a root, and what is expected of it.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::expect::Expected;
use crate::paths::{cache, repository};
use crate::process::{Outcome, Started, start};

/// Long enough for a packing with downloads on a slow machine.
const LIMIT: Duration = Duration::from_secs(600);

/// A program, its surroundings and what it should do.
#[derive(Debug, Clone)]
#[must_use = "nothing runs before `success`, `exits`, `killed_by`, `output` or `spawn`"]
pub struct Run {
    program: PathBuf,
    arg0: Option<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    inherit: bool,
    directory: Option<PathBuf>,
    input: Vec<u8>,
    root: Option<String>,
    root_options: Vec<OsString>,
    inside: Option<PathBuf>,
    stdout: Expected,
    stderr: Expected,
}

impl Run {
    /// A program of the host, with an empty environment.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arg0: None,
            arguments: Vec::new(),
            environment: Vec::new(),
            inherit: false,
            directory: None,
            input: Vec::new(),
            root: None,
            root_options: Vec::new(),
            inside: None,
            stdout: Expected::Nothing,
            stderr: Expected::Nothing,
        }
    }

    /// A program with the tests' own environment, but for what would change how Python or pyship behave.
    pub fn inheriting(program: impl Into<PathBuf>) -> Self {
        Self {
            inherit: true,
            ..Self::new(program)
        }
    }

    /// One more argument; bytes, not text.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments
            .extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// The arguments so far.
    #[must_use]
    pub fn words(&self) -> &[OsString] {
        &self.arguments
    }

    /// What the program sees as its own name.
    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.arg0 = Some(name.as_ref().to_owned());
        self
    }

    /// Sets a variable; the last setting of a name counts.
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.environment.retain(|(known, _)| known != name.as_ref());
        self.environment
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Not even the variables that the harness sets by itself.
    pub fn env_clear(mut self) -> Self {
        self.environment.clear();
        self.inherit = false;
        self
    }

    /// Where it starts; in a root, a path inside. Without it, in a directory that is none of the repository's.
    pub fn directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// What it reads.
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Runs it in a root that `tests/tools/make-root` knows, as `/<its file name>`, with none of the environment that
    /// the harness set before.
    pub fn root(mut self, name: &str) -> Self {
        self.root = Some(name.to_owned());
        self.environment.clear();
        if self.inside.is_none() && self.program.is_file() {
            let inside = Path::new("/").join(self.program.file_name().unwrap());
            let bind = format!("{}:{}:ro", self.program.display(), inside.display());
            self.root_options.extend(["--bind".into(), bind.into()]);
            self.inside = Some(inside);
        }
        self
    }

    /// Runs a program of the root itself, with an empty environment.
    pub fn root_of_its_own(mut self, name: &str) -> Self {
        self.inside = Some(self.program.clone());
        self.root(name)
    }

    /// In a root: starts `program` of the root, with the packed file's path there as its first argument's place
    /// of your choice (`/<its file name>`).
    pub fn through<A: AsRef<OsStr>>(mut self, command: impl IntoIterator<Item = A>) -> Self {
        let mut command = command.into_iter().map(|word| word.as_ref().to_owned());
        self.inside = command.next().map(PathBuf::from);
        self.arguments = command.chain(self.arguments).collect();
        self
    }

    /// In a root: user and group.
    #[track_caller]
    pub fn uid(self, uid: u32) -> Self {
        self.root_option(&["--uid", &uid.to_string()])
    }

    /// In a root: without /proc.
    #[track_caller]
    pub fn no_proc(self) -> Self {
        self.root_option(&["--no-proc"])
    }

    /// In a root: without /dev.
    #[track_caller]
    pub fn no_dev(self) -> Self {
        self.root_option(&["--no-dev"])
    }

    /// In a root: with nothing but a loopback interface of its own.
    #[track_caller]
    pub fn no_net(self) -> Self {
        self.root_option(&["--no-net"])
    }

    /// In a root: with a /tmp that anyone may write to.
    #[track_caller]
    pub fn tmpfs(self) -> Self {
        self.root_option(&["--tmpfs"])
    }

    /// In a root: shows a file or directory of the host at `place`.
    #[track_caller]
    pub fn bind(self, source: &Path, place: &str) -> Self {
        self.root_option(&["--bind", &format!("{}:{place}", source.display())])
    }

    #[track_caller]
    fn root_option(mut self, words: &[&str]) -> Self {
        assert!(self.root.is_some(), "`root` comes before {words:?}");
        self.root_options.extend(words.iter().map(OsString::from));
        self
    }

    /// Exactly this on standard output.
    pub fn stdout(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdout = Expected::Exactly(bytes.into());
        self
    }

    /// This somewhere on standard output; may be said several times.
    pub fn stdout_has(mut self, part: &str) -> Self {
        self.stdout.add_part(part);
        self
    }

    /// Standard output is looked at by the test itself.
    pub fn stdout_any(mut self) -> Self {
        self.stdout = Expected::Anything;
        self
    }

    /// Exactly this on standard error.
    pub fn stderr(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stderr = Expected::Exactly(bytes.into());
        self
    }

    /// This somewhere on standard error; may be said several times.
    pub fn stderr_has(mut self, part: &str) -> Self {
        self.stderr.add_part(part);
        self
    }

    /// Standard error is looked at by the test itself.
    pub fn stderr_any(mut self) -> Self {
        self.stderr = Expected::Anything;
        self
    }

    /// Runs it; it has to end with 0 and say what was expected.
    #[track_caller]
    pub fn success(self) -> Outcome {
        self.exits(0)
    }

    /// Runs it; it has to end with this exit code and say what was expected.
    #[track_caller]
    pub fn exits(self, code: i32) -> Outcome {
        let outcome = self.output();
        self.judge(
            outcome,
            |status| status.code() == Some(code),
            &format!("exit with {code}"),
        )
    }

    /// Runs it; it has to be ended by this signal and say what was expected.
    #[track_caller]
    pub fn killed_by(self, signal: Signal) -> Outcome {
        let outcome = self.output();
        self.judge(
            outcome,
            |status| status.signal() == Some(signal.as_raw()),
            &format!("be ended by {signal:?}"),
        )
    }

    /// The outcome, when the status and both streams are right.
    #[track_caller]
    fn judge(&self, outcome: Outcome, is_right: impl FnOnce(ExitStatus) -> bool, wanted: &str) -> Outcome {
        let mut complaints = Vec::new();
        if !is_right(outcome.status) {
            complaints.push(format!("it should {wanted}"));
        }
        complaints.extend(self.stdout.complaint("standard output", &outcome.stdout));
        complaints.extend(self.stderr.complaint("standard error", &outcome.stderr));
        assert!(
            complaints.is_empty(),
            "{}\n{}",
            complaints.join("; "),
            outcome.report()
        );
        outcome
    }

    /// Runs it and judges nothing.
    #[track_caller]
    #[must_use]
    pub fn output(&self) -> Outcome {
        start(self.command(), self.input.clone()).wait(LIMIT)
    }

    /// Starts it.
    #[track_caller]
    #[must_use]
    pub fn spawn(self) -> Running {
        Running {
            started: start(self.command(), self.input.clone()),
            run: self,
        }
    }

    /// The same, started by a Python program that gets `place`, then this command line, as its arguments.
    pub fn measured_by(mut self, script: &str, place: &Path) -> Self {
        let program = std::mem::replace(&mut self.program, crate::interpreters::usual().path.clone());
        let before = [
            "-ISBc".into(),
            script.into(),
            place.as_os_str().to_owned(),
            program.into_os_string(),
        ];
        self.arguments.splice(0..0, before);
        self
    }

    /// The program that is started on the host, and its arguments, for a test that has another program start it.
    #[must_use]
    pub fn command_line(&self) -> (OsString, Vec<OsString>) {
        let command = self.command();
        let arguments = command.get_args().map(OsStr::to_owned).collect();
        (command.get_program().to_owned(), arguments)
    }

    fn command(&self) -> Command {
        let mut command = match &self.root {
            None => self.on_host(),
            Some(root) => self.in_root(root),
        };
        if let Some(arg0) = &self.arg0 {
            command.arg0(arg0);
        }
        command
    }

    fn on_host(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments);
        command.current_dir(self.directory.clone().unwrap_or_else(|| cache("cwd")));
        if self.inherit {
            for (name, _) in std::env::vars_os() {
                let text = name.to_string_lossy();
                let cargo = text.starts_with("CARGO") || text.starts_with("RUST");
                if cargo || text.starts_with("PYTHON") || text.starts_with("PYSHIP") || text == "VIRTUAL_ENV"
                {
                    command.env_remove(&name);
                }
            }
        } else {
            command.env_clear();
        }
        command.envs(self.environment.iter().cloned());
        command
    }

    fn in_root(&self, root: &str) -> Command {
        make_root(root);
        let mut command = Command::new(repository().join("tests/tools/in-root"));
        command.arg(root).args(&self.root_options);
        for (name, value) in &self.environment {
            let mut pair = name.clone();
            pair.push("=");
            pair.push(value);
            command.arg("--env").arg(pair);
        }
        if let Some(directory) = &self.directory {
            command.arg("--cwd").arg(directory);
        }
        command
            .arg("--")
            .arg(self.inside.as_ref().unwrap_or(&self.program))
            .args(&self.arguments);
        command
    }
}

/// Makes the root, if this is the first time that a test needs it: what that has to say is not the program's.
#[track_caller]
fn make_root(root: &str) {
    static MADE: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if made.contains(root) {
        return;
    }
    let output = Command::new(repository().join("tests/tools/make-root"))
        .arg(root)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "failed to make the root `{root}`:\n{said}"
    );
    made.insert(root.to_owned());
}

/// A program that runs.
pub struct Running {
    started: Started,
    run: Run,
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.started.child.id()
    }

    /// What it has written to standard output by now.
    #[must_use]
    pub fn said(&self) -> String {
        self.started.said()
    }

    /// Waits until it has written this to standard output.
    #[track_caller]
    pub fn says(&self, part: &str) {
        let begin = Instant::now();
        while !self.started.has_said(part.as_bytes()) {
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "process {} never said {part:?}",
                self.pid()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    /// Waits; it has to end with this exit code and say what was expected.
    #[track_caller]
    pub fn exits(self, code: i32) -> Outcome {
        let outcome = self.started.wait(LIMIT);
        self.run.judge(
            outcome,
            |status| status.code() == Some(code),
            &format!("exit with {code}"),
        )
    }

    /// Waits; it has to be ended by this signal and say what was expected.
    #[track_caller]
    pub fn killed_by(self, signal: Signal) -> Outcome {
        let outcome = self.started.wait(LIMIT);
        self.run.judge(
            outcome,
            |status| status.signal() == Some(signal.as_raw()),
            &format!("be ended by {signal:?}"),
        )
    }
}
