//! Seeds for the packer's readers of text, and of ELF files.

use super::{Seeds, accepted, refused};

/// The seeds of a target.
pub(super) fn seeds(target: &str) -> Seeds {
    match target {
        "metadata" => metadata(),
        "installed" => installed(),
        "requirement" => requirement(),
        "requirements" => requirements(),
        "elf" => elf(),
        "signature" => signature(),
        "project" => project(),
        "script" => script(),
        _ => panic!("the target {target} has no seeds"),
    }
}

fn metadata() -> Seeds {
    let text = "Metadata-Version: 2.1\nName: one\nVersion: 1.0\nLicense: MIT\n\
        Classifier: License :: OSI Approved :: MIT License\n\
        Requires-Dist: other[fast]>=1 ; python_version >= \"3.8\" and extra == \"fast\"\n\
        Requires-Dist: one (<2)\nProvides-Extra: fast\n\nA text.\n";
    let marker = "python_version > '3' or ".repeat(60);
    let long = format!("Name: one\nRequires-Dist: other; {marker}os_name == 'x'\n");
    let folded = "Name: one\nSummary: =?utf-8?q?=C3=A9?=\n more\nRequires-Dist: other;\n extra == 'x'\n";
    vec![
        accepted("sound", text.into()),
        accepted("long-marker", long.into_bytes()),
        accepted("folded", folded.into()),
        refused("empty", Vec::new()),
        refused("no-headers", b"\n\n\xff\xff".to_vec()),
    ]
}

fn installed() -> Seeds {
    let text = "one.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\
        \"a,b.py\",,\n../../../bin/one,sha256=x,10\n/etc/passwd,,\n../../../../out,,\none-1.dist-info/RECORD,,\n";
    vec![
        accepted("sound", text.into()),
        accepted("empty", Vec::new()),
        accepted("quotes", b"\"a\"\"b\",\"\",\n\"open,,\n".to_vec()),
        refused("no-utf-8", b"\xff,,\n".to_vec()),
    ]
}

fn requirement() -> Seeds {
    vec![
        accepted("plain", b"six".to_vec()),
        accepted(
            "full",
            b"six[a,b] >=1.0, !=1.5 ; python_version >= '3.9' and (extra == 'x' or os_name == 'posix')"
                .to_vec(),
        ),
        accepted("url", b"six @ https://host/six-1.0-py3-none-any.whl".to_vec()),
        refused("letter", "s\u{e9}x".into()),
        refused("deep", ["six; ", &"(".repeat(500), "a"].concat().into_bytes()),
        refused("no-name", b">=1".to_vec()),
    ]
}

fn requirements() -> Seeds {
    let text = "# comment\nsix==1.17 ; python_version > '3' \\\n    --hash=sha256:00 # more\n-r more.txt\n\
        -c limits.txt\n-e ./dir\n--find-links wheels\n--index-url https://host/simple\n./one-1.0-py3-none-any.whl\n\
        one @ file:///tmp/one\n--no-such option\n";
    vec![
        accepted("sound", text.into()),
        accepted("bom", b"\xef\xbb\xbfsix\r\nother\r\n".to_vec()),
        refused("empty", Vec::new()),
        refused("comments", b"# six\n   # more \\\n".to_vec()),
    ]
}

/// Shared libraries that a C compiler made of a few lines: with a search path, and with debug information.
fn elf() -> Seeds {
    let shared = include_bytes!("samples/shared.so");
    let debug = include_bytes!("samples/debug.so");
    let cut = |length: usize| shared[..length].to_vec();
    vec![
        accepted("shared", shared.to_vec()),
        accepted("debug", debug.to_vec()),
        refused("cut", cut(1000)),
        refused("header", cut(64)),
        refused("magic", cut(4)),
        refused("script", b"#!/bin/sh\n".to_vec()),
    ]
}

fn signature() -> Seeds {
    let sound = include_bytes!("samples/file.minisig");
    let text = String::from_utf8_lossy(sound);
    let lines = |count: usize| {
        text.lines()
            .take(count)
            .map(|line| format!("{line}\n"))
            .collect::<String>()
    };
    vec![
        accepted("sound", sound.to_vec()),
        refused("half", lines(2).into_bytes()),
        refused("no-global", lines(3).into_bytes()),
        refused("other-comment", text.replace("app.bin", "other").into_bytes()),
        refused("empty", Vec::new()),
    ]
}

fn project() -> Seeds {
    let text = "[project]\nname = 'demo'\nversion = '1.2'\nrequires-python = '>=3.9'\ndependencies = ['six']\n\
        [project.scripts]\ndemo = 'demo.cli:main'\n[project.optional-dependencies]\nfast = ['x']\n\
        [dependency-groups]\ndev = ['pytest', { include-group = 'more' }]\nmore = []\n\
        [build-system]\nrequires = []\n[tool.uv.sources]\nsix = { path = '../six' }\n[tool.ruff]\nx = 1\n\
        [tool.pyship]\nmodule = 'demo'\nlevel = 9\ninclude = ['a:b']\nset-env = { A = 'b' }\n";
    let deep = ["a = ", &"[".repeat(3_000)].concat();
    vec![
        accepted("sound", text.replace("set-env = { A = 'b' }\n", "").into()),
        accepted("empty", Vec::new()),
        refused("unknown-option", text.replace("module", "modul\u{1b}").into()),
        refused("type", b"[tool.pyship]\nlevel = 'high'\n".to_vec()),
        refused("no-toml", b"[tool.pyship\n".to_vec()),
        refused("deep", deep.into_bytes()),
        refused("no-utf-8", b"a = '\xff'".to_vec()),
    ]
}

fn script() -> Seeds {
    let text = "#!/usr/bin/env python3\n# /// script\n# requires-python = '>=3.11'\n# dependencies = ['six']\n#\n\
        # [tool.pyship]\n# level = 3\n# ///\nimport six\n";
    vec![
        accepted("sound", text.into()),
        refused("none", b"print(1)\n".to_vec()),
        refused("twice", text.repeat(2).into_bytes()),
        refused("wrong", text.replace("['six']", "3").into_bytes()),
    ]
}
