//! Many first starts at the same instant: each ends right, and where locks work each layer is unpacked once. The
//! kernel's own record of the names that appear in the cache's `tmp` says how often something was unpacked.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use harness::{Pack, Packed, Run, interpreters, scratch};
use rustix::fs::inotify;
use serde_json::Value;

use crate::support::{environment_app, left_in_tmp};

/// Starts every command line of a JSON list at the same instant; says how many ended how, as a JSON list.
const AT_ONCE: &str = r"
import json, os, sys, tempfile
reader, writer = os.pipe()
children = []
for words in json.loads(sys.argv[1]):
    output = tempfile.TemporaryFile()
    pid = os.fork()
    if pid == 0:
        os.close(writer)
        os.read(reader, 1)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
        os.execv(words[0], words)
    children.append((pid, output))
os.close(writer)
ends = []
for pid, output in children:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    output.seek(0)
    ends.append([code, output.read().decode(errors='replace')])
print(json.dumps(ends))
";

/// A cache whose `tmp` is watched.
struct Watched {
    root: PathBuf,
    events: OwnedFd,
}

impl Watched {
    fn new(root: PathBuf) -> Self {
        let tmp = root.join("v1/tmp");
        fs_err::create_dir_all(&tmp).unwrap();
        fs_err::set_permissions(&root, PermissionsExt::from_mode(0o700)).unwrap();
        let events = inotify::init(inotify::CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&events, &tmp, inotify::WatchFlags::CREATE).unwrap();
        Self { root, events }
    }

    /// Who began to make each layer or app: the middle of `<digest>.<pid>.<time>.<count>`.
    fn begun(&self) -> BTreeMap<String, Vec<Maker>> {
        let mut makers = BTreeMap::new();
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.events, &mut buffer);
        while let Ok(event) = events.next() {
            assert!(!event.events().contains(inotify::ReadFlags::QUEUE_OVERFLOW));
            let name = event.file_name().unwrap().to_str().unwrap();
            let parts: Vec<&str> = name.split('.').collect();
            let maker = Maker {
                pid: parts[1].to_owned(),
                count: parts[3].to_owned(),
            };
            makers
                .entry(parts[0].to_owned())
                .or_insert_with(Vec::new)
                .push(maker);
        }
        makers
    }

    fn published(&self) -> Vec<String> {
        let names = ["layers", "apps"].map(|part| {
            let entries = fs_err::read_dir(self.root.join("v1").join(part)).unwrap();
            let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
            names.collect::<Vec<_>>()
        });
        let mut names = names.concat();
        names.sort();
        names
    }

    /// Everything that was published was made by one process, and nothing else was begun. That one may have made its
    /// directory twice: a sweeper can come between that and the lock. Then it has counted on.
    #[track_caller]
    fn assert_once(&self) {
        let begun = self.begun();
        for (digest, makers) in &begun {
            let counts: BTreeSet<&String> = makers.iter().map(|maker| &maker.count).collect();
            let same = makers.iter().all(|maker| maker.pid == makers[0].pid);
            assert!(
                same && counts.len() == makers.len(),
                "{digest} was begun more than once: {makers:?}"
            );
        }
        assert_eq!(begun.into_keys().collect::<Vec<_>>(), self.published());
        assert_eq!(left_in_tmp(&self.root), 0);
    }
}

#[derive(Debug)]
struct Maker {
    pid: String,
    count: String,
}

/// Starts `commands` at once with this cache; each has to end with 0 and say what is expected of it.
fn start(cache: &Path, commands: &[Vec<String>], says: impl Fn(usize) -> &'static str) {
    let list = Value::from(commands.to_vec()).to_string();
    let run = Run::inheriting(&interpreters::usual().path).args(["-c", AT_ONCE, &list]);
    let run = run.env("PYSHIP_CACHE_DIR", cache).stdout_any();
    let ends = run.success().json();
    let ends = ends.as_array().unwrap();
    assert_eq!(ends.len(), commands.len());
    let wrong: Vec<&Value> = ends
        .iter()
        .enumerate()
        .filter(|(index, end)| end[0] != 0 || end[1] != says(*index))
        .map(|(_, end)| end)
        .collect();
    assert!(
        wrong.is_empty(),
        "{} of {} starts failed, such as {:?}",
        wrong.len(),
        ends.len(),
        wrong[0]
    );
}

const RESOURCE: &str = "package is here 24\n";

fn resource(packed: &Packed, before: &[&str]) -> Vec<String> {
    let words = before.iter().map(|word| (*word).to_owned());
    words
        .chain([packed.path.to_str().unwrap().to_owned(), "resource".to_owned()])
        .collect()
}

#[test]
fn two_hundred_first_starts_of_one_file_unpack_it_once() {
    let place = scratch();
    let cache = Watched::new(place.path().join("cache"));
    start(&cache.root, &vec![resource(&environment_app(), &[]); 200], |_| {
        RESOURCE
    });
    cache.assert_once();
}

#[test]
fn fifty_first_starts_of_four_files_unpack_their_runtime_once() {
    let place = scratch();
    let app = |number: usize| {
        let file = place.path().join(format!("app{number}.py"));
        fs_err::write(&file, format!("print('this is number {number}')\n")).unwrap();
        Pack::new(&file).run()
    };
    let files: Vec<Packed> = (0..4).map(app).collect();
    let runtimes: Vec<Value> = files
        .iter()
        .map(|file| {
            let manifest = file.manifest();
            let layers = manifest["layers"].as_array().unwrap();
            let runtime = layers.iter().find(|layer| layer["name"] == "runtime").unwrap();
            runtime["digest"].clone()
        })
        .collect();
    assert!(runtimes.iter().all(|digest| *digest == runtimes[0]));
    let cache = Watched::new(place.path().join("cache"));
    let commands: Vec<Vec<String>> = (0..50)
        .map(|index| vec![files[index % 4].path.to_str().unwrap().to_owned()])
        .collect();
    start(&cache.root, &commands, |index| {
        [
            "this is number 0\n",
            "this is number 1\n",
            "this is number 2\n",
            "this is number 3\n",
        ][index % 4]
    });
    cache.assert_once();
    assert_eq!(fs_err::read_dir(cache.root.join("v1/apps")).unwrap().count(), 4);
}

#[test]
fn starts_in_namespaces_of_their_own_share_one_unpacking() {
    let place = scratch();
    let cache = Watched::new(place.path().join("cache"));
    let packed = environment_app();
    let ways: [&[&str]; 4] = [
        &[],
        &["/usr/bin/unshare", "-m"],
        &["/usr/bin/unshare", "-p", "-f", "--kill-child"],
        &["/usr/bin/unshare", "-p", "-f", "--kill-child", "--mount-proc"],
    ];
    let commands: Vec<Vec<String>> = (0..24).map(|index| resource(&packed, ways[index % 4])).collect();
    start(&cache.root, &commands, |_| RESOURCE);
    cache.assert_once();
}

/// A file system without locks, or NFS, which has none for directories: everyone may work for himself, and the first
/// rename wins.
#[test]
fn where_there_are_no_locks_every_start_ends_right_all_the_same() {
    let packed = environment_app();
    // Every start unpacks all of it. One error has many of them; the others are told from it by nothing but the number.
    for (errno, starts) in [("ENOLCK", 20), ("EOPNOTSUPP", 4), ("ENOSYS", 4), ("EBADF", 4)] {
        let place = scratch();
        let cache = Watched::new(place.path().join("cache"));
        let inject = format!("inject=flock:error={errno}");
        let strace = [
            "/usr/bin/strace",
            "-f",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=flock",
            "-e",
            &inject,
        ];
        start(&cache.root, &vec![resource(&packed, &strace); starts], |_| {
            RESOURCE
        });
        let published = cache.published();
        assert!(
            cache
                .begun()
                .into_keys()
                .all(|digest| published.contains(&digest))
        );
        assert_eq!(left_in_tmp(&cache.root), 0, "{errno}");
        // All of it is whole, and a start with locks uses it as it is.
        packed
            .run_with_cache(&cache.root)
            .arg("resource")
            .stdout(RESOURCE)
            .success();
        assert_eq!(cache.begun().len(), 0, "{errno}");
    }
}

#[test]
fn what_is_left_behind_where_there_are_no_locks_is_swept_by_its_age() {
    let place = scratch();
    let packed = environment_app();
    let old = place.path().join("v1/tmp/0123.1.2.3");
    let fresh = place.path().join("v1/tmp/0123.1.2.4");
    for left in [&old, &fresh] {
        fs_err::create_dir_all(left.join("below")).unwrap();
    }
    fs_err::set_permissions(place.path(), PermissionsExt::from_mode(0o700)).unwrap();
    Run::inheriting("touch")
        .args(["-d", "2 days ago"])
        .arg(&old)
        .success();
    Run::inheriting("strace")
        .args([
            "-f",
            "-qqq",
            "-o",
            "/dev/null",
            "-e",
            "trace=flock",
            "-e",
            "inject=flock:error=EBADF",
        ])
        .arg(&packed.path)
        .args(["exit", "0"])
        .env("PYSHIP_CACHE_DIR", place.path())
        .success();
    assert!(!old.exists() && fresh.exists());
    // With locks it is known at once that no one makes it any more.
    fs_err::remove_dir_all(place.path().join("v1/apps")).unwrap();
    packed.run_with_cache(place.path()).args(["exit", "0"]).success();
    assert!(!fresh.exists());
}
