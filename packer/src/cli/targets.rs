//! `pyship targets`.

use anyhow::Result;
use clap::Args;

use crate::json;
use crate::size;
use crate::target::LAUNCHERS;
use crate::ui;

/// `pyship targets`
#[derive(Debug, Clone, Args)]
pub(super) struct TargetsOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Lists the targets whose launcher this program carries.
pub(super) fn command(options: &TargetsOptions) -> Result<()> {
    if options.json {
        let list: Vec<_> = LAUNCHERS
            .iter()
            .map(|(target, launcher)| serde_json::json!({"target": target, "launcher": launcher.len()}))
            .collect();
        return json::print(&serde_json::json!({ "targets": list }));
    }
    let line = |(target, launcher): &(&str, &[u8])| {
        format!(
            "{target}  (launcher of {})\n",
            size::display(launcher.len() as u64)
        )
    };
    ui::data(&LAUNCHERS.iter().map(line).collect::<String>())
}
