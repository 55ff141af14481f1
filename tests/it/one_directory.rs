//! A system that renames nothing from one directory to another (`EXDEV`), as in a Landlock sandbox, on mergerfs, and
//! with project quotas: files start, caches are repaired and pruned.

use std::path::Path;

use harness::{Packed, Run, files_below, interpreters, pyship, scratch};

use crate::support::{environment_app, left_in_tmp};

/// Becomes its arguments in a sandbox that forbids one thing only: to rename or link from one directory to another.
const SANDBOX: &str = "\
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
EXECUTE, PATH_BENEATH, NO_NEW_PRIVS = 1, 1, 38
rules = libc.syscall(444, struct.pack('<Q', EXECUTE), 8, 0)
root = os.open('/', os.O_PATH)
failed = rules < 0 or libc.syscall(445, rules, PATH_BENEATH, struct.pack('<Qi', EXECUTE, root), 0)
if failed or libc.prctl(NO_NEW_PRIVS, 1, 0, 0, 0) or libc.syscall(446, rules, 0):
    sys.exit('no Landlock here')
os.execv(sys.argv[1], sys.argv[1:])
";

fn sandboxed(program: &Path, cache: &Path) -> Run {
    Run::inheriting(&interpreters::usual().path)
        .args(["-c", SANDBOX])
        .arg(program)
        .env("PYSHIP_CACHE_DIR", cache)
}

fn start(packed: &Packed, cache: &Path) -> Run {
    sandboxed(&packed.path, cache).args(["exit", "7"])
}

/// Names in the cache that no cache has that was filled elsewhere.
fn hidden(cache: &Path) -> Vec<String> {
    let parts = ["layers", "apps", "tmp"].map(|part| cache.join("v1").join(part));
    let entries = parts.iter().flat_map(|part| fs_err::read_dir(part).unwrap());
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with('.')).collect()
}

#[test]
fn a_cache_is_filled_swept_repaired_and_cleared() {
    let packed = environment_app();
    let place = scratch();
    // The sandbox is one.
    let script = "mkdir a b; touch a/file; mv a/file b/file && ls b; ln b/file a/ 2>&1 | tail -c 27";
    sandboxed(Path::new("/bin/sh"), place.path())
        .args(["-c", script])
        .directory(place.path())
        .stdout_has("Invalid cross-device link")
        .success();
    let cache = place.path().join("cache");
    start(&packed, &cache).exits(7);
    let whole = files_below(&cache.join("v1/layers"));
    assert!(whole.len() > 500);
    // What a killed start has left is swept by the next cold one, and listed by nobody.
    let left = cache.join("v1/layers/.0123.1.2.3/below");
    fs_err::create_dir_all(&left).unwrap();
    let list = || {
        let run = Run::new(pyship()).args(["cache", "list", "--root"]).arg(&cache);
        run.stdout_any().success().out()
    };
    assert!(!list().contains("0123"), "{}", list());
    let decayed: Vec<_> = whole.iter().filter(|path| path.ends_with("os.py")).collect();
    fs_err::remove_file(cache.join("v1/layers").join(decayed[0])).unwrap();
    start(&packed, &cache).exits(7);
    assert_eq!(files_below(&cache.join("v1/layers")), whole);
    assert_eq!((hidden(&cache), left_in_tmp(&cache)), (vec![], 0));
    // Contents and kinds.
    let found = |name: &str| {
        let path = whole.iter().find(|path| path.ends_with(name)).unwrap();
        cache.join("v1/layers").join(path)
    };
    fs_err::write(found("ast.py"), "changed").unwrap();
    fs_err::remove_file(found("abc.py")).unwrap();
    fs_err::create_dir(found("abc.py")).unwrap();
    let tool = |name: &str| sandboxed(&packed.path, &cache).env("PYSHIP", name);
    tool("repair").arg("--reset").stdout_any().success();
    tool("verify").stdout_has("are intact").success();
    sandboxed(pyship(), &cache)
        .args(["cache", "clear", "--root"])
        .arg(&cache)
        .stdout_any()
        .stderr_any()
        .success();
    assert!(
        files_below(&cache.join("v1/layers")).is_empty() && files_below(&cache.join("v1/apps")).is_empty()
    );
    assert_eq!(left_in_tmp(&cache), 0);
    start(&packed, &cache).exits(7);
}
