//! A cache that grows: what it holds is listed, and what nobody uses goes.

mod running;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use harness::{Outcome, Pack, Packed, Run, Running, pyship, scratch};
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

/// Files that share a runtime, in one cache.
pub(crate) struct Bench {
    files: Vec<(&'static str, Packed)>,
    pub(crate) place: TempDir,
}

impl Bench {
    fn new(names: &[&'static str]) -> Self {
        let pack = |name: &&'static str| {
            let packed = Pack::new("tests/apps/environment")
                .arg("--name")
                .arg(name)
                .arg("--app-version")
                .arg("1.5")
                .arg("--set-env")
                .arg(format!("WHO={name}"))
                .run();
            (*name, packed)
        };
        Self {
            files: names.iter().map(pack).collect(),
            place: scratch(),
        }
    }

    /// All of them started once.
    pub(crate) fn filled(names: &[&'static str]) -> Self {
        let bench = Self::new(names);
        for name in names {
            bench.start(name);
        }
        bench
    }

    pub(crate) fn run(&self, name: &str) -> Run {
        let (_, packed) = self.files.iter().find(|(known, _)| *known == name).unwrap();
        packed.run_with_cache(self.place.path())
    }

    pub(crate) fn start(&self, name: &str) {
        self.run(name)
            .arg("resource")
            .stdout("package is here 24\n")
            .success();
    }

    /// Started, and running until it is told to end.
    pub(crate) fn runs(&self, name: &str) -> Running {
        let running = self.run(name).arg("sleep").stdout_any().spawn();
        running.says("\n");
        running
    }

    pub(crate) fn cache(&self, arguments: &[&str]) -> Outcome {
        let run = Run::new(pyship()).arg("cache").args(arguments);
        run.env("PYSHIP_CACHE_DIR", self.place.path())
            .stdout_any()
            .success()
    }

    pub(crate) fn list(&self) -> Value {
        self.cache(&["list", "--json"]).json()["caches"][0].take()
    }

    /// Names of the apps that are there, sorted.
    pub(crate) fn apps(&self) -> Vec<String> {
        let list = self.list();
        let mut names: Vec<String> = list["apps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|app| app["name"].as_str().unwrap_or("?").to_owned())
            .collect();
        names.sort();
        names
    }

    pub(crate) fn layers(&self) -> usize {
        self.list()["layers"].as_array().unwrap().len()
    }

    pub(crate) fn app(&self, name: &str) -> Value {
        let list = self.list();
        let apps = list["apps"].as_array().unwrap();
        apps.iter().find(|app| app["name"] == name).unwrap().clone()
    }

    pub(crate) fn version(&self) -> PathBuf {
        self.place.path().join("v1")
    }

    /// Last used so many days ago.
    fn used(&self, name: &str, days: u64) {
        let record = PathBuf::from(self.app(name)["directory"].as_str().unwrap()).join("launch");
        set_age(&record, days);
    }

    fn nothing_is_left_half_done(&self) {
        let entries = |part: &str| fs_err::read_dir(self.version().join(part)).unwrap().count();
        assert_eq!(entries("tmp"), 0);
    }
}

pub(crate) fn set_age(path: &Path, days: u64) {
    let file = fs_err::File::open(path).unwrap();
    let time = SystemTime::now() - Duration::from_secs(days * 86_400);
    file.file().set_modified(time).unwrap();
}

pub(crate) fn end(running: Running) {
    running.signal(Signal::TERM);
    running.killed_by(Signal::TERM);
}

const FOUR: [&str; 4] = ["one", "two", "three", "four"];

#[test]
fn list_tells_names_sizes_users_and_last_use() {
    let bench = Bench::filled(&FOUR[..2]);
    let running = bench.runs("two");
    bench.used("one", 12);
    let list = bench.list();
    assert_eq!(bench.apps(), ["one", "two"]);
    let one = bench.app("one");
    assert_eq!((&one["version"], &one["running"]), (&"1.5".into(), &false.into()));
    assert_eq!(bench.app("two")["running"], true);
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let age = now - one["last_used"].as_u64().unwrap();
    assert!((12 * 86_400..12 * 86_400 + 3600).contains(&age), "{age}");
    // What the layers take, told by their indexes, is what du finds.
    for layer in list["layers"].as_array().unwrap() {
        let directory = layer["directory"].as_str().unwrap();
        let said = layer["disk"].as_u64().unwrap();
        let du = Run::inheriting("du").args(["-s", "--block-size=1", "--apparent-size"]);
        let found = du.arg(directory).stdout_any().success().out();
        let found: u64 = found.split('\t').next().unwrap().parse().unwrap();
        assert!(
            said >= found / 2 && said <= found * 2 + 1_000_000,
            "{directory}: {said} {found}"
        );
    }
    let shared = |layer: &&Value| layer["users"].as_array().unwrap().len() == 2;
    assert!(
        list["layers"]
            .as_array()
            .unwrap()
            .iter()
            .any(|layer| shared(&layer))
    );
    let text = bench.cache(&["list"]).out();
    for part in [
        "one 1.5",
        "two 1.5, runs",
        "12 days ago",
        "used by one 1.5, two 1.5",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let place = bench.cache(&["dir"]).out();
    assert_eq!(place.trim_end(), bench.place.path().to_str().unwrap());
    end(running);
}

#[test]
fn prune_takes_what_is_old_and_leaves_what_is_shared() {
    let bench = Bench::filled(&FOUR);
    let layers = bench.layers();
    bench.used("two", 40);
    let told = bench.cache(&["prune", "--dry-run"]).out();
    assert!(told.contains("two 1.5") && told.contains("would free"), "{told}");
    assert_eq!(bench.apps(), ["four", "one", "three", "two"], "dry");
    bench.cache(&["prune"]);
    assert_eq!(bench.apps(), ["four", "one", "three"]);
    assert_eq!(bench.layers(), layers - 1, "its app layer alone");
    for name in FOUR {
        bench.start(name);
    }
    assert_eq!(bench.layers(), layers);
    bench.used("one", 9);
    bench.used("four", 5);
    bench.cache(&["prune", "--older", "7"]);
    assert_eq!(bench.apps(), ["four", "three", "two"]);
    bench.nothing_is_left_half_done();
}

#[test]
fn prune_by_size_takes_the_least_recently_used() {
    let bench = Bench::filled(&FOUR);
    for (name, days) in FOUR.iter().zip([3, 1, 4, 2]) {
        bench.used(name, days);
    }
    let all = bench.list()["disk"].as_u64().unwrap();
    bench.cache(&["prune", "--max-size", &all.to_string()]);
    assert_eq!(bench.apps().len(), 4, "it is small enough");
    bench.cache(&["prune", "--max-size", &(all - 1).to_string()]);
    assert_eq!(bench.apps(), ["four", "one", "two"], "three was used longest ago");
    let own = bench.app("one")["own_disk"].as_u64().unwrap();
    let all = bench.list()["disk"].as_u64().unwrap();
    let told = bench
        .cache(&["prune", "--max-size", &(all - own - 1).to_string()])
        .out();
    assert_eq!(bench.apps(), ["two"], "then one and four: {told}");
    bench.cache(&["prune", "--max-size", "0"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
}

#[test]
fn prune_by_name_and_clear() {
    let bench = Bench::filled(&FOUR);
    let running = bench.runs("four");
    bench.cache(&["prune", "--name", "one", "--name", "four", "--name", "nonesuch"]);
    assert_eq!(bench.apps(), ["four", "three", "two"], "four runs");
    let told = bench.cache(&["clear", "--dry-run"]).out();
    assert!(
        told.contains("(2 apps") && told.contains("1 kept: running"),
        "{told}"
    );
    bench.cache(&["clear"]);
    assert_eq!(bench.apps(), ["four"]);
    end(running);
    bench.cache(&["clear"]);
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
    bench.start("one");
}

#[test]
fn the_files_own_tool_prunes_too() {
    let bench = Bench::filled(&FOUR[..2]);
    bench.used("one", 40);
    let run = bench.run("two").env("PYSHIP", "prune");
    run.stdout_has("1 apps and 1 layers removed").success();
    assert_eq!(bench.apps(), ["two"]);
    bench
        .run("two")
        .env("PYSHIP", "prune")
        .arg("0")
        .stdout_has("1 apps and ")
        .success();
    assert_eq!((bench.apps().len(), bench.layers()), (0, 0));
    let wrong = bench.run("two").env("PYSHIP", "prune").arg("soon").output();
    crate::support::assert_launcher_failed(&wrong, "not a number");
}

#[test]
fn a_cold_start_removes_what_is_long_unused_once_a_day() {
    let bench = Bench::new(&FOUR[..2]);
    // One that others may read is not pruned by a start.
    fs_err::set_permissions(bench.place.path(), PermissionsExt::from_mode(0o700)).unwrap();
    for name in ["one", "two"] {
        bench.start(name);
    }
    bench.used("one", 31);
    bench.start("two");
    assert_eq!(bench.apps(), ["one", "two"], "a warm start removes nothing");
    let three = Bench::new(&["three"]);
    let third = |bench: &Bench| {
        let run = three.files[0].1.run_with_cache(bench.place.path());
        run.arg("resource").stdout("package is here 24\n").success();
    };
    third(&bench);
    assert_eq!(bench.apps(), ["one", "three", "two"], "it was done today");
    bench.cache(&["prune", "--name", "three"]);
    set_age(&bench.version().join("pruned"), 2);
    third(&bench);
    assert_eq!(bench.apps(), ["three", "two"]);
    bench.nothing_is_left_half_done();
}

#[test]
fn a_prune_that_was_killed_half_way_is_put_right() {
    let bench = Bench::filled(&FOUR[..1]);
    let app = PathBuf::from(bench.app("one")["directory"].as_str().unwrap());
    fs_err::rename(app.join("launch"), app.join("launch.hidden")).unwrap();
    assert_eq!(bench.apps(), ["one"], "listed all the same");
    let inode = || std::os::unix::fs::MetadataExt::ino(&fs_err::metadata(&app).unwrap());
    let before = inode();
    bench.start("one");
    assert!(
        app.join("launch").is_file() && inode() == before,
        "the record is back"
    );
}

/// A repair that was killed, and whatever else nobody holds.
#[test]
fn what_a_killed_command_left_is_removed() {
    let bench = Bench::filled(&["one"]);
    let left = || fs_err::write(bench.version().join("tmp/repair.1"), "").unwrap();
    left();
    fs_err::create_dir_all(bench.version().join("tmp/repair.2/directory")).unwrap();
    bench.cache(&["prune", "--dry-run"]);
    assert!(bench.version().join("tmp/repair.2").exists());
    bench.cache(&["prune"]);
    bench.nothing_is_left_half_done();
    left();
    bench
        .run("one")
        .env("PYSHIP", "prune")
        .stdout_any()
        .stderr_any()
        .success();
    bench.nothing_is_left_half_done();
    assert_eq!(bench.apps(), ["one"]);
}

#[test]
fn wrong_usage_is_said() {
    let run = |words: &[&str]| Run::new(pyship()).arg("cache").args(words);
    run(&["prune", "--max-size", "large"])
        .stderr_has("`large` is not a size")
        .exits(2);
    run(&["list", "--root", "/nowhere"])
        .stderr_has("failed to open the cache `/nowhere`")
        .exits(1);
    run(&["dir"])
        .env("PYSHIP_CACHE_DIR", "/h/cache")
        .stdout("/h/cache\n")
        .success();
    run(&["list"])
        .env("PYSHIP_CACHE_DIR", "/nowhere")
        .stdout("no cache directory exists yet\n")
        .success();
}

/// Whatever removes: what is mounted in a layer, an app or a build cache is not the cache's.
#[test]
fn what_is_mounted_below_stays() {
    let script = r#"
        mkdir "$2/other" "$2/build"; echo kept >"$2/other/file"
        export PYSHIP_CACHE_DIR=$2/cache PYSHIP_BUILD_CACHE_DIR=$2/build
        "$1" exit 0
        code=$(PYSHIP=python "$1" -c 'import _pyship; print(_pyship.directory)')
        mkdir "$code/mounted"; mount --bind "$2/other" "$code/mounted"
        mkdir -p "$2/build/v1/entries/mounted"; mount --bind "$2/other" "$2/build/v1/entries/mounted"
        place=$2 file=$1 pyship=$3
        refused() {
            said=$("$@" 2>&1) && { echo "succeeded: $*"; exit 1; }
            case $said in *'mounted` is a mount point: unmount it first'*) ;; *) echo "$said"; exit 1 ;; esac
            [ -e "$place/other/file" ] || { echo "gone: $*"; exit 1; }
        }
        refused "$pyship" cache clear --root "$place/cache"
        refused env PYSHIP=prune "$file" 0
        refused env PYSHIP=repair "$file" --reset
        refused "$pyship" build-cache clear
        "$file" exit 0
        umount "$code/mounted" "$place/build/v1/entries/mounted"
        "$pyship" cache clear --root "$place/cache" >/dev/null
        "$pyship" build-cache clear >/dev/null
        ls "$place/cache/v1/layers" "$place/cache/v1/tmp"
    "#;
    let bench = Bench::new(&["one"]);
    let outcome = Run::inheriting("unshare")
        .args(["-m", "sh", "-euc", script, "sh"])
        .arg(&bench.files[0].1.path)
        .arg(bench.place.path())
        .arg(pyship())
        .output();
    assert!(outcome.status.success(), "{}", outcome.report());
    let place = bench.place.path().display();
    let nothing = format!("{place}/cache/v1/layers:\n\n{place}/cache/v1/tmp:\n");
    assert_eq!(outcome.out(), nothing, "{}", outcome.report());
}
