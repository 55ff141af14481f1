//! A cache that decays: whatever is removed, cut or emptied is noticed, and rebuilt once, at the first start of a
//! day or after a boot; in between `PYSHIP=verify` names it and `PYSHIP=repair` mends it.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use harness::{Pack, Packed, Run, files_below, scratch};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::assert_launcher_failed;

const INDEX: &str = ".pyship-members";

/// An app that was started once, in a cache of its own.
struct Bench {
    packed: Packed,
    place: TempDir,
}

/// What a layer's or an app's directory is, so that another one in its place is seen.
type Identities = Vec<(PathBuf, u64, i64, i64)>;

impl Bench {
    fn new() -> Self {
        let bench = Self {
            packed: Pack::new("tests/apps/environment").with("six").run(),
            place: scratch(),
        };
        bench.starts("the first start");
        bench
    }

    fn version(&self) -> PathBuf {
        self.place.path().join("v1")
    }

    fn run(&self) -> Run {
        self.packed.run_with_cache(self.place.path())
    }

    fn starts(&self, what: &str) {
        let outcome = self.run().arg("resource").output();
        assert_eq!(
            (
                outcome.status.code(),
                outcome.out().as_str(),
                outcome.err().as_str()
            ),
            (Some(0), "package is here 24\n", ""),
            "{what}\n{}",
            outcome.report()
        );
    }

    fn tool(&self, tool: &str) -> Run {
        self.run().env("PYSHIP", tool)
    }

    fn intact(&self, what: &str) {
        let outcome = self.tool("verify").output();
        assert!(
            outcome.out().ends_with("its unpacked contents are intact\n"),
            "{what}\n{}",
            outcome.report()
        );
    }

    fn app(&self) -> PathBuf {
        let mut apps = fs_err::read_dir(self.version().join("apps")).unwrap();
        let app = apps.next().unwrap().unwrap().path();
        assert!(apps.next().is_none(), "one app");
        app
    }

    fn layer_with(&self, member: &str) -> PathBuf {
        fs_err::read_dir(self.version().join("layers"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|layer| layer.join(member).symlink_metadata().is_ok())
            .unwrap_or_else(|| panic!("no layer has {member}"))
    }

    /// The last noted use is so long ago.
    fn noted(&self, hours: u64) {
        let record = fs_err::File::open(self.app().join("launch")).unwrap();
        let time = SystemTime::now() - Duration::from_secs(hours * 3600);
        record.file().set_modified(time).unwrap();
    }

    fn identities(&self) -> Identities {
        let mut found = Vec::new();
        for part in ["apps", "layers"] {
            for entry in fs_err::read_dir(self.version().join(part)).unwrap() {
                let path = entry.unwrap().path();
                let metadata = fs_err::symlink_metadata(&path).unwrap();
                // The time of the last renaming: a directory that was never in the way keeps it.
                found.push((path, metadata.ino(), metadata.ctime(), metadata.ctime_nsec()));
            }
        }
        found.sort();
        found
    }
}

/// Members of a directory of the cache: files and links at any depth.
fn members(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = files_below(directory)
        .into_iter()
        .map(|path| directory.join(path))
        .filter(|path| !path.symlink_metadata().unwrap().is_dir())
        .collect();
    found.sort();
    found
}

/// What a test does to a cache.
type Deed = Box<dyn Fn()>;

/// One thing that may happen to a member.
#[derive(Debug, Clone, Copy)]
enum Decay {
    Removed,
    Emptied,
    Cut,
}

fn decay(path: &Path, how: Decay) {
    let metadata = path.symlink_metadata().unwrap();
    match how {
        Decay::Emptied | Decay::Cut if metadata.is_file() && metadata.len() > 0 => {
            let length = match how {
                Decay::Cut => metadata.len() - 1,
                _ => 0,
            };
            // Not through the directory entry of a running program: `set_len` on the file itself.
            let file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(length).unwrap();
        }
        _ => fs_err::remove_file(path).unwrap(),
    }
}

/// Members chosen by a number sequence that is the same at each run, with what happens to each.
fn chosen(from: &[PathBuf], count: usize) -> Vec<(PathBuf, Decay)> {
    let mut state = 0x5eed_u64;
    (0..count)
        .map(|number| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let at = usize::try_from(state >> 33).unwrap() % from.len();
            let how = [Decay::Removed, Decay::Emptied, Decay::Cut][number % 3];
            (from[at].clone(), how)
        })
        .collect()
}

#[test]
fn any_member_that_goes_is_noticed_once_a_day_and_rebuilt_once() {
    let bench = Bench::new();
    let all: Vec<PathBuf> = fs_err::read_dir(bench.version().join("layers"))
        .unwrap()
        .flat_map(|layer| members(&layer.unwrap().path()))
        .collect();
    for (path, how) in chosen(&all, 36) {
        let what = format!("{how:?} {}", path.display());
        let owner = owner(&bench, &path);
        let before = bench.identities();
        decay(&path, how);
        bench.noted(25);
        bench.starts(&what);
        let after = bench.identities();
        let changed: Vec<&PathBuf> = after
            .iter()
            .filter(|one| !before.contains(one))
            .map(|one| &one.0)
            .collect();
        assert_eq!(changed, [&owner], "{what}: rebuilt");
        bench.noted(25);
        bench.starts(&what);
        assert_eq!(bench.identities(), after, "{what}: rebuilt once");
    }
    bench.intact("at the end");
}

/// The directory of the cache that a path lies in.
fn owner(bench: &Bench, path: &Path) -> PathBuf {
    let below = path.strip_prefix(bench.version()).unwrap();
    bench.version().join(below.iter().take(2).collect::<PathBuf>())
}

#[test]
fn any_part_of_the_apps_own_directory_is_noticed_and_made_anew() {
    let bench = Bench::new();
    let names: Vec<PathBuf> = members(&bench.app());
    assert!(names.len() >= 6, "{names:?}");
    for path in names {
        for how in [Decay::Removed, Decay::Emptied, Decay::Cut] {
            let what = format!("{how:?} {}", path.display());
            bench.noted(25);
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
        assert_launcher_failed(&bench.tool("verify").output(), what);
        bench.noted(25);
        bench.starts(what);
        bench.intact(what);
    }
}

#[test]
fn a_start_inside_the_day_looks_at_nothing_more() {
    let bench = Bench::new();
    let path = bench.layer_with("code").join("code/beside.py");
    fs_err::write(&path, "").unwrap();
    let before = bench.identities();
    bench.starts("nobody asked for that module's content");
    assert_eq!(bench.identities(), before);
    bench.noted(25);
    bench.starts("the next day");
    assert_ne!(bench.identities(), before);
}

#[test]
fn the_first_start_after_a_boot_looks_too() {
    let bench = Bench::new();
    fs_err::write(bench.layer_with("code").join("code/beside.py"), "").unwrap();
    // A clock of boots that began a minute ago: the note, two minutes old, is from before that.
    let up = fs_err::read_to_string("/proc/uptime").unwrap();
    let up: f64 = up.split(' ').next().unwrap().parse().unwrap();
    #[expect(clippy::cast_possible_truncation, reason = "seconds since the boot")]
    let offset = 60 - up as i64;
    let record = fs_err::File::open(bench.app().join("launch")).unwrap();
    let noted = SystemTime::now() - Duration::from_secs(120);
    record.file().set_modified(noted).unwrap();
    let before = bench.identities();
    bench.starts("in this boot, when it is older than two minutes");
    let start = || {
        let run = Run::inheriting("unshare")
            .args(["--time", "--fork", "--boottime", &offset.to_string(), "--"])
            .arg(&bench.packed.path)
            .arg("resource")
            .env("PYSHIP_CACHE_DIR", bench.place.path());
        run.stdout("package is here 24\n").success();
    };
    if up > 130.0 {
        assert_eq!(bench.identities(), before, "in this boot");
    }
    start();
    let after = bench.identities();
    assert_ne!(after, before, "after a boot");
    start();
    assert_eq!(bench.identities(), after);
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
    let before = bench.identities();
    bench.starts("noted in the future");
    assert!(noted() < ahead, "put right");
    let right = noted();
    bench.starts("again");
    assert_eq!((noted(), bench.identities()), (right, before), "and left alone");
}

#[test]
fn verify_names_what_differs_and_repair_restores_it_in_place() {
    let bench = Bench::new();
    let layers: Vec<PathBuf> = fs_err::read_dir(bench.version().join("layers"))
        .unwrap()
        .map(|layer| layer.unwrap().path())
        .collect();
    let all: Vec<PathBuf> = layers
        .iter()
        .chain([&bench.app()])
        .flat_map(|directory| members(directory))
        .filter(|path| !path.ends_with("launch"))
        .collect();
    for (round, some) in chosen(&all, 30).chunks(10).enumerate() {
        let what = format!("round {round}: {some:?}");
        let kept = bench.identities();
        for (path, how) in some {
            if path.symlink_metadata().is_ok() {
                decay(path, *how);
            }
        }
        let outcome = bench.tool("verify").output();
        assert_launcher_failed(&outcome, &what);
        for (path, _) in some {
            let name = path.to_str().unwrap();
            assert!(outcome.err().contains(name), "{name}: {}", outcome.report());
        }
        let repaired = bench.tool("repair").stdout_any().success().out();
        for (path, _) in some {
            let name = path.to_str().unwrap();
            assert!(repaired.contains(name), "{name}: {repaired}");
        }
        bench.intact(&what);
        bench.starts(&what);
        let inodes = |list: Identities| list.into_iter().map(|one| (one.0, one.1)).collect::<Vec<_>>();
        assert_eq!(
            inodes(bench.identities()),
            inodes(kept),
            "{what}: every directory stayed"
        );
    }
    bench.tool("repair").stdout("nothing to repair\n").success();
}

#[test]
fn changed_content_of_the_same_size_is_found_by_verify_and_repair() {
    let bench = Bench::new();
    let path = bench.layer_with("code").join("code/beside.py");
    let mut bytes = fs_err::read(&path).unwrap();
    *bytes.last_mut().unwrap() = b'#';
    fs_err::write(&path, &bytes).unwrap();
    let named = bench.tool("verify").output();
    assert_launcher_failed(&named, "one byte");
    assert!(
        named.err().contains("beside.py` was changed"),
        "{}",
        named.report()
    );
    bench
        .tool("repair")
        .stdout_has("beside.py` was changed")
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
    bench.tool("repair").stdout_has("package").success();
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
    for layer in fs_err::read_dir(bench.version().join("layers")).unwrap() {
        let layer = layer.unwrap().path();
        fs_err::remove_dir_all(&layer).unwrap();
        let named = bench.tool("verify").output();
        assert_launcher_failed(&named, "a layer");
        assert!(
            named.err().contains(layer.to_str().unwrap()),
            "{}",
            named.report()
        );
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
    assert_launcher_failed(&bench.tool("verify").output(), "the record");
    bench.tool("repair").stdout_has("launch` was changed").success();
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
        bench.noted(25);
    }
    bench.starts("after a gentler cleaner");
    bench.intact("after a gentler cleaner");
}

#[test]
fn a_read_only_cache_and_a_store_are_not_looked_through() {
    let bench = Bench::new();
    bench.noted(48);
    let before = bench.identities();
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
    assert_eq!((noted(), bench.identities()), (time, before));
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
