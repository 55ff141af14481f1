//! A cache that decays: whatever is removed, cut or emptied is noticed and restored once, at the first start of a day
//! or after a boot; in between `PYSHIP=verify` names it and `PYSHIP=repair` restores it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use harness::{Run, files_below, scratch};
use rustix::process::Signal;

use crate::decay::{Bench, Decay, INDEX, chosen, decay, members, publish_again, replaced, uptime};

/// What a test does to a cache.
type Deed = Box<dyn Fn()>;

#[test]
fn any_member_that_goes_is_noticed_once_a_day_and_restored_once() {
    let bench = Bench::new();
    let all: Vec<PathBuf> = bench.layers().iter().flat_map(|layer| members(layer)).collect();
    for (path, how) in chosen(&all, 18) {
        let what = format!("{how:?} {}", path.display());
        let size = path.symlink_metadata().unwrap().len();
        let before = bench.inodes();
        decay(&path, how);
        bench.next_day();
        bench.starts(&what);
        let after = bench.inodes();
        assert_eq!(
            replaced(&before, &after),
            std::slice::from_ref(&path),
            "{what}: restored"
        );
        assert_eq!(path.symlink_metadata().unwrap().len(), size, "{what}");
        bench.next_day();
        bench.starts(&what);
        assert_eq!(bench.inodes(), after, "{what}: restored once");
    }
    bench.intact("at the end");
}

#[test]
fn any_part_of_the_apps_own_directory_is_noticed_and_made_anew() {
    let bench = Bench::new();
    let names: Vec<PathBuf> = members(&bench.app());
    assert!(names.len() >= 6, "{names:?}");
    for path in names {
        for how in [Decay::Removed, Decay::Emptied, Decay::Cut] {
            let what = format!("{how:?} {}", path.display());
            bench.next_day();
            decay(&path, how);
            bench.starts(&what);
            bench.intact(&what);
        }
    }
}

#[test]
fn directories_links_and_indexes_count_too() {
    let bench = Bench::new();
    let runtime = bench.layer_with("bin/python3");
    let code = bench.layer_with("code");
    let kinds: [(&str, Deed); 6] = [
        ("a directory emptied", {
            let path = code.join("code/package");
            Box::new(move || {
                fs_err::remove_dir_all(&path).unwrap();
                fs_err::create_dir(&path).unwrap();
            })
        }),
        ("a directory removed", {
            let path = code.join("code/package");
            Box::new(move || fs_err::remove_dir_all(&path).unwrap())
        }),
        ("a link removed", {
            let path = runtime.join("bin/python3");
            Box::new(move || fs_err::remove_file(&path).unwrap())
        }),
        ("an index removed", {
            let path = runtime.join(INDEX);
            Box::new(move || fs_err::remove_file(&path).unwrap())
        }),
        ("an index emptied", {
            let path = code.join(INDEX);
            Box::new(move || fs_err::write(&path, "").unwrap())
        }),
        ("an index of zeros", {
            let path = code.join(INDEX);
            Box::new(move || {
                let length = fs_err::metadata(&path).unwrap().len();
                fs_err::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
            })
        }),
    ];
    for (what, make) in kinds {
        make();
        bench.not_intact(what);
        bench.next_day();
        bench.starts(what);
        bench.intact(what);
    }
}

#[test]
fn a_start_inside_the_day_looks_at_nothing_more() {
    let bench = Bench::new();
    decay(&bench.layer_with("code").join("code/beside.py"), Decay::Emptied);
    let before = bench.inodes();
    bench.starts("nobody asked for that module's content");
    assert_eq!(bench.inodes(), before);
    bench.next_day();
    bench.starts("the next day");
    assert_ne!(bench.inodes(), before);
}

#[test]
fn the_first_start_after_a_boot_looks_too() {
    let bench = Bench::new();
    decay(&bench.layer_with("code").join("code/beside.py"), Decay::Emptied);
    let before = bench.inodes();
    if uptime() > 130.0 {
        bench.noted(Duration::from_secs(120));
        bench.starts("in this boot");
        assert_eq!(bench.inodes(), before, "in this boot");
    }
    bench.starts_after_a_boot();
    let after = bench.inodes();
    assert_ne!(after, before, "after a boot");
    bench.starts_after_a_boot();
    assert_eq!(bench.inodes(), after);
}

#[test]
fn a_wrong_clocks_note_is_put_right_once() {
    let bench = Bench::new();
    let noted = || {
        fs_err::metadata(bench.app().join("launch"))
            .unwrap()
            .modified()
            .unwrap()
    };
    let ahead = SystemTime::now() + Duration::from_secs(48 * 3600);
    let record = fs_err::File::open(bench.app().join("launch")).unwrap();
    record.file().set_modified(ahead).unwrap();
    let before = bench.inodes();
    bench.starts("noted in the future");
    assert!(noted() < ahead, "put right");
    let right = noted();
    bench.starts("again");
    assert_eq!((noted(), bench.inodes()), (right, before), "and left alone");
}

#[test]
fn verify_names_what_differs_and_repair_restores_it_in_place() {
    let bench = Bench::new();
    // Without its index a directory tells nothing of when it was published, see below.
    let all: Vec<PathBuf> = bench
        .layers()
        .iter()
        .chain([&bench.app()])
        .flat_map(|directory| members(directory))
        .filter(|path| !path.ends_with("launch") && !path.ends_with(INDEX))
        .collect();
    for (round, some) in chosen(&all, 30).chunks(10).enumerate() {
        let what = format!("round {round}: {some:?}");
        let before = bench.inodes();
        // Open, so that no restored file gets the inode of one that was removed.
        let held: Vec<_> = some.iter().map(|(path, _)| fs_err::File::open(path)).collect();
        for (path, how) in some {
            if path.symlink_metadata().is_ok() {
                decay(path, *how);
            }
        }
        let listed = bench.not_intact(&what).out();
        let repaired = bench.tool("repair").stdout_any().success().out();
        for (path, _) in some {
            let name = path.display();
            assert!(
                listed.contains(&format!("damaged: `{name}` ")),
                "{name}: {listed}"
            );
            assert!(
                repaired.contains(&format!("repaired: `{name}` ")),
                "{name}: {repaired}"
            );
        }
        bench.intact(&what);
        bench.starts(&what);
        let mut expected: Vec<PathBuf> = some.iter().map(|(path, _)| path.clone()).collect();
        expected.sort();
        expected.dedup();
        assert_eq!(
            replaced(&before, &bench.inodes()),
            expected,
            "{what}: everything else stayed"
        );
        drop(held);
    }
    bench.tool("repair").stdout("nothing to repair\n").success();
}

#[test]
fn other_content_of_the_same_size_is_found_by_verify_and_repair() {
    let bench = Bench::new();
    let path = bench.layer_with("code").join("code/beside.py");
    let mut bytes = fs_err::read(&path).unwrap();
    *bytes.last_mut().unwrap() = b'#';
    fs_err::write(&path, &bytes).unwrap();
    publish_again(&bench.layer_with("code"));
    let named = bench.not_intact("one byte").out();
    assert!(
        named.starts_with("damaged: ") && named.contains("beside.py` has other contents\n"),
        "{named}"
    );
    bench
        .tool("repair")
        .stdout_has("beside.py` has other contents")
        .success();
    bench.intact("one byte");
}

#[test]
fn repair_replaces_what_is_of_another_kind() {
    let bench = Bench::new();
    let code = bench.layer_with("code").join("code");
    let outside = bench.place.path().join("outside");
    fs_err::create_dir(&outside).unwrap();
    fs_err::write(outside.join("kept"), "kept").unwrap();
    // A directory that became a link to elsewhere, a file that became a directory, a link that became a file.
    fs_err::rename(code.join("package"), outside.join("package")).unwrap();
    std::os::unix::fs::symlink(outside.join("package"), code.join("package")).unwrap();
    fs_err::remove_file(code.join("beside.py")).unwrap();
    fs_err::create_dir_all(code.join("beside.py/below")).unwrap();
    let link = bench.layer_with("bin/python3").join("bin/python3");
    fs_err::remove_file(&link).unwrap();
    fs_err::write(&link, "no link").unwrap();
    let before = files_below(&outside);
    let reset = bench.tool("repair").arg("--reset");
    reset.stdout_has("restored: ").success();
    bench.intact("kinds");
    bench.starts("kinds");
    assert_eq!(
        files_below(&outside),
        before,
        "nothing was written through a link"
    );
}

#[test]
fn repair_brings_back_what_is_gone_altogether() {
    let bench = Bench::new();
    for layer in bench.layers() {
        fs_err::remove_dir_all(&layer).unwrap();
        let named = bench.not_intact("a layer").out();
        assert!(named.contains(layer.to_str().unwrap()), "{named}");
        bench
            .tool("repair")
            .stdout_has(&format!("`{}` is missing", layer.display()))
            .success();
        bench.intact("a layer");
        fs_err::remove_dir_all(&layer).unwrap();
        fs_err::write(&layer, "a file in its place").unwrap();
        bench.tool("repair").stdout_has(layer.to_str().unwrap()).success();
        bench.intact("a file in a layer's place");
    }
    fs_err::write(bench.app().join("launch"), "cut").unwrap();
    bench.not_intact("the record");
    bench
        .tool("repair")
        .stdout_has("launch` has other contents")
        .success();
    bench.intact("the record");
    bench.starts("the record");
}

#[test]
fn a_program_runs_on_while_its_cache_is_repaired() {
    let bench = Bench::new();
    let running = bench.run().arg("sleep").stdout_any().spawn();
    running.says("\n");
    let runtime = bench.layer_with("bin/python3");
    let libraries: Vec<PathBuf> = members(&runtime)
        .into_iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "pyc" || ending == "so")
        })
        .take(20)
        .collect();
    for path in &libraries {
        fs_err::remove_file(path).unwrap();
    }
    bench.tool("repair").stdout_any().success();
    bench.intact("while it runs");
    running.signal(Signal::TERM);
    running.killed_by(Signal::TERM);
}

#[test]
fn a_temp_cleaner_takes_what_is_old_while_the_app_runs() {
    let bench = Bench::new();
    let running = bench.run().arg("sleep").stdout_any().spawn();
    running.says("\n");
    // Everything looks as if it had been there for forty days, but for what a start reads.
    Run::inheriting("find")
        .arg(bench.version())
        .args(["-exec", "touch", "-h", "-d", "40 days ago", "{}", "+"])
        .success();
    Run::inheriting("find")
        .arg(bench.version())
        .args(["-type", "f", "-mtime", "+10", "-delete"])
        .success();
    Run::inheriting("find")
        .arg(bench.version())
        .args(["-mindepth", "2", "-type", "d", "-empty", "-delete"])
        .success();
    bench.starts("after the cleaner");
    bench.intact("after the cleaner");
    running.signal(Signal::TERM);
    running.killed_by(Signal::TERM);
    // One that knows access times leaves what was used: here every third file.
    let all = members(&bench.version());
    for path in all.iter().step_by(3) {
        fs_err::remove_file(path).unwrap();
    }
    let apps = fs_err::read_dir(bench.version().join("apps")).unwrap().count();
    if apps == 1 && bench.app().join("launch").is_file() {
        bench.next_day();
    }
    bench.starts("after a gentler cleaner");
    bench.intact("after a gentler cleaner");
}

#[test]
fn a_read_only_cache_and_a_store_are_not_looked_through() {
    let bench = Bench::new();
    bench.noted(Duration::from_secs(48 * 3600));
    let before = bench.inodes();
    let other = scratch();
    let run = || {
        bench
            .packed
            .run_with_cache(other.path())
            .env("PYSHIP_STORE", bench.place.path())
            .arg("resource")
            .stdout("package is here 24\n")
    };
    let noted = || {
        fs_err::metadata(bench.app().join("launch"))
            .unwrap()
            .modified()
            .unwrap()
    };
    // The store's own app directory is found by its own path: nothing is noted there.
    let time = noted();
    run().success();
    assert_eq!((noted(), bench.inodes()), (time, before));
    // Read-only: a decayed member is not looked for, and no start pays for looking.
    let script = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\" && shift && \
        exec strace -f -qq -o \"$1\" -e trace=openat,open \"$2\" resource";
    let trace = other.path().join("trace");
    let start = Run::inheriting("unshare")
        .args(["-m", "sh", "-c", script, "sh"])
        .arg(bench.place.path())
        .arg(&trace)
        .arg(&bench.packed.path)
        .env("PYSHIP_CACHE_DIR", bench.place.path());
    start.stdout("package is here 24\n").success();
    let opened = fs_err::read_to_string(trace).unwrap();
    assert!(
        opened.contains("/launch\"") && !opened.contains(INDEX),
        "{opened}"
    );
}

#[test]
fn the_index_is_in_the_cache_alone() {
    let bench = Bench::new();
    let tree = bench.place.path().join("tree");
    bench.tool("extract").arg(&tree).stdout_any().success();
    let has_index = |path: &PathBuf| path.file_name().is_some_and(|name| name == INDEX);
    assert!(!files_below(&tree).iter().any(has_index), "extracted");
    let app = bench.app();
    let own: Vec<PathBuf> = files_below(&app).into_iter().filter(has_index).collect();
    assert_eq!(own, [PathBuf::from(INDEX)]);
    assert!(
        app.join(INDEX).symlink_metadata().unwrap().is_file(),
        "not a link to a layer's"
    );
}
