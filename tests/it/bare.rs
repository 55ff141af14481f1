//! Names, certificates, terminals, time and locales where the system has none of its own, and that nothing of it
//! changes a system that has them.

use std::path::{Path, PathBuf};

use harness::{Interpreter, Pack, Packed, Run, interpreters, scratch};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::systems::{ROOTS, each_way};

fn bare(interpreter: &Interpreter) -> Packed {
    Pack::new("tests/apps/bare")
        .python(interpreter)
        .with("tzdata")
        .run()
}

fn usual() -> Packed {
    bare(interpreters::usual())
}

fn ask(run: Run, words: &[&str]) -> Value {
    run.args(words).stdout_any().success().json()
}

/// What holds on every system; `code` is glibc's for a name that can't be looked up.
fn copes(report: &Value, what: &str) {
    let names = &report["names"];
    let addresses = names["localhost"].as_array().unwrap();
    assert!(addresses.contains(&json!("127.0.0.1")), "{what}: {names}");
    assert_eq!(names["inet"], json!(["127.0.0.1"]), "{what}");
    assert_eq!(
        names["gethostbyname"],
        json!(["127.0.0.1", "127.0.0.1"]),
        "{what}"
    );
    assert_eq!(names["talks"], json!([0, "127.0.0.1"]), "{what}");
    assert_eq!(names["number"], json!(["gaierror", -2]), "{what}");
    for name in ["service", "other", "connect"] {
        assert_eq!(names[name][0], "gaierror", "{what}: {name}: {names}");
    }
    assert_eq!(names["services"], json!([80, 443, "https"]), "{what}");
    assert_eq!(names["protocols"], json!([6, 17]), "{what}");
    for name in ["no_service", "no_protocol"] {
        assert_eq!(names[name], json!(["OSError", null]), "{what}: {name}");
    }
    assert_eq!(report["locale"], "C.UTF-8", "{what}");
    assert_eq!(report["no_locale"], "unsupported locale setting", "{what}");
    assert_eq!(report["offset"], 3600.0, "{what}");
    assert_eq!(report["sqlite"], 42, "{what}");
    for (name, said) in report["terminals"].as_object().unwrap() {
        assert_eq!(*said, json!(["True", "False", "None", "none"]), "{what}: {name}");
    }
    assert_eq!(report["no_terminal"], 1, "{what}");
    assert_eq!(report["leaked"], json!([]), "{what}");
}

#[test]
fn names_terminals_time_and_locales_everywhere() {
    let packed = usual();
    for root in ROOTS {
        each_way(&packed, root, |run| {
            copes(&ask(run.no_net().stderr_any(), &["system"]), root);
        });
    }
}

#[test]
fn on_every_minor_version() {
    let own = Authority::new();
    for interpreter in interpreters::each_minor() {
        let packed = bare(interpreter);
        let empty = || packed.run().root("empty").uid(65534).tmpfs().no_net();
        let what = interpreter.full();
        copes(&ask(empty().stderr_any(), &["system"]), &what);
        let run = own.shown(empty(), Some("/etc/pki/tls/certs/ca-bundle.crt"));
        assert_eq!(ask(run, &HTTPS)["answer"], "over TLS", "{what}");
        copes(&ask(packed.run().stderr_any(), &["system"]), &what);
    }
}

/// Without `HOME` and `/etc/passwd` there is still a home directory and a user's name; where the system or the caller says
/// them, these count.
#[test]
fn a_home_and_a_user_where_nothing_names_them() {
    let (place, packed) = (scratch(), usual());
    let empty = |uid: u32| packed.run().root("empty").env_clear().uid(uid).tmpfs();
    for (uid, name) in [(0, "root"), (65534, "65534")] {
        let said = ask(empty(uid), &["user"]);
        assert_eq!(
            said,
            json!({"HOME": "/", "home": "/", "child": "/", "user": name})
        );
        let said = ask(empty(uid).env("HOME", "/tmp").env("LOGNAME", "ada"), &["user"]);
        assert_eq!(
            said,
            json!({"HOME": "/tmp", "home": "/tmp", "child": "/tmp", "user": "ada"})
        );
    }
    let users = place.path().join("passwd");
    fs_err::write(&users, "ada:x:0:0:Ada:/tmp:/bin/sh\n").unwrap();
    let said = ask(empty(0).bind(&users, "/etc/passwd:ro"), &["user"]);
    assert_eq!(
        said,
        json!({"HOME": null, "home": "/tmp", "child": "/tmp", "user": "ada"})
    );
}

#[test]
fn a_systems_own_hosts_count() {
    let place = scratch();
    let hosts = place.path().join("hosts");
    fs_err::write(&hosts, "127.0.0.5 localhost\n").unwrap();
    let run = usual().run().root("empty").tmpfs().bind(&hosts, "/etc/hosts:ro");
    let report = ask(run, &["names"]);
    assert_eq!(report["localhost"], json!(["127.0.0.5"]));
    assert_eq!(report["gethostbyname"], json!(["127.0.0.5", "127.0.0.5"]));
    assert_eq!(report["talks"], json!([0, "127.0.0.5"]));
}

#[test]
fn a_screen_is_drawn_where_no_terminal_is_described() {
    let packed = usual();
    let (program, words) = packed
        .run()
        .root("empty")
        .tmpfs()
        .env("TERM", "xterm-256color")
        .arg("screen")
        .command_line();
    // Python's own pty module gives it a terminal.
    let code = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))";
    Run::inheriting(&interpreters::usual().path)
        .args(["-c", code])
        .arg(program)
        .args(words)
        .stdout_has("in the screen")
        .stdout_has("colors 256 False")
        .success();
}

/// A certificate authority, and a server's certificate that it has signed.
struct Authority {
    place: TempDir,
}

const HTTPS: [&str; 2] = ["https", "/certificates/server.pem"];

impl Authority {
    fn new() -> Self {
        let place = scratch();
        // With all that Python 3.13 insists on.
        let script = "exec 2>log; set -e\n\
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 \
                -subj '/CN=an authority of the test' -addext keyUsage=critical,keyCertSign -keyout ca.key -out ca.pem\n\
            openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
                -subj /CN=localhost -keyout server.key -out server.csr\n\
            printf '%s\\n' subjectAltName=DNS:localhost,IP:127.0.0.1 authorityKeyIdentifier=keyid \
                subjectKeyIdentifier=hash basicConstraints=CA:FALSE >extensions\n\
            openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 \
                -extfile extensions -out server.crt\n\
            cat server.key server.crt >server.pem; chmod -R a+rX .";
        Run::inheriting("sh")
            .args(["-c", script])
            .directory(place.path())
            .success();
        Self { place }
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("ca.pem")
    }

    /// The server's certificate in a root, and the authority's where a system would keep it.
    fn shown(&self, run: Run, store: Option<&str>) -> Run {
        let run = run.bind(self.place.path(), "/certificates:ro");
        match store {
            Some(store) => run.bind(&self.file(), &format!("{store}:ro")),
            None => run,
        }
    }
}

#[test]
fn certificates_are_the_hosts_wherever_it_keeps_them() {
    let own = Authority::new();
    let (plain, with_ca) = (
        usual(),
        Pack::new("tests/apps/bare").with("tzdata").arg("--with-ca").run(),
    );
    let stores = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
        // OpenSSL's own.
        "/usr/lib/ssl/cert.pem",
    ];
    for packed in [&plain, &with_ca] {
        for store in stores {
            let run = own.shown(packed.run().root("empty").tmpfs(), Some(store));
            let wanted = json!({"answer": "over TLS", "count": 1, "cafile": store});
            assert_eq!(ask(run, &HTTPS), wanted, "{store}");
        }
    }
}

#[test]
fn certificates_of_the_caller_count() {
    let own = Authority::new();
    let packed = Pack::new("tests/apps/bare").with("tzdata").arg("--with-ca").run();
    let run = own.shown(packed.run().root("empty").tmpfs(), None);
    let said = ask(run.env("SSL_CERT_FILE", "/certificates/ca.pem"), &HTTPS);
    assert_eq!((&said["answer"], &said["count"]), (&json!("over TLS"), &json!(1)));
    // And nothing else does then.
    let run = own.shown(
        packed.run().root("empty").tmpfs(),
        Some("/etc/ssl/certs/ca-certificates.crt"),
    );
    let said = ask(run.env("SSL_CERT_FILE", "/nowhere"), &HTTPS);
    assert_eq!(
        (&said["answer"], &said["count"]),
        (&json!("not trusted"), &json!(0))
    );
}

#[test]
fn certifi_is_used_where_the_host_has_none() {
    let own = Authority::new();
    let with_ca = Pack::new("tests/apps/bare").with("tzdata").arg("--with-ca").run();
    for (packed, wanted) in [(usual(), 0), (with_ca, 100)] {
        let said = ask(own.shown(packed.run().root("empty").tmpfs(), None), &HTTPS);
        assert_eq!(said["answer"], "not trusted");
        let count = said["count"].as_u64().unwrap();
        assert!(
            count >= wanted && (wanted > 0 || count == 0),
            "{count}, not {wanted}"
        );
        assert_eq!(said["cafile"].is_string(), wanted > 0, "{said}");
    }
}

/// A store that is there, but is of no use: no failure, and the next one counts.
#[test]
fn a_store_that_holds_nothing_is_passed_over() {
    let own = Authority::new();
    let nothing = own.place.path().join("nothing");
    fs_err::write(&nothing, "").unwrap();
    let run = own.shown(
        usual().run().root("empty").tmpfs(),
        Some("/etc/pki/tls/certs/ca-bundle.crt"),
    );
    let run = run.bind(&nothing, "/etc/ssl/certs/ca-certificates.crt:ro");
    // A directory without hashed names, where OpenSSL finds nothing.
    let run = run.bind(Path::new(&nothing), "/usr/lib/ssl/certs/README:ro");
    assert_eq!(ask(run, &HTTPS)["answer"], "over TLS");
}
