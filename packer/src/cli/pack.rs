//! `pyship pack`: packs, and prints the report.

use anyhow::Result;

use crate::options::PackOptions;
use crate::pack;
use crate::ui::{self, Ui, Volume};

/// Packs what the options ask for.
pub(super) fn command(options: &PackOptions) -> Result<()> {
    let volume = match (options.quiet, options.verbose) {
        (true, _) => Volume::Quiet,
        (_, true) => Volume::Verbose,
        _ => Volume::Normal,
    };
    let ui = Ui::new(volume);
    let report = pack::run(options, &ui);
    ui.finish();
    let report = report?;
    for warning in &report.warnings {
        ui.warn(warning);
    }
    ui.note(&report.table(options.verbose));
    if options.json {
        ui::data(&format!("{}\n", serde_json::to_string_pretty(&report)?))?;
    }
    Ok(())
}
