//! Every example, packed and run: on the host with an empty environment, and in a root that holds busybox, the
//! host's C library and the file, as a user without a name, with and without network. What plain Python prints
//! in a virtual environment is what the packed file has to print.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use harness::{Pack, Packed, Run, Running, Venv, interpreters, repository};
use rustix::process::Signal;

use crate::support::{on_host, on_host_with};

struct Example {
    directory: &'static str,
    main: &'static str,
    packages: bool,
}

const HELLO: Example = Example {
    directory: "examples/hello",
    main: "hello.py",
    packages: false,
};
const FASTAPI: Example = Example {
    directory: "examples/fastapi",
    main: "main.py",
    packages: true,
};
const SCI: Example = Example {
    directory: "examples/numpy-pandas",
    main: "main.py",
    packages: true,
};
const NET: Example = Example {
    directory: "examples/requests-pymysql",
    main: "main.py",
    packages: true,
};
const PROCESSES: Example = Example {
    directory: "examples/multiprocessing",
    main: "main.py",
    packages: false,
};

impl Example {
    fn requirements(&self) -> Option<String> {
        self.packages
            .then(|| format!("{}/requirements.txt", self.directory))
    }

    fn pack(&self) -> Packed {
        let pack = match self.main {
            "main.py" => Pack::new(self.directory),
            script => Pack::new(format!("{}/{script}", self.directory)),
        };
        match self.requirements() {
            Some(file) => pack.requirements(file).run(),
            None => pack.run(),
        }
    }

    /// What plain Python prints, started in the example's directory.
    fn plain_output(&self) -> String {
        let venv = Venv::new(interpreters::usual(), self.requirements().as_deref());
        let run = venv.python().env("PYTHONDONTWRITEBYTECODE", "1").arg(self.main);
        run.directory(repository().join(self.directory))
            .stdout_any()
            .success()
            .out()
    }

    /// The same output everywhere.
    fn prints_the_same_everywhere(&self) {
        let wanted = self.plain_output();
        let packed = self.pack();
        on_host(&packed).stdout(wanted.clone()).success();
        bare(&packed).stdout(wanted.clone()).success();
        bare(&packed).no_net().stdout(wanted).success();
    }
}

fn bare(packed: &Packed) -> Run {
    packed.run().root("bare").uid(65534).tmpfs()
}

#[test]
fn hello() {
    HELLO.prints_the_same_everywhere();
    assert_eq!(
        HELLO.plain_output(),
        format!("hello, world, from Python {}\n", interpreters::usual().full())
    );
}

#[test]
fn numpy_and_pandas() {
    SCI.prints_the_same_everywhere();
    assert!(SCI.plain_output().starts_with("solve: 0.80 1.40\n"));
}

#[test]
fn requests_and_pymysql() {
    NET.prints_the_same_everywhere();
    assert!(NET.plain_output().contains("GET /hello?a=1: 200\n"));
}

#[test]
fn multiprocessing() {
    PROCESSES.prints_the_same_everywhere();
    let said = PROCESSES.plain_output();
    assert!(said.lines().count() == 7 && !said.contains("failed"), "{said}");
}

#[test]
fn multiprocessing_on_every_minor_version() {
    let wanted = PROCESSES.plain_output();
    for interpreter in interpreters::each_minor() {
        let packed = Pack::new(PROCESSES.directory).python(interpreter).run();
        packed.run().stdout(wanted.clone()).success();
    }
}

#[test]
fn fastapi_on_the_host() {
    let packed = FASTAPI.pack();
    let port = free_port();
    let running = on_host_with(&packed, &format!("PORT={port}"))
        .stdout_any()
        .stderr_any()
        .spawn();
    serves(&running, &port);
    running.signal(Signal::TERM);
    running.killed_by(Signal::TERM);
}

#[test]
fn fastapi_ends_as_plain_python_does() {
    let venv = Venv::new(interpreters::usual(), FASTAPI.requirements().as_deref());
    let port = free_port();
    let plain = venv
        .python()
        .arg("main.py")
        .directory(repository().join(FASTAPI.directory));
    let plain = plain
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PORT", &port)
        .stdout_any()
        .stderr_any()
        .spawn();
    serves(&plain, &port);
    plain.signal(Signal::TERM);
    plain.killed_by(Signal::TERM);
}

#[test]
fn fastapi_in_a_bare_root() {
    let packed = FASTAPI.pack();
    for network in [true, false] {
        // Who asks has to be in the same network: busybox, which is all that is there.
        let script = "/fastapi.bin >/tmp/log 2>&1 & server=$!\n\
            for try in $(seq 200); do\n\
                if wget -q -O - http://127.0.0.1:$PORT/ 2>/dev/null; then break; fi\n\
                sleep 0.1\n\
            done\n\
            echo; wget -q -O - http://127.0.0.1:$PORT/items/7?loud=true; echo\n\
            kill -TERM $server; wait $server; code=$?\n\
            [ $code = 143 ] || cat /tmp/log; exit $code";
        let run = bare(&packed).env("PORT", free_port());
        let run = if network { run } else { run.no_net() };
        let run = run.through(["/bin/sh", "-c", script]);
        let wanted = "{\"message\":\"Hello from one file\"}\n{\"number\":7,\"name\":\"ITEM 7\"}\n";
        run.stdout(wanted).stderr_any().exits(143);
    }
}

#[test]
fn fastapi_by_uvicorns_own_command_line_and_with_workers() {
    let packed = Pack::new(FASTAPI.directory).requirements("examples/fastapi/requirements.txt");
    let packed = packed.args(["-m", "uvicorn"]).called("uvicorn.bin").run();
    for workers in ["1", "2"] {
        let port = free_port();
        let arguments = ["app.main:app", "--port", &port, "--workers", workers];
        let running = packed.run().args(arguments).stdout_any().stderr_any().spawn();
        serves(&running, &port);
        running.signal(Signal::TERM);
        if workers == "1" {
            running.killed_by(Signal::TERM);
        } else {
            // The supervisor of several workers ends by itself.
            running.exits(0);
        }
    }
}

pub(crate) fn free_port() -> String {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string()
}

/// Asks until there is an answer, which has to be the right one.
pub(crate) fn serves(running: &Running, port: &str) {
    let begin = Instant::now();
    loop {
        if let Some(answer) = ask(port) {
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
            assert!(
                answer.ends_with("{\"message\":\"Hello from one file\"}"),
                "{answer}"
            );
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "no answer from process {}",
            running.pid()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn ask(port: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    (!answer.is_empty()).then_some(answer)
}
