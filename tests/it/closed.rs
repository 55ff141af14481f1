//! Directories of a cache that someone has opened to others since they were made.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::scratch;

use crate::prune::{Bench, set_age};

/// A file of another user in a layer, as a start by `sudo` may leave one there.
#[test]
fn what_prune_can_not_remove_is_said() {
    let outcome = crate::security::machine(
        &crate::security::plain(),
        r#"
        mkdir -m 700 /mnt/cache; chown 1234:1234 /mnt/cache
        as_user PYSHIP_CACHE_DIR=/mnt/cache /mnt/app.bin
        for layer in /mnt/cache/v1/layers/*; do mkdir "$layer/left"; touch "$layer/left/file"; done
        as_user PYSHIP_CACHE_DIR=/mnt/cache PYSHIP=prune /mnt/app.bin 0 >/mnt/said 2>&1 && code=0 || code=$?
        echo $code; grep -c "failed to remove .*/mnt/cache/v1/tmp/old" /mnt/said
        rm -r /mnt/cache/v1/tmp/*
        as_user PYSHIP_CACHE_DIR=/mnt/cache /mnt/app.bin
        "#,
    );
    let out = outcome.out();
    let plain = "plain 1234 /mnt/cache PYSHIP_CACHE_DIR\n";
    assert_eq!(out, format!("{plain}125\n1\n{plain}"), "{}", outcome.report());
}

fn set_mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A cache that others can enter, with one app; its directories from `v1` on.
fn entered() -> (Bench, Vec<PathBuf>) {
    let bench = Bench::filled(&["one"]);
    let root = bench.place.path().to_owned();
    let fill = bench.run("one").env("PYSHIP", "fill").arg("--shared").arg(&root);
    fill.stdout_any().stderr_any().success();
    let app = PathBuf::from(bench.app("one")["directory"].as_str().unwrap());
    let layer = fs_err::read_dir(root.join("v1/layers"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let directories = vec![
        root.join("v1"),
        root.join("v1/layers"),
        root.join("v1/apps"),
        app,
        layer,
    ];
    (bench, directories)
}

#[test]
fn what_others_may_write_to_is_refused_by_the_next_look() {
    let (bench, directories) = entered();
    let record = directories[3].join("launch");
    for directory in &directories {
        let mode = fs_err::metadata(directory).unwrap().permissions().mode();
        set_mode(directory, mode | 0o002);
        set_age(&record, 2);
        let words = format!("others may write to `{}`", directory.display());
        bench.run("one").arg("resource").stderr_has(&words).exits(125);
        set_mode(directory, mode);
        bench.start("one");
    }
    // Nobody else can enter: nobody else can write.
    set_mode(bench.place.path(), 0o700);
    set_mode(&directories[1], 0o777);
    set_age(&record, 2);
    bench.start("one");
}

#[test]
fn a_layer_of_a_store_that_others_may_write_to_is_not_used() {
    let (bench, directories) = entered();
    let cache = scratch();
    let used = || {
        let run = bench
            .run("one")
            .arg("resource")
            .env("PYSHIP_CACHE_DIR", cache.path());
        let run = run.env("PYSHIP_STORE", bench.place.path());
        run.stdout("package is here 24\n").success();
        cache
            .path()
            .join("v1/layers")
            .join(directories[4].file_name().unwrap())
            .exists()
    };
    set_mode(&directories[4], 0o777);
    fs_err::remove_dir_all(&directories[3]).unwrap();
    assert!(used(), "the layer is unpacked again");
}
