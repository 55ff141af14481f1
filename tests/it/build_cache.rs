//! The build cache: it saves work, and nothing else can be told of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use harness::{Outcome, Pack, Run, files_below, interpreters, scratch};
use tempfile::TempDir;

use crate::support::small_copy_of_usual;

/// A place with an app, a build cache and an output.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(scratch());
        fs_err::create_dir(place.app()).unwrap();
        place.write("one");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn app(&self) -> PathBuf {
        self.path("app")
    }

    fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// What the app says.
    fn write(&self, text: &str) {
        fs_err::write(self.app().join("main.py"), format!("print({text:?})\n")).unwrap();
    }

    fn pack(&self) -> Pack {
        Pack::new(self.app())
            .no_build_cache()
            .level(1)
            .args(["--verbose", "--name", "app"])
    }

    fn cached(&self) -> Pack {
        self.pack().build_cache(&self.cache())
    }

    /// Packs; the file's bytes, and the layers that came from the cache.
    fn bytes(&self, pack: &Pack) -> (Vec<u8>, BTreeSet<String>) {
        self.bytes_of(pack.command())
    }

    fn bytes_of(&self, run: Run) -> (Vec<u8>, BTreeSet<String>) {
        let output = self.path("app.bin");
        let done = run.arg("-o").arg(&output).stderr_any().success();
        (fs_err::read(output).unwrap(), reused(&done))
    }

    fn says(&self, text: &str) {
        Run::new(self.path("app.bin"))
            .env("PYSHIP_CACHE_DIR", self.path("run"))
            .stdout(format!("{text}\n"))
            .success();
    }

    /// The entries of the build cache.
    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs_err::read_dir(self.cache().join("v1/entries")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }
}

fn reused(done: &Outcome) -> BTreeSet<String> {
    let said = done.err();
    let lines = said
        .lines()
        .filter_map(|line| line.strip_suffix(": from the build cache"));
    lines.map(str::to_owned).collect()
}

fn layers(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// A wheel of the package `sample`, whose module says `text`.
fn wheel(directory: &Path, version: &str, text: &str) -> PathBuf {
    let script = r"
import sys, zipfile
path, version, text = sys.argv[1:]
files = {
    'sample.py': f'TEXT = {text!r}\n',
    f'sample-{version}.dist-info/METADATA': f'Metadata-Version: 2.1\nName: sample\nVersion: {version}\n',
    f'sample-{version}.dist-info/WHEEL': 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
}
record = f'sample-{version}.dist-info/RECORD'
with zipfile.ZipFile(path, 'w') as wheel:
    for name, content in files.items():
        wheel.writestr(name, content)
    wheel.writestr(record, ''.join(name + ',,\n' for name in [*files, record]))
";
    let path = directory.join(format!("sample-{version}-py3-none-any.whl"));
    Run::new(&interpreters::usual().path)
        .args(["-c", script])
        .arg(&path)
        .args([version, text])
        .success();
    path
}

#[test]
fn a_pack_gives_the_same_bytes_with_a_warm_cache_a_cold_one_and_none() {
    let place = Place::new();
    let wheel = wheel(place.0.path(), "1.0", "sample");
    let (cached, plain) = (
        place.cached().arg("--with").arg(&wheel),
        place.pack().arg("--with").arg(&wheel),
    );
    let none = place.bytes(&plain);
    let cold = place.bytes(&cached);
    assert_eq!((&none.1, &cold.1), (&layers(&[]), &layers(&[])));
    let warm = place.bytes(&cached);
    assert_eq!(warm.1, layers(&["deps", "libc", "runtime"]));
    assert!(none.0 == cold.0 && cold.0 == warm.0);
    place.says("one");

    // After an edit of the app nothing else is made again: no package is installed, and of the interpreter's
    // processes two compile the app and the start-up code.
    place.write("two");
    let calls = place.path("calls");
    let run = Run::inheriting("strace")
        .args(["-f", "-z", "-e", "trace=execve", "-s", "200", "-o"])
        .arg(&calls)
        .args(cached.command_line(&place.path("app.bin")));
    let done = run.stderr_any().success();
    assert_eq!(reused(&done), layers(&["deps", "libc", "runtime"]));
    let calls = fs_err::read_to_string(calls).unwrap();
    let started: Vec<&str> = calls.lines().filter(|line| line.contains("execve(")).collect();
    let compilers = started
        .iter()
        .filter(|line| line.contains("\"-X\", \"utf8\", \"-W\", \"ignore\", \"-c\""));
    assert_eq!(compilers.count(), 2, "{calls}");
    for tool in ["venv", "pip", "/uv\""] {
        assert!(!started.iter().any(|line| line.contains(tool)), "{calls}");
    }
    place.says("two");
    let edited = fs_err::read(place.path("app.bin")).unwrap();
    assert!(edited == place.bytes(&plain).0);

    // Another app on the same Python shares what is the same; other options are another layer.
    let (_, other) = place.bytes(&place.cached());
    assert_eq!(other, layers(&["libc", "runtime"]));
    let (_, keeping) = place.bytes(&place.cached().args(["--keep", "headers"]));
    assert_eq!(keeping, layers(&["deps", "libc"]));
    let (_, smaller) = place.bytes(&place.cached().level(2));
    assert_eq!(smaller, layers(&[]));
}

#[test]
fn another_file_in_the_interpreters_place_is_noticed() {
    let place = Place::new();
    let copy = place.path("python");
    let python = small_copy_of_usual(&copy);
    std::thread::sleep(Duration::from_secs(3));
    let cached = place.cached().python_is(&python).arg("--no-check");
    let plain = place.pack().python_is(&python).arg("--no-check");
    let cold = place.bytes(&cached);
    assert_eq!(place.bytes(&cached).1, layers(&["deps", "libc", "runtime"]));

    // Of the same size and, as it says, of the same time.
    let module = copy.join(format!("lib/python{}/this.py", interpreters::usual().minor()));
    let (text, times) = (
        fs_err::read_to_string(&module).unwrap(),
        fs_err::metadata(&module).unwrap().modified().unwrap(),
    );
    fs_err::write(&module, text.replacen('s', "S", 1)).unwrap();
    set_modified(&module, times);
    let changed = place.bytes(&cached);
    assert_eq!(changed.1, layers(&["deps", "libc"]));
    assert!(changed.0 != cold.0 && changed.0 == place.bytes(&plain).0);
}

#[test]
fn a_damaged_entry_is_made_again() {
    let place = Place::new();
    let whole = place.bytes(&place.cached()).0;
    for damage in 0..3 {
        for entry in place.entries() {
            let mut bytes = fs_err::read(&entry).unwrap();
            match damage {
                0 => bytes.clear(),
                1 => bytes.truncate(bytes.len() / 2),
                _ => {
                    let middle = bytes.len() / 2;
                    bytes[middle] ^= 1;
                }
            }
            fs_err::write(&entry, bytes).unwrap();
        }
        let again = place.bytes(&place.cached());
        assert_eq!(again.1, layers(&[]));
        assert!(again.0 == whole, "damage {damage}");
    }
    assert_eq!(
        place.bytes(&place.cached()).1,
        layers(&["deps", "libc", "runtime"])
    );

    // What was unpacked for the trial start may be damaged too: it says nothing about the file.
    let unpacked = place.cache().join("v1/unpacked/v1/layers");
    let encodings: Vec<PathBuf> = files_below(&unpacked)
        .into_iter()
        .filter(|path| path.ends_with("encodings"))
        .collect();
    assert!(!encodings.is_empty());
    for directory in encodings {
        fs_err::remove_dir_all(unpacked.join(directory)).unwrap();
    }
    assert!(place.bytes(&place.cached()).0 == whole);
    let repaired = files_below(&unpacked);
    assert!(repaired.iter().any(|path| path.ends_with("encodings")));
}

#[test]
fn packs_at_once_on_an_empty_cache_do_not_disturb_each_other() {
    let place = Place::new();
    let outputs: Vec<PathBuf> = (0..3)
        .map(|number| place.path(&format!("{number}.bin")))
        .collect();
    let running: Vec<_> = outputs
        .iter()
        .map(|output| place.cached().command_to(output).stderr_any().spawn())
        .collect();
    for one in running {
        one.exits(0);
    }
    let first = fs_err::read(&outputs[0]).unwrap();
    for output in &outputs[1..] {
        assert!(fs_err::read(output).unwrap() == first);
    }
    assert_eq!(place.entries().len(), 3);
    assert_eq!(files_below(&place.cache().join("v1/tmp")), BTreeSet::new());
    assert_eq!(
        place.bytes(&place.cached()).1,
        layers(&["deps", "libc", "runtime"])
    );
}

#[test]
fn a_cache_that_can_not_be_written_to_is_no_reason_to_fail() {
    let place = Place::new();
    let output = place.path("app.bin");
    let mounted = |how: &str| {
        let script = format!("{how} && exec \"$@\"");
        let run = Run::inheriting("unshare")
            .args(["-m", "sh", "-c", &script])
            .arg(place.cache());
        let done = run
            .args(place.cached().command_line(&output))
            .stderr_any()
            .success();
        (fs_err::read(&output).unwrap(), reused(&done))
    };
    fs_err::create_dir(place.cache()).unwrap();
    let plain = place.bytes(&place.pack()).0;
    let read_only = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\"";
    for how in [read_only, "mount -t tmpfs -o size=1m,mode=700 tmpfs \"$0\""] {
        let (bytes, found) = mounted(how);
        assert!(bytes == plain, "{how}");
        assert_eq!(found, layers(&[]));
    }
    // A full one can still be read.
    place.bytes(&place.cached());
    let (bytes, found) = mounted(read_only);
    assert!(bytes == plain);
    assert_eq!(found, layers(&["deps", "libc", "runtime"]));
}

#[test]
fn without_a_home_there_is_no_cache() {
    let place = Place::new();
    let mut words = place.pack().command_line(&place.path("app.bin"));
    words.retain(|word| word != "--no-build-cache");
    let run = Run::inheriting("env").args(["-u", "HOME", "-u", "XDG_CACHE_HOME"]);
    let done = run.args(words).stderr_any().success();
    assert_eq!(reused(&done), layers(&[]));
    place.says("one");
}

#[test]
fn the_cache_stays_within_its_limit() {
    let place = Place::new();
    let cached = place.cached().arg("--no-check");
    place.bytes(&cached);
    for entry in place.entries() {
        let then = SystemTime::now() - Duration::from_secs(40 * 86_400);
        let times = std::fs::FileTimes::new().set_modified(then).set_accessed(then);
        let file = fs_err::OpenOptions::new().write(true).open(entry).unwrap();
        file.file().set_times(times).unwrap();
    }
    let old: BTreeSet<PathBuf> = place.entries().into_iter().collect();
    let sizes = || -> u64 {
        let entries = place.entries().into_iter();
        entries.map(|entry| fs_err::metadata(entry).unwrap().len()).sum()
    };
    // Room for what is new, and not for all that was there.
    let limit = sizes() * 3 / 2;
    let small = cached.level(2);
    let limited = |limit: u64| {
        let run = small.command().env("PYSHIP_BUILD_CACHE_LIMIT", limit.to_string());
        place.bytes_of(run).0
    };
    let bytes = limited(limit);
    let left: BTreeSet<PathBuf> = place.entries().into_iter().collect();
    assert!(sizes() <= limit && left.difference(&old).count() == 3, "{left:?}");
    place.says("one");
    fs_err::remove_dir_all(place.cache()).unwrap();
    assert!(limited(10) == bytes);
    assert_eq!(place.entries(), Vec::<PathBuf>::new());
}

#[test]
fn packages_that_may_change_are_chosen_anew_after_a_day_or_when_asked() {
    let place = Place::new();
    fs_err::write(place.app().join("main.py"), "import sample; print(sample.TEXT)\n").unwrap();
    let links = place.path("links");
    fs_err::create_dir(&links).unwrap();
    wheel(&links, "1.0", "first");
    std::thread::sleep(Duration::from_secs(3));
    let request = |requirement: &str| {
        let pack = place
            .cached()
            .args(["--no-check", "--no-index", "--with", requirement, "--find-links"]);
        pack.arg(&links)
    };
    // uv's own cache knows a wheel of an index by its name; what is asked here is what ours knows.
    let has_deps = |pack: &Pack| {
        let run = pack.command().env("UV_NO_CACHE", "1");
        place.bytes_of(run).1.contains("deps")
    };
    let (loose, pinned) = (request("sample"), request("sample==1.0"));
    for pack in [&loose, &pinned] {
        assert!(!has_deps(pack));
        assert!(has_deps(pack));
        assert!(!has_deps(&pack.clone().arg("--refresh")));
        assert!(has_deps(pack));
    }
    for entry in place.entries() {
        set_modified(&entry, SystemTime::now() - Duration::from_secs(25 * 3600));
    }
    assert!(has_deps(&pinned));
    assert!(!has_deps(&loose));
    assert!(has_deps(&loose));
    place.says("first");

    // Another wheel of the same name, and one more.
    wheel(&links, "1.0", "other");
    assert!(!has_deps(&pinned));
    place.says("other");
    wheel(&links, "1.1", "newer");
    assert!(!has_deps(&loose));
    place.says("newer");
    let path = wheel(place.0.path(), "2.0", "local");
    let local = place.cached().arg("--no-check").arg("--with").arg(&path);
    assert!(!has_deps(&local));
    assert!(has_deps(&local));
    wheel(place.0.path(), "2.0", "again");
    assert!(!has_deps(&local));
    place.says("again");
}

#[test]
fn a_cache_that_others_may_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    fs_err::create_dir(place.cache()).unwrap();
    fs_err::set_permissions(place.cache(), PermissionsExt::from_mode(0o777)).unwrap();
    let run = place
        .cached()
        .arg("--no-check")
        .command_to(&place.path("app.bin"));
    run.stderr_has("is not used: others may write to it (mode 0777)")
        .success();
    assert_eq!(files_below(&place.cache()), BTreeSet::new());
}

fn set_modified(path: &Path, time: SystemTime) {
    let file = fs_err::OpenOptions::new().write(true).open(path).unwrap();
    file.file().set_modified(time).unwrap();
}
