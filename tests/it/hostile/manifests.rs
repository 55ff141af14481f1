//! Manifests and trailers that say what can't be.

use pyship_launcher::format::manifest::{Command, Entry, Layer, Manifest};
use pyship_launcher::format::trailer::Trailer;

use super::{Bench, Where};

#[track_caller]
fn refused(reason: &str, change: impl FnOnce(&mut Manifest)) {
    let bench = Bench::new();
    let file = bench.base.write_manifest(&bench.file(), change);
    bench.refused(&file, Where::Manifest, reason);
}

#[track_caller]
fn refused_text(reason: &str, from: &str, to: &str) {
    let bench = Bench::new();
    let file = bench.base.write_json(&bench.file(), |json| {
        let text = String::from_utf8(json).unwrap();
        assert!(text.contains(from), "{from} is not in {text}");
        text.replacen(from, to, 1).into_bytes()
    });
    bench.refused(&file, Where::Manifest, reason);
}

#[track_caller]
fn refused_trailer(change: impl FnOnce(&mut Trailer)) {
    let bench = Bench::new();
    let file = bench.base.write_trailer(&bench.file(), change);
    bench.refused(&file, Where::Manifest, "failed to read the packed file: ");
}

fn app(manifest: &mut Manifest) -> &mut Layer {
    manifest.layers.last_mut().unwrap()
}

#[test]
fn layers_that_overlap_or_lie_elsewhere() {
    const PLACE: &str = "has an impossible offset for layer `app`";
    refused(PLACE, |manifest| app(manifest).offset = manifest.layers[0].offset);
    refused(PLACE, |manifest| app(manifest).offset -= 1);
    refused(PLACE, |manifest| app(manifest).offset = 0);
    refused(PLACE, |manifest| app(manifest).offset = u64::MAX);
    refused("its manifest and its trailer contradict each other", |manifest| {
        app(manifest).offset += 1
    });
    refused("has an impossible offset for layer `runtime`", |manifest| {
        manifest.layers[0].offset = 0
    });
    refused("its manifest and its trailer contradict each other", |manifest| {
        manifest.launcher.size -= 1
    });
    refused("unexpected layer `app`", |manifest| {
        let twice = app(manifest).clone();
        manifest.layers.push(twice);
    });
    refused("unexpected layer `runtime`", |manifest| manifest.layers.reverse());
}

#[test]
fn numbers_whose_sums_overflow() {
    const CONTRADICTS: &str = "has contradictory numbers for layer `app`";
    let with_frames = |change: fn(&mut Layer)| {
        move |manifest: &mut Manifest| {
            let layer = app(manifest);
            layer.frames.push(layer.frames[0].clone());
            change(layer);
            layer.digest = Layer::digest_of(&layer.frames);
        }
    };
    refused(
        CONTRADICTS,
        with_frames(|layer| layer.frames[1].size = u64::MAX - layer.size + 1),
    );
    refused(CONTRADICTS, with_frames(|layer| layer.frames[1].raw = u64::MAX));
    refused(
        CONTRADICTS,
        with_frames(|layer| {
            layer.frames[1].size = u64::MAX;
            layer.frames[1].raw = u64::MAX;
        }),
    );
    refused(CONTRADICTS, |manifest| app(manifest).size = u64::MAX);
    refused(CONTRADICTS, |manifest| app(manifest).disk = u64::MAX);
    refused(CONTRADICTS, |manifest| app(manifest).entries = u64::MAX);
    refused(CONTRADICTS, |manifest| app(manifest).digest = "../".repeat(20));
    refused(
        CONTRADICTS,
        with_frames(|layer| layer.frames[1].sha256 = "é".repeat(32)),
    );
}

#[test]
fn paths_and_names_that_lead_out() {
    const OUTSIDE: &str = "names a path outside its layers";
    let set: [fn(&mut Manifest, String); 5] = [
        |manifest, path| manifest.python.executable = path,
        |manifest, path| manifest.python.stdlib = path,
        |manifest, path| manifest.python.site_packages = path,
        |manifest, path| manifest.entry = Entry::Script { path },
        |manifest, path| manifest.libc.carried.as_mut().unwrap().loader = path,
    ];
    for (set, path) in set
        .into_iter()
        .zip(["../../bin/sh", "/bin/sh", "", "bin/../x", "bin/\u{1b}[31m"])
    {
        refused(OUTSIDE, |manifest| set(manifest, path.into()));
    }
    for name in ["../x", "", "..", "a\nb", "\u{9b}2J"] {
        refused("a name that is not a valid file name", |manifest| {
            manifest.name = name.into()
        });
    }
    for name in ["../../dev/zero", "/etc/x", "a/b", "a\0b"] {
        refused("asks the system for a file that is not a library", |manifest| {
            manifest.libc.system.insert(name.into(), String::new());
        });
    }
    let command = Command {
        name: "../x".into(),
        function: None,
    };
    refused("a command whose name is not a valid file name", |manifest| {
        manifest.entry = Entry::Commands {
            commands: vec![command],
        };
    });
    refused("a name that is not a valid file name", |manifest| {
        manifest.name = "n".repeat(251)
    });
}

#[test]
fn texts_that_would_steer_a_terminal_or_add_lines_to_files() {
    const CONTROL: &str = "control characters";
    let set: [fn(&mut Manifest, String); 5] = [
        |manifest, text| manifest.pyship = text,
        |manifest, text| manifest.target = text,
        |manifest, text| manifest.version = Some(text),
        |manifest, text| manifest.python.version = text,
        |manifest, name| manifest.entry = Entry::Module { name },
    ];
    let texts = [
        "\u{1b}[2J",
        "3.12\nhome = /x",
        "\u{9b}31m",
        "3.12\nhome = /x",
        "a\0",
    ];
    for (set, text) in set.into_iter().zip(texts) {
        refused(CONTROL, |manifest| set(manifest, text.into()));
    }
    refused("unexpected layer", |manifest| {
        app(manifest).name = "\u{1b}[2J".into()
    });
    refused_text(
        "can't be read: unknown variant `\\u{1b}[31m`",
        "\"policy\":\"auto\"",
        "\"policy\":\"\\u001b[31m\"",
    );
}

#[test]
fn variables_and_options_that_would_not_arrive() {
    let long = "x".repeat(20_000);
    for (name, value) in [
        ("", "x"),
        ("A=B", "x"),
        ("A\0", "x"),
        ("A\nB", "x"),
        ("A", "x\0executable=/bin/sh"),
        ("_PYSHIP_FILE", "/x"),
        ("\u{1}YTHONPATH", "/x"),
        ("PYSHIP", "python"),
        ("PYSHIP_CACHE_DIR", "/x"),
        ("PYTHONHOME", "/x"),
    ] {
        refused("sets the environment variable", |manifest| {
            manifest.environment.insert(name.into(), value.into());
        });
    }
    refused(
        "too many options, arguments and environment variables",
        |manifest| {
            manifest.environment.insert("A".into(), long.clone());
        },
    );
    refused(
        "too many options, arguments and environment variables",
        |manifest| manifest.options.push(long.clone()),
    );
    refused(
        "too many options, arguments and environment variables",
        |manifest| {
            manifest.arguments.push(long.clone());
        },
    );
    refused("an argument in an unknown form", |manifest| {
        manifest.arguments.push("a\0b".into());
    });
    refused("an interpreter option with a NUL", |manifest| {
        manifest.options.push("-X\0check=/".into())
    });
}

#[test]
fn json_that_is_none() {
    const SHAPE: &str = "is not JSON of a known shape";
    refused_text(SHAPE, "{", "");
    refused_text(SHAPE, "\"format\":1", "\"format\":\"1\"");
    refused_text(SHAPE, "\"format\":1", "\"format\":-1");
    refused_text(SHAPE, "\"format\":1", "\"format\":1e99999");
    refused_text(
        SHAPE,
        "\"format\":1",
        &format!("\"x\":{},\"format\":1", "[".repeat(10_000)),
    );
    refused_text(
        SHAPE,
        "\"format\":1",
        &format!("\"x\":{},\"format\":1", "{\"a\":".repeat(10_000)),
    );
    refused_text("it has format 2", "\"format\":1", "\"format\":2");
    refused_text(SHAPE, "\"format\":1", "\"format\":1,\"format\":1");
    refused_text("duplicate field", "\"name\":", "\"name\":\"x\",\"name\":");
    refused_text("invalid type", "\"entries\":1", "\"entries\":\"1\"");
    refused_text("invalid type", "\"entries\":1", "\"entries\":1.5");
    refused_text("unknown or incomplete entry", "\"interpreter\"", "\"spell\"");
    refused_text("unknown variant", "\"policy\":\"auto\"", "\"policy\":\"none\"");
    let deep = format!("{{\"kind\":\"interpreter\",\"x\":{}}}", "[".repeat(10_000));
    refused_text(SHAPE, "{\"kind\":\"interpreter\"}", &deep);
    let bench = Bench::new();
    let file = bench.base.write_json(&bench.file(), |mut json| {
        json[40] = 0xff;
        json
    });
    bench.refused(&file, Where::Manifest, "its manifest ");
}

#[test]
fn manifests_of_a_gigabyte_and_of_many_small_values() {
    refused_trailer(|trailer| trailer.manifest_size = 1 << 30);
    // As large as one may be, of what takes most memory for its length.
    let fill = |before: &str, one: &str, after: &str| {
        let count = ((2 << 20) - 16_000) / one.len();
        format!("{before}{}{after}", one.repeat(count))
    };
    let options = fill("\"options\":[", "\"\",", "\"\"],\"libc\":");
    refused_text("too many options", "\"libc\":", &options);
    let buffered = fill("{\"x\":[", "0,", "0],\"kind\":\"spell\"}");
    refused_text(
        "unknown or incomplete entry",
        "{\"kind\":\"interpreter\"}",
        &buffered,
    );
    let buffered = fill("{\"x\":[", "[],", "0],\"kind\":\"spell\"}");
    refused_text(
        "unknown or incomplete entry",
        "{\"kind\":\"interpreter\"}",
        &buffered,
    );
    let frame = format!("{{\"size\":0,\"raw\":0,\"sha256\":\"{}\"}},", "0".repeat(64));
    let frames = fill("\"frames\":[", &frame, "");
    refused_text("contradictory numbers", "\"frames\":[", &frames);
}

#[test]
fn trailers_that_overflow() {
    refused_trailer(|trailer| trailer.manifest_offset = u64::MAX);
    refused_trailer(|trailer| trailer.manifest_offset = u64::MAX - trailer.manifest_size + 1);
    refused_trailer(|trailer| trailer.manifest_size = u64::MAX);
    refused_trailer(|trailer| trailer.manifest_size = 0);
    refused_trailer(|trailer| trailer.launcher_size = u64::MAX);
    refused_trailer(|trailer| trailer.launcher_size = 1 << 40);
    refused_trailer(|trailer| trailer.file_size = u64::MAX);
    refused_trailer(|trailer| trailer.file_size -= 1);
    // The manifest is read over the trailer itself.
    refused_trailer(|trailer| trailer.manifest_offset += 96);
}
