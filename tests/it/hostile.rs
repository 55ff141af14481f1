//! Files whose digests are right and whose content is hostile: whoever opens them says one line and ends, in little
//! memory and time, and nothing is written outside, published or left behind.

mod frames;
mod legal;
mod manifests;
mod members;
mod others;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use harness::hostile::Hostile;
use harness::{Outcome, Pack, Run, pyship, scratch};
use tempfile::TempDir;
use walkdir::WalkDir;

use crate::support::{assert_one_sentence, assert_unused};

/// Peak memory of whoever opens such a file.
const MEMORY_MAX_KB: u64 = 64 << 10;

/// Starts a program, kills it after 30 seconds, and says on descriptor 3's file how much memory it took.
const MEASURE: &str = r"
import errno, resource, subprocess, sys, time
while True:
    try:
        code = subprocess.run(sys.argv[2:], timeout=30).returncode
        break
    except subprocess.TimeoutExpired:
        code = 99
        break
    except OSError as error:
        # Another thread's child, forked while the file was written, has yet to close it.
        if error.errno != errno.ETXTBSY:
            raise
        time.sleep(0.01)
with open(sys.argv[1], 'w') as out:
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=out)
sys.exit(code if code >= 0 else 128 - code)
";

/// How far a tool has to look to find what is wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Where {
    /// Trailer or manifest: everyone reads them.
    Manifest,
    /// A layer: `inspect` and `info` don't look into those.
    Layer,
}

/// A place with a canary, a cache that has to stay empty, and a file to begin with.
struct Bench {
    place: TempDir,
    base: Hostile,
    canary: BTreeMap<PathBuf, Vec<u8>>,
}

impl Bench {
    fn new() -> Self {
        let packed = Pack::without_app().run();
        let place = scratch();
        // Where links and `..` of the layers would lead to, from the cache as from an extracted tree.
        for path in ["etc/passwd", "x", "a/x", "work/x", "work/cache/x"] {
            let path = place.path().join(path);
            fs_err::create_dir_all(path.parent().unwrap()).unwrap();
            fs_err::write(path, "canary\n").unwrap();
        }
        let canary = tree(place.path());
        Self {
            base: Hostile::like(&packed.path),
            place,
            canary,
        }
    }

    fn work(&self, name: &str) -> PathBuf {
        self.place.path().join("work").join(name)
    }

    fn file(&self) -> PathBuf {
        self.work("hostile.bin")
    }

    fn tools(&self, file: &Path) -> [(&'static str, Run, i32); 7] {
        let own = || Run::new(file).env("PYSHIP_CACHE_DIR", self.work("cache"));
        let tool = |tool: &str| Run::new(pyship()).arg(tool).arg(file);
        [
            ("info", own().env("PYSHIP", "info"), 125),
            ("inspect", tool("inspect"), 1),
            ("start", own(), 125),
            ("PYSHIP=verify", own().env("PYSHIP", "verify"), 125),
            (
                "PYSHIP=extract",
                own().env("PYSHIP", "extract").arg(self.work("tree")),
                125,
            ),
            ("verify", tool("verify"), 1),
            ("extract", tool("extract").arg(self.work("tree")), 1),
        ]
    }

    /// Every tool refuses the file, for this reason.
    #[track_caller]
    fn refused(&self, file: &Path, place: Where, reason: &str) {
        for (tool, run, code) in self.tools(file) {
            if place == Where::Layer && matches!(tool, "info" | "inspect") {
                continue;
            }
            let outcome = self.measured(run, &format!("{tool}: {reason}"));
            let report = || {
                format!(
                    "{tool} should end with {code} and say {reason:?}\n{}",
                    outcome.report()
                )
            };
            assert_eq!(outcome.status.code(), Some(code), "{}", report());
            assert!(outcome.err().contains(reason), "{}", report());
            assert!(outcome.err().starts_with("pyship: failed to "), "{}", report());
            assert_one_sentence(&outcome);
            assert!(
                !self.work("tree").exists(),
                "{tool} left what it had extracted\n{}",
                outcome.report()
            );
            assert_unused(&self.work("cache"), tool);
        }
        self.nothing_changed();
    }

    /// Runs it under a limit of time, and asks how much memory it took.
    fn measured(&self, run: Run, what: &str) -> Outcome {
        let peak = self.place.path().join("peak");
        let outcome = run.measured_by(MEASURE, &peak).output();
        let report = || format!("{what}\n{}", outcome.report());
        assert_ne!(
            outcome.status.code(),
            Some(99),
            "still running after 30 s: {}",
            report()
        );
        let control = |character: char| character.is_control() && character != '\n';
        assert!(
            !outcome.err().contains(control),
            "a terminal would obey: {:?}",
            outcome.err()
        );
        assert!(
            !outcome.out().contains(control),
            "a terminal would obey: {:?}",
            outcome.out()
        );
        let took = fs_err::read_to_string(&peak).unwrap_or_else(|error| panic!("{error}\n{}", report()));
        let took: u64 = took.trim().parse().unwrap();
        assert!(took <= MEMORY_MAX_KB, "{took} KB: {}", report());
        fs_err::remove_file(&peak).unwrap();
        outcome
    }

    /// Nothing is there but the canary, the file, and a cache.
    fn nothing_changed(&self) {
        let mut now = tree(self.place.path());
        now.retain(|path, _| !path.starts_with("work/cache/v1") && !path.ends_with("CACHEDIR.TAG"));
        now.remove(Path::new("work/hostile.bin"));
        assert_eq!(now, self.canary);
    }
}

/// Every path below, with its content.
fn tree(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let entries = WalkDir::new(root).min_depth(1).into_iter().map(Result::unwrap);
    entries
        .map(|entry| {
            let path = entry.path().strip_prefix(root).unwrap().to_owned();
            let small = entry.file_type().is_file() && !path.ends_with("hostile.bin");
            let content = if small {
                fs_err::read(entry.path()).unwrap()
            } else {
                Vec::new()
            };
            (path, content)
        })
        .collect()
}
