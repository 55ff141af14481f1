//! An app with a cache of its own, and what may happen to the cache.
//!
//! What decays keeps the times at which it was unpacked, and no test can set those (ctime). So after a test has cut
//! members it writes the index once more, from which the time of the publication is known.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use harness::{Outcome, Pack, Packed, Run, files_below, scratch};
use tempfile::TempDir;

/// In every directory of a cache: the index of its members.
pub(crate) const INDEX: &str = ".pyship-members";

/// An app that was started once, in a cache of its own.
pub(crate) struct Bench {
    pub(crate) packed: Packed,
    pub(crate) place: TempDir,
    arguments: &'static [&'static str],
    pub(crate) says: &'static str,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let packed = Pack::new("tests/apps/environment").with("six").run();
        Self::of(packed, &["resource"], "package is here 24\n")
    }

    /// Of an app that prints this when it has these arguments.
    pub(crate) fn of(packed: Packed, arguments: &'static [&'static str], says: &'static str) -> Self {
        let bench = Self {
            packed,
            place: scratch(),
            arguments,
            says,
        };
        bench.starts("the first start");
        bench
    }

    pub(crate) fn version(&self) -> PathBuf {
        self.place.path().join("v1")
    }

    pub(crate) fn run(&self) -> Run {
        self.packed.run_with_cache(self.place.path())
    }

    #[track_caller]
    pub(crate) fn starts(&self, what: &str) {
        let outcome = self.run().args(self.arguments).output();
        assert_eq!(
            (
                outcome.status.code(),
                outcome.out().as_str(),
                outcome.err().as_str()
            ),
            (Some(0), self.says, ""),
            "{what}\n{}",
            outcome.report()
        );
    }

    /// Starts it on a machine that was booted a minute ago, two minutes after its last use.
    #[track_caller]
    pub(crate) fn starts_after_a_boot(&self) {
        self.noted(Duration::from_secs(120));
        #[expect(clippy::cast_possible_truncation, reason = "seconds since the boot")]
        let offset = 60 - uptime() as i64;
        let run = Run::inheriting("unshare")
            .args(["--time", "--fork", "--boottime", &offset.to_string(), "--"])
            .arg(&self.packed.path)
            .args(self.arguments)
            .env("PYSHIP_CACHE_DIR", self.place.path());
        run.stdout(self.says).success();
    }

    pub(crate) fn tool(&self, tool: &str) -> Run {
        self.run().env("PYSHIP", tool)
    }

    #[track_caller]
    pub(crate) fn intact(&self, what: &str) {
        let outcome = self.tool("verify").output();
        assert!(
            outcome.status.success() && outcome.out().ends_with("its unpacked contents are intact\n"),
            "{what}\n{}",
            outcome.report()
        );
    }

    /// `verify` fails; what it lists.
    #[track_caller]
    pub(crate) fn not_intact(&self, what: &str) -> Outcome {
        let outcome = self.tool("verify").output();
        let said = outcome.err();
        assert!(
            outcome.status.code() == Some(125)
                && said.starts_with("pyship: failed to verify the unpacked contents: ")
                && said.contains("\nhint: PYSHIP=repair "),
            "{what}\n{}",
            outcome.report()
        );
        outcome
    }

    pub(crate) fn app(&self) -> PathBuf {
        let mut apps = fs_err::read_dir(self.version().join("apps")).unwrap();
        let app = apps.next().unwrap().unwrap().path();
        assert!(apps.next().is_none(), "one app");
        app
    }

    pub(crate) fn layers(&self) -> Vec<PathBuf> {
        let layers = fs_err::read_dir(self.version().join("layers")).unwrap();
        layers.map(|layer| layer.unwrap().path()).collect()
    }

    pub(crate) fn layer_with(&self, member: &str) -> PathBuf {
        self.layers()
            .into_iter()
            .find(|layer| layer.join(member).symlink_metadata().is_ok())
            .unwrap_or_else(|| panic!("no layer has {member}"))
    }

    /// The last noted use is so long ago.
    pub(crate) fn noted(&self, ago: Duration) {
        let record = fs_err::File::open(self.app().join("launch")).unwrap();
        record.file().set_modified(SystemTime::now() - ago).unwrap();
    }

    /// The next start is the first one of another day.
    pub(crate) fn next_day(&self) {
        self.noted(Duration::from_secs(25 * 3600));
    }

    /// Everything in the cache's layers and apps with its inode, so that another one in its place is seen.
    pub(crate) fn inodes(&self) -> BTreeMap<PathBuf, u64> {
        ["apps", "layers"]
            .iter()
            .flat_map(|part| {
                let part = self.version().join(part);
                files_below(&part).into_iter().map(move |path| part.join(path))
            })
            .map(|path| {
                let inode = path.symlink_metadata().unwrap().ino();
                (path, inode)
            })
            .collect()
    }
}

/// Seconds since this machine was booted.
pub(crate) fn uptime() -> f64 {
    let text = fs_err::read_to_string("/proc/uptime").unwrap();
    text.split(' ').next().unwrap().parse().unwrap()
}

/// What is another one than before, or was not there.
pub(crate) fn replaced(before: &BTreeMap<PathBuf, u64>, after: &BTreeMap<PathBuf, u64>) -> Vec<PathBuf> {
    let differing = after
        .iter()
        .filter(|(path, inode)| before.get(*path) != Some(inode));
    differing.map(|(path, _)| path.clone()).collect()
}

/// Members of a directory of the cache: files and links at any depth.
pub(crate) fn members(directory: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = files_below(directory)
        .into_iter()
        .map(|path| directory.join(path))
        .filter(|path| !path.symlink_metadata().unwrap().is_dir())
        .collect();
    found.sort();
    found
}

/// One thing that may happen to a member.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Decay {
    Removed,
    Emptied,
    Cut,
}

/// Lets a member of a layer or an app decay.
pub(crate) fn decay(path: &Path, how: Decay) {
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
    publish_again(&owner(path));
}

/// The layer's or app's directory that a path lies in.
pub(crate) fn owner(path: &Path) -> PathBuf {
    let mut parents = path.ancestors();
    let is_owner = |path: &Path| {
        let parent = path.parent().and_then(Path::file_name);
        parent.is_some_and(|name| name == "layers" || name == "apps")
    };
    parents.find(|path| is_owner(path)).unwrap().to_owned()
}

/// Makes everything in a directory older than its publication.
pub(crate) fn publish_again(directory: &Path) {
    let index = directory.join(INDEX);
    if let Ok(bytes) = fs_err::read(&index) {
        fs_err::write(&index, bytes).unwrap();
    }
}

/// Members chosen by a number sequence that is the same at each run, with what happens to each.
pub(crate) fn chosen(from: &[PathBuf], count: usize) -> Vec<(PathBuf, Decay)> {
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
