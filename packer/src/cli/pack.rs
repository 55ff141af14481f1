//! `pyship pack`: packs, and prints the report; with `--plan` prints the plan.

use anyhow::Result;

use crate::json;
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
    if options.plan {
        return plan(options, &ui);
    }
    let report = pack::run(options, &ui);
    ui.finish();
    let report = report?;
    for warning in &report.warnings {
        ui.warn(warning);
    }
    ui.note(&report.table(options.verbose));
    if options.json {
        json::print(&report)?;
    }
    Ok(())
}

/// Says what would be packed: that is the command's output.
fn plan(options: &PackOptions, ui: &Ui) -> Result<()> {
    let plan = pack::plan(options, ui);
    ui.finish();
    let plan = plan?;
    for warning in &plan.warnings {
        ui.warn(warning);
    }
    match options.json {
        true => json::print(&plan),
        false => ui::data(&plan.text(options.verbose)),
    }
}
