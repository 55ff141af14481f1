//! What may stand in a requirements file, as pip and uv read it.

use harness::Run;

use super::{Place, without_uv};
use crate::wheel::wheel;

/// A byte order mark, CRLF, comments, continuations, markers, extras, hashes, variables, and other files.
fn requirements(place: &Place) {
    let wheels = place.path("wheels");
    fs_err::create_dir(&wheels).unwrap();
    let hashed = wheel(
        &wheels,
        "demo_hashed",
        "1.0",
        &[("demo_hashed.py", "V = 'hashed'\n")],
    );
    for version in ["1.0", "2.0"] {
        wheel(
            &wheels,
            "demo_held",
            version,
            &[("demo_held.py", &format!("V = '{version}'\n"))],
        );
    }
    wheel(
        &wheels,
        "demo_other",
        "1.0",
        &[("demo_other.py", "V = 'other'\n")],
    );
    wheel(
        &wheels,
        "demo_extra",
        "1.0",
        &[
            ("demo_extra.py", "V = 'extra'\n"),
            (
                "METADATA",
                "Provides-Extra: more\nRequires-Dist: demo-other; extra == 'more'\n",
            ),
        ],
    );
    let by_url = wheel(
        &place.path("."),
        "demo_url",
        "1.0",
        &[("demo_url.py", "V = 'url'\n")],
    );
    for name in ["dir", "editable", "git"] {
        place
            .named_project(name, &format!("demo-{name}"), "1", "")
            .put(&format!("{name}/src/demo_{name}.py"), &format!("V = '{name}'\n"));
    }
    let commit = "git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm one && git tag v1 && \
        echo \"V = 'later'\" > src/demo_git.py && git -c user.name=a -c user.email=a@b commit -qam two";
    Run::inheriting("sh")
        .args(["-c", commit])
        .directory(place.path("git"))
        .stdout_any()
        .stderr_any()
        .success();
    place.put(
        "hashed.txt",
        &format!("demo-hashed==1.0 \\\n    --hash=sha256:{}\n", sha256(&hashed)),
    );
    place.put("sub/held.txt", "demo-held<2\n");
    place.put("sub/nested.txt", "-c held.txt\ndemo-held  # the older one\n");
    place.put(
        "req.txt",
        &format!(
            "\u{feff}# a comment\r\n-r sub/nested.txt\r\n\r\n--no-index\r\n--find-links ${{WHEELS}}\r\n\
             demo-extra[more] ; python_version >= '3'\r\ndemo-nowhere; sys_platform == 'win32'\r\n\
             ./dir\r\n-e ./editable\r\n{}\r\ngit+file://{}@v1#egg=demo-git\r\n",
            url(&by_url),
            place.path("git").display()
        ),
    );
}

fn url(path: &std::path::Path) -> String {
    format!("demo-url @ file://{}", path.canonicalize().unwrap().display())
}

fn sha256(path: &std::path::Path) -> String {
    let out = Run::inheriting("sha256sum")
        .arg(path)
        .stdout_any()
        .success()
        .out();
    out.split(' ').next().unwrap().to_owned()
}

const CODE: &str = "import importlib.metadata as m
names = ['held', 'extra', 'other', 'dir', 'editable', 'url', 'git']
print(*(__import__('demo_' + name).V for name in names), m.version('demo-editable'))
";

#[test]
fn the_dialect_of_pip() {
    let place = Place::new();
    requirements(&place);
    place.put("p/main.py", CODE);
    place.put("h/main.py", "import demo_hashed; print(demo_hashed.V)\n");
    let pip = without_uv(&place);
    for path in [None, Some(&pip)] {
        let run = |app: &str, file: &str| {
            let mut pack = place.pack(app).requirements(place.path(file));
            if file == "hashed.txt" {
                pack = pack
                    .arg("--no-index")
                    .arg("--find-links")
                    .arg(place.path("wheels"));
            }
            let out = place.path("app.bin");
            let mut command = pack
                .command_to(&out)
                .env("WHEELS", place.path("wheels"))
                .directory(place.path("."));
            if let Some(path) = path {
                command = command.env("PATH", path);
            }
            command.stderr_any()
        };
        let app = || Run::new(place.path("app.bin")).root("empty").tmpfs();
        run("p", "req.txt").success();
        app().stdout("1.0 extra other dir editable url git 1\n").success();
        run("h", "hashed.txt").success();
        app().stdout("hashed\n").success();
        // Another wheel than the one that was hashed.
        let text = fs_err::read_to_string(place.path("hashed.txt")).unwrap();
        let at = text.find("sha256:").unwrap() + "sha256:".len();
        place.put("hashed.txt", &format!("{}{}\n", &text[..at], "0".repeat(64)));
        fs_err::remove_file(place.path("app.bin")).unwrap();
        let said = run("h", "hashed.txt").exits(1);
        assert!(said.err().to_lowercase().contains("hash"), "{}", said.report());
        assert!(!place.path("app.bin").exists());
        place.put("hashed.txt", &text);
    }
}
