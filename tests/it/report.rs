//! What a pack says of the system that its file needs: the oldest glibc and who wants it, libraries that nobody
//! provides, executable stacks.

use std::path::Path;

use harness::{Pack, Run, files_below, scratch};

/// An app directory with a library that the test compiles.
fn with_library(directory: &Path, flags: &str) {
    fs_err::write(directory.join("main.py"), "print('here')\n").unwrap();
    let script = format!(
        "echo 'int nothing(void) {{ return 0; }}' >/tmp/$$.c && cc -shared -fPIC -Wl,-soname,libnowhere.so.7 -o $1/libnowhere.so.7 /tmp/$$.c && \
         echo 'int nothing(void); int own(void) {{ return nothing(); }}' >/tmp/$$.c && \
         cc -shared -fPIC {flags} -o $1/libown.so /tmp/$$.c $1/libnowhere.so.7 && rm $1/libnowhere.so.7 /tmp/$$.c"
    );
    Run::inheriting("sh")
        .args(["-c", &script, "sh"])
        .arg(directory)
        .stderr_any()
        .success();
}

#[test]
fn a_library_that_nobody_provides_is_named_with_its_file() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    with_library(&app, "-Wl,-z,execstack");
    let output = place.path().join("app.bin");
    let pack = Pack::new(&app);
    pack.command_to(&output)
        .stderr_has("missing shared library `libnowhere.so.7`, needed by `code/libown.so`")
        .stderr_has("an executable stack is required by `code/libown.so`")
        .success();
    fs_err::remove_file(&output).unwrap();
    let strict = pack.arg("--strict").command_to(&output);
    strict
        .stderr_has("failed to find every shared library: ")
        .stderr_has("missing shared library `libnowhere.so.7`, needed by `code/libown.so`")
        .exits(1);
    assert!(!output.exists());
}

#[test]
fn the_report_names_the_file_that_needs_the_newest_glibc() {
    let place = scratch();
    let output = place.path().join("hello.bin");
    let pack = Pack::new("examples/hello/hello.py").arg("--json");
    let report = pack.command_to(&output).stdout_any().stderr_any().success();
    let libc = &report.json()["libc"];
    let (needs, because) = (libc["needs"].as_str().unwrap(), libc["because"].as_str().unwrap());
    let carries = libc["carries"].as_str().unwrap();
    let line =
        format!("needs glibc {needs} ({because}); carries glibc {carries} for older or other systems\n");
    assert!(report.err().contains(&line), "{}", report.err());
    // The file does ask for it.
    let file = Run::inheriting(harness::pyship())
        .args(["extract"])
        .arg(&output)
        .arg(place.path().join("tree"));
    file.stdout_any().stderr_any().success();
    let found = files_below(&place.path().join("tree"))
        .into_iter()
        .find(|path| path.ends_with(because) && place.path().join("tree").join(path).is_file())
        .unwrap_or_else(|| panic!("no {because}"));
    let bytes = fs_err::read(place.path().join("tree").join(found)).unwrap();
    let wanted = format!("GLIBC_{needs}\0");
    let relr = b"GLIBC_ABI_DT_RELR\0";
    let asks = |name: &[u8]| bytes.windows(name.len()).any(|window| window == name);
    assert!(
        asks(wanted.as_bytes()) || (needs == "2.36" && asks(relr)),
        "{because} doesn't ask for {needs}"
    );
}
