//! What a pack says at its end: one table for people, one JSON object for machines.

use std::time::{Duration, Instant};

use pyship_launcher::format::manifest::{Entry, Libc, Manifest};
use serde::Serialize;

use super::arguments::shown;
use super::layers::Layers;
use super::libraries::{Libraries, LibraryLine};
use super::packages::LockFile;
use super::{Pack, packages};
use crate::app::left_out::{self, LeftOut};
use crate::assemble::Assembled;
use crate::interpreter::prune::PruneReport;
use crate::packages::metadata::Distribution;
use crate::size::display;

/// Everything worth knowing about a file that was just made.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    /// The file.
    pub(crate) output: String,
    /// Its length in bytes.
    pub(crate) size: u64,
    /// Name of the app.
    pub(crate) name: String,
    /// The machine that it is for.
    pub(crate) target: String,
    /// Which interpreter, and why this one.
    pub(crate) python: PythonLine,
    /// What starts, in words.
    pub(crate) starts: String,
    /// What starts, as in the manifest.
    pub(crate) entry: Entry,
    /// Arguments that stand before the caller's, as in the manifest.
    pub(crate) arguments: Vec<String>,
    /// The name of the directory for the app's data.
    pub(crate) data_dir: Option<String>,
    /// Length of the launcher in bytes.
    pub(crate) launcher: u64,
    /// The layers, in order.
    pub(crate) layers: Vec<LayerLine>,
    /// The lock that the packages were installed from.
    pub(crate) lock: Option<LockFile>,
    /// The packages, largest first.
    pub(crate) packages: Vec<PackageLine>,
    /// What was left out of the standard library.
    pub(crate) pruned: Vec<PruneLine>,
    /// What was left out of the app, relative to it, and of what `--include` names.
    pub(crate) left_out: Vec<LeftOut>,
    /// Which C library it needs and carries.
    pub(crate) libc: LibcLine,
    /// Whether what starts was tried out.
    pub(crate) checked: bool,
    /// What a person should know, a sentence each.
    pub(crate) warnings: Vec<String>,
    /// How long it took.
    pub(crate) seconds: f64,
}

/// See [`Report::python`].
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PythonLine {
    /// `3.12.1`
    pub(crate) version: String,
    /// Where it was found.
    pub(crate) executable: String,
    /// Why it was chosen.
    pub(crate) why: String,
}

/// A layer's sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LayerLine {
    /// Its name.
    pub(crate) name: String,
    /// Its digest.
    pub(crate) digest: String,
    /// In the file.
    pub(crate) size: u64,
    /// Unpacked.
    pub(crate) unpacked: u64,
    /// Files, directories and links.
    pub(crate) entries: u64,
    /// Whether the build cache had it.
    pub(crate) cached: bool,
}

/// A package's size in bytes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PackageLine {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Unpacked.
    pub(crate) size: u64,
}

/// A group that was left out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PruneLine {
    /// The group's name, for `--keep`.
    pub(crate) group: String,
    /// Number of files.
    pub(crate) files: usize,
    /// Their bytes.
    pub(crate) size: u64,
}

/// See [`Report::libc`].
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LibcLine {
    /// The oldest glibc that will do: `2.17`.
    pub(crate) needs: String,
    /// The file that needs it.
    pub(crate) because: Option<String>,
    /// The glibc that is carried.
    pub(crate) carries: Option<String>,
    /// The libraries of the builder beside it, for systems that lack them.
    pub(crate) libraries: Vec<LibraryLine>,
}

/// What a pack is reported from, besides the file.
pub(super) struct Parts<'a> {
    pub(super) layers: &'a Layers,
    pub(super) packages: &'a packages::Facts,
    /// What starts, in words.
    pub(super) starts: &'a str,
    pub(super) pruned: &'a PruneReport,
    pub(super) left_out: &'a [LeftOut],
    /// The file that needs the newest glibc.
    pub(super) because: Option<String>,
    /// The libraries of the builder that go along.
    pub(super) libraries: Vec<LibraryLine>,
    /// Whether there was a trial run.
    pub(super) checked: bool,
    pub(super) warnings: Vec<String>,
}

impl Report {
    /// The report of a pack that began at `began`.
    pub(super) fn new(pack: &Pack<'_>, file: &Assembled, parts: Parts<'_>, began: Instant) -> Self {
        let Assembled { manifest, size, .. } = file;
        Self {
            output: pack.output.path.display().to_string(),
            size: *size,
            name: manifest.name.clone(),
            target: manifest.target.clone(),
            python: PythonLine::of(pack),
            starts: parts.starts.to_owned(),
            entry: manifest.entry.clone(),
            arguments: manifest.arguments.clone(),
            data_dir: pack.options.data_dir.clone(),
            launcher: manifest.launcher.size,
            layers: layer_lines(manifest, parts.layers),
            lock: parts.packages.lock.clone(),
            packages: package_lines(&parts.packages.distributions),
            pruned: prune_lines(parts.pruned),
            left_out: parts.left_out.to_vec(),
            libc: LibcLine::of(&manifest.libc, parts.because, parts.libraries),
            checked: parts.checked,
            warnings: parts.warnings,
            seconds: seconds(began.elapsed()),
        }
    }
}

/// What is worth a word about what starts: which command it is when no name chooses, and the fixed arguments.
fn start_lines(entry: &Entry, arguments: &[String]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Entry::Commands { commands } = entry
        && let [first, _, ..] = commands.as_slice()
    {
        let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
        lines.push(format!(
            "commands: {}; called by another name, the file runs {}",
            names.join(", "),
            first.name
        ));
    }
    if !arguments.is_empty() {
        lines.push(format!("arguments: {}", shown(arguments)));
    }
    lines
}

impl PythonLine {
    pub(super) fn of(pack: &Pack<'_>) -> Self {
        let interpreters = &pack.interpreters;
        Self {
            version: interpreters.packed.version.to_string(),
            executable: interpreters.packed.executable.display().to_string(),
            why: interpreters.why.clone(),
        }
    }
}

impl LibcLine {
    /// `because` is the file that needs the newest glibc.
    pub(super) fn of(libc: &Libc, because: Option<String>, libraries: Vec<LibraryLine>) -> Self {
        let version = |(major, minor): (u32, u32)| format!("{major}.{minor}");
        Self {
            needs: version(libc.floor),
            because,
            carries: libc.carried.as_ref().map(|libc| version(libc.version)),
            libraries,
        }
    }

    /// For people: a sentence, and one more when libraries go along.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        [self.sentence()]
            .into_iter()
            .chain(Libraries::sentence(&self.libraries))
    }

    fn sentence(&self) -> String {
        let because = self
            .because
            .as_ref()
            .map_or_else(String::new, |file| format!(" ({file})"));
        let needs = format!("needs glibc {}{because}", self.needs);
        match &self.carries {
            Some(version) => format!("{needs}; carries glibc {version} for older or other systems"),
            None => format!("{needs}; carries none"),
        }
    }
}

fn layer_lines(manifest: &Manifest, layers: &Layers) -> Vec<LayerLine> {
    let unpacked = |name: &str| {
        let packed = layers.packed.iter().find(|packed| packed.layer.name == name);
        packed.map_or(0, |packed| packed.raw)
    };
    let line = |layer: &pyship_launcher::format::manifest::Layer| LayerLine {
        name: layer.name.clone(),
        digest: layer.digest.clone(),
        size: layer.size,
        unpacked: unpacked(&layer.name),
        entries: layer.entries,
        cached: layers.cached.contains(&layer.name.as_str()),
    };
    manifest.layers.iter().map(line).collect()
}

/// Packages by size, the largest first.
fn package_lines(distributions: &[Distribution]) -> Vec<PackageLine> {
    let line = |distribution: &Distribution| PackageLine {
        name: distribution.name.clone(),
        version: distribution.version.clone(),
        size: distribution.size,
    };
    let mut lines: Vec<PackageLine> = distributions.iter().map(line).collect();
    lines.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    lines
}

pub(super) fn prune_lines(pruned: &PruneReport) -> Vec<PruneLine> {
    let groups = pruned.iter();
    groups
        .map(|(group, loss)| PruneLine {
            group: group.name().to_owned(),
            files: usize::try_from(loss.files).unwrap_or(0),
            size: loss.bytes,
        })
        .collect()
}

/// What becomes of files that a program writes beside its code; docs/running.md says more.
const WRITES: &str =
    "files that the program writes beside its code are not kept when the app is packed again";

/// How many packages the table shows.
const LARGEST: usize = 6;

impl Report {
    /// The table.
    pub(crate) fn table(&self, verbose: bool) -> String {
        let mut lines = vec![format!("{:<28} {:>12} {:>12}", "", "in the file", "unpacked")];
        let mut row = |name: &str, packed: Option<u64>, unpacked: Option<u64>| {
            let size = |bytes: Option<u64>| bytes.map_or_else(String::new, display);
            lines.push(
                format!("{name:<28} {:>12} {:>12}", size(packed), size(unpacked))
                    .trim_end()
                    .to_owned(),
            );
        };
        row("launcher", Some(self.launcher), None);
        for layer in &self.layers {
            row(&layer.name, Some(layer.size), Some(layer.unpacked));
            if layer.name == pyship_launcher::format::names::LAYER_DEPS {
                let shown = if verbose { self.packages.len() } else { LARGEST };
                for package in self.packages.iter().take(shown) {
                    row(
                        &format!("  {} {}", package.name, package.version),
                        None,
                        Some(package.size),
                    );
                }
            }
        }
        if let Some(lock) = &self.lock {
            lines.push(format!("packages: as locked in {}", lock.name));
        }
        lines.extend(pruned_line(&self.pruned, verbose));
        lines.extend(left_out::lines(&self.left_out, verbose));
        lines.push(format!("starts {}", self.starts));
        lines.extend(self.libc.lines());
        lines.extend(start_lines(&self.entry, &self.arguments));
        match &self.data_dir {
            Some(name) => lines.push(format!(
                "data: `_pyship.data` is $XDG_DATA_HOME/{name}, by default ~/.local/share/{name}"
            )),
            None if self.entry != Entry::Interpreter => lines.push(WRITES.to_owned()),
            None => {}
        }
        let Self {
            output,
            size: bytes,
            seconds,
            ..
        } = self;
        lines.push(format!("{output}: {} in {seconds:.1} s", display(*bytes)));
        lines.join("\n")
    }
}

/// What was left out of the standard library, for people.
pub(super) fn pruned_line(pruned: &[PruneLine], verbose: bool) -> Option<String> {
    let total: u64 = pruned.iter().map(|group| group.size).sum();
    let groups = pruned.iter().map(|group| match verbose {
        true => format!("{} ({} files, {})", group.group, group.files, display(group.size)),
        false => group.group.clone(),
    });
    let groups: Vec<String> = groups.collect();
    (!groups.is_empty()).then(|| {
        format!(
            "left out of the standard library: {} ({}); --keep packs them",
            groups.join(", "),
            display(total)
        )
    })
}

/// Seconds, to the millisecond.
pub(super) fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1000.0).round() / 1000.0
}
