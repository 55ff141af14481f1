//! A plan for people.

use super::super::report::pruned_line;
use super::{LayerPlan, Plan, reasons};
use crate::app::left_out::LeftOut;
use crate::size::display;

/// How many packages are shown without `--verbose`.
const LARGEST: usize = 20;
/// How many paths are.
const PATHS: usize = 20;

impl Plan {
    /// The text.
    pub(crate) fn text(&self, verbose: bool) -> String {
        let python = &self.python;
        let version = self.version.as_deref().unwrap_or_default();
        let mut lines = vec![
            format!("plan of {}; nothing is written", self.output),
            format!("  name      {} {version}", self.name)
                .trim_end()
                .to_owned(),
            format!("  starts    {}", self.starts),
            format!(
                "  python    {} {} ({})",
                python.version, python.executable, python.why
            ),
            format!("  target    {}", self.target),
        ];
        lines.extend(self.libc.lines().map(|line| format!("  libc      {line}")));
        if let Some(lock) = &self.lock {
            lines.push(format!("  lock      {}, sha256 {}", lock.name, lock.sha256));
        }
        lines.push("what goes in, in bytes before compression and without bytecode:".to_owned());
        for layer in &self.layers {
            lines.push(layer_line(layer));
            if layer.name == super::LAYER_DEPS {
                lines.extend(self.package_lines(verbose));
            }
        }
        lines.extend(pruned_line(&self.pruned, verbose));
        lines.extend(left_out_lines(&self.left_out, verbose));
        if !self.checked {
            lines.push("the imports of the app were not followed".to_owned());
        }
        lines.iter().map(|line| format!("{line}\n")).collect()
    }

    fn package_lines(&self, verbose: bool) -> Vec<String> {
        let shown = if verbose { usize::MAX } else { LARGEST };
        let line = |package: &super::PackagePlan| {
            let name = format!("{} {}", package.name, package.version);
            let size = display(package.size);
            format!("    {name:<28} {size:>10}  {}", reasons::line(&package.why))
        };
        let mut lines: Vec<String> = self.packages.iter().take(shown).map(line).collect();
        let more = self.packages.len().saturating_sub(shown);
        if more > 0 {
            lines.push(format!("    {more} smaller packages; --verbose shows them"));
        }
        lines
    }
}

fn layer_line(layer: &LayerPlan) -> String {
    let cached = if layer.cached { "; in the build cache" } else { "" };
    format!(
        "  {:<9} {:>10} in {} entries  {}{cached}",
        layer.name,
        display(layer.size),
        layer.entries,
        layer.why
    )
}

/// Each path, and what left it out.
fn left_out_lines(left_out: &[LeftOut], verbose: bool) -> Vec<String> {
    if left_out.is_empty() {
        return Vec::new();
    }
    let shown = if verbose { usize::MAX } else { PATHS };
    let mut lines = vec!["left out of the app:".to_owned()];
    for one in left_out.iter().take(shown) {
        let line = one
            .line
            .as_ref()
            .map_or_else(String::new, |line| format!(" `{line}`"));
        lines.push(format!("  {:<30} {}{line}", one.path, one.reason));
    }
    let more = left_out.len().saturating_sub(shown);
    if more > 0 {
        lines.push(format!("  {more} more; --verbose shows them"));
    }
    lines
}
