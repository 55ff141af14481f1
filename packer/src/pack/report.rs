//! What a pack says at its end: one table for people, one JSON object for machines.

use std::time::Duration;

use serde::Serialize;

use crate::ui::size;

/// Everything worth knowing about a file that was just made.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The file.
    pub output: String,
    /// Its length in bytes.
    pub size: u64,
    /// Name of the app.
    pub name: String,
    /// The machine that it is for.
    pub target: String,
    /// Which interpreter, and why this one.
    pub python: PythonLine,
    /// What starts, as in the manifest.
    pub entry: pyship_launcher::format::manifest::Entry,
    /// Length of the launcher in bytes.
    pub launcher: u64,
    /// The layers, in order.
    pub layers: Vec<LayerLine>,
    /// The packages, largest first.
    pub packages: Vec<PackageLine>,
    /// What was left out of the standard library.
    pub pruned: Vec<PruneLine>,
    /// Which C library it needs and carries.
    pub libc: LibcLine,
    /// Whether what starts was tried out.
    pub checked: bool,
    /// What a person should know, a sentence each.
    pub warnings: Vec<String>,
    /// How long it took.
    pub seconds: f64,
}

/// See [`Report::python`].
#[derive(Debug, Clone, Serialize)]
pub struct PythonLine {
    /// `3.12.1`
    pub version: String,
    /// Where it was found.
    pub executable: String,
    /// Why it was chosen.
    pub why: String,
}

/// A layer's sizes in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct LayerLine {
    /// Its name.
    pub name: String,
    /// Its digest.
    pub digest: String,
    /// In the file.
    pub size: u64,
    /// Unpacked.
    pub unpacked: u64,
    /// Files, directories and links.
    pub entries: u64,
    /// Whether the build cache had it.
    pub cached: bool,
}

/// A package's size in bytes.
#[derive(Debug, Clone, Serialize)]
pub struct PackageLine {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Unpacked.
    pub size: u64,
}

/// A group that was left out.
#[derive(Debug, Clone, Serialize)]
pub struct PruneLine {
    /// The group's name, for `--keep`.
    pub group: String,
    /// Number of files.
    pub files: usize,
    /// Their bytes.
    pub size: u64,
}

/// See [`Report::libc`].
#[derive(Debug, Clone, Serialize)]
pub struct LibcLine {
    /// The oldest glibc that will do: `2.17`.
    pub needs: String,
    /// The file that needs it.
    pub because: Option<String>,
    /// The glibc that is carried.
    pub carries: Option<String>,
}

/// How many packages the table shows.
const LARGEST: usize = 6;

impl Report {
    /// The table.
    #[must_use]
    pub fn table(&self, verbose: bool) -> String {
        let mut lines = vec![format!("{:<28} {:>12} {:>12}", "", "in the file", "unpacked")];
        let mut row = |name: &str, packed: Option<u64>, unpacked: Option<u64>| {
            let shown = |bytes: Option<u64>| bytes.map_or_else(String::new, size);
            lines.push(
                format!("{name:<28} {:>12} {:>12}", shown(packed), shown(unpacked))
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
        if !self.pruned.is_empty() {
            let total: u64 = self.pruned.iter().map(|group| group.size).sum();
            let groups = self.pruned.iter().map(|group| match verbose {
                true => format!("{} ({} files, {})", group.group, group.files, size(group.size)),
                false => group.group.clone(),
            });
            lines.push(format!(
                "left out: {} ({})",
                groups.collect::<Vec<_>>().join(", "),
                size(total)
            ));
        }
        lines.push(self.libc_line());
        let Self {
            output,
            size: bytes,
            seconds,
            ..
        } = self;
        lines.push(format!("{output}: {} in {seconds:.1} s", size(*bytes)));
        lines.join("\n")
    }

    fn libc_line(&self) -> String {
        let LibcLine {
            needs,
            because,
            carries,
        } = &self.libc;
        let because = because
            .as_ref()
            .map_or_else(String::new, |file| format!(" ({file})"));
        match carries {
            Some(version) => {
                format!("needs glibc {needs}{because}; carries glibc {version} for older or other systems")
            }
            None => format!("needs glibc {needs}{because}; carries none"),
        }
    }
}

/// Seconds with a precision that means something.
#[must_use]
pub fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1000.0).round() / 1000.0
}
