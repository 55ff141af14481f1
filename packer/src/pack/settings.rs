//! The command line and `[tool.pyship]`, as one.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use pyship_launcher::format::manifest::LibcPolicy;

use crate::app::settings::Settings;
use crate::options::{LibcOption, PackOptions};

/// What the command line says wins; lists add up, the project's first.
pub(super) fn merge(options: &PackOptions, settings: Option<&Settings>) -> PackOptions {
    let mut merged = options.clone();
    let Some(settings) = settings.cloned() else {
        return merged;
    };
    // One of these on the command line replaces whichever the project names.
    if options.module.is_none() && options.entry.is_none() && options.command.is_empty() {
        merged.module = settings.module;
        merged.entry = settings.entry;
        merged.command = settings.command;
    }
    let lists = [
        (&mut merged.with, settings.with),
        (&mut merged.find_links, settings.find_links),
        (&mut merged.extra_index_url, settings.extra_index_url),
        (&mut merged.include, settings.include),
        (&mut merged.exclude, settings.exclude),
        (&mut merged.keep, settings.keep),
        (&mut merged.prune, settings.prune),
        (&mut merged.option, settings.option),
        (
            &mut merged.set_env,
            settings
                .set_env
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect(),
        ),
    ];
    for (list, first) in lists {
        list.splice(0..0, first);
    }
    merged.requirements.splice(0..0, settings.requirements);
    merged.constraint.splice(0..0, settings.constraint);
    merged.no_index |= settings.no_index;
    merged.require_hashes |= settings.require_hashes;
    merged.no_prune |= settings.no_prune;
    merged.with_ca |= settings.with_ca;
    merged.no_index_imports |= settings.no_index_imports;
    merged.no_check |= settings.no_check;
    merged.strict |= settings.strict;
    merged.sysroot = merged.sysroot.or(settings.sysroot);
    merged.index_url = merged.index_url.or(settings.index_url);
    merged.python = merged.python.or(settings.python);
    merged.target = merged.target.or(settings.target);
    if merged.level.is_none() && !merged.release {
        merged.level = settings.level;
        merged.release = settings.release;
    }
    merged.name = merged.name.or(settings.name);
    merged.app_version = merged.app_version.or(settings.app_version);
    merged.libc = merged.libc.or(settings.libc.map(|policy| match policy {
        LibcPolicy::Auto => LibcOption::Auto,
        LibcPolicy::Host => LibcOption::Host,
        LibcPolicy::Bundled => LibcOption::Bundled,
    }));
    merged
}

/// `--option`s, checked: those that make the interpreter ignore its environment would make it ignore ours.
pub(super) fn interpreter_options(options: &[String]) -> Result<Vec<String>> {
    for option in options {
        let letters = option.strip_prefix('-').unwrap_or_default();
        let valued = letters.starts_with(['X', 'W']);
        ensure!(
            !letters.is_empty() || options.iter().any(|other| other == "-X" || other == "-W"),
            "failed to use `--option={option}`: an interpreter option begins with `-`, such as -Xutf8 or -Werror"
        );
        ensure!(
            valued || !letters.contains(['I', 'E', 'c', 'm', 'h', 'V', '-']),
            "failed to use `--option={option}`: the app could not start with it"
        );
    }
    Ok(options.to_vec())
}

/// `--set-env`; of two with one name the later one counts.
pub(super) fn environment(pairs: &[String]) -> Result<BTreeMap<String, String>> {
    let mut environment = BTreeMap::new();
    for pair in pairs {
        let (name, value) = pair.split_once('=').with_context(|| {
            format!("failed to read `--set-env {pair}`: it is not of the form NAME=VALUE")
        })?;
        ensure!(
            !name.is_empty(),
            "failed to read `--set-env {pair}`: the name is empty"
        );
        ensure!(
            !pair.contains('\0'),
            "failed to read `--set-env {name}`: it holds a NUL"
        );
        environment.insert(name.to_owned(), value.to_owned());
    }
    Ok(environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_and_release_replace_each_other() {
        let of = |level, release| PackOptions {
            level,
            release,
            ..PackOptions::default()
        };
        let project = |level, release| Settings {
            level,
            release,
            ..Settings::default()
        };
        let merged = |options: &PackOptions, settings: &Settings| {
            let merged = merge(options, Some(settings));
            (merged.level, merged.release)
        };
        assert_eq!(
            merged(&of(Some(3), false), &project(None, true)),
            (Some(3), false)
        );
        assert_eq!(merged(&of(None, true), &project(Some(3), false)), (None, true));
        assert_eq!(merged(&of(None, false), &project(None, true)), (None, true));
    }

    #[test]
    fn the_command_line_wins_and_lists_add_up() {
        let options = PackOptions {
            entry: Some("a:b".into()),
            with: vec!["six".into()],
            set_env: vec!["X=2".into()],
            ..PackOptions::default()
        };
        let settings = Settings {
            module: Some("m".into()),
            with: vec!["rich".into()],
            level: Some(3),
            prune: vec!["tk".into()],
            option: vec!["-Xutf8".into()],
            sysroot: Some("/root".into()),
            with_ca: true,
            no_check: true,
            strict: true,
            set_env: [("X".into(), "1".into()), ("Y".into(), "1".into())].into(),
            ..Settings::default()
        };
        let merged = merge(&options, Some(&settings));
        assert_eq!((merged.module, merged.entry.as_deref()), (None, Some("a:b")));
        assert_eq!(merged.with, ["rich", "six"]);
        assert_eq!(merged.level, Some(3));
        assert_eq!(
            (merged.prune, merged.option),
            (vec!["tk".to_owned()], vec!["-Xutf8".to_owned()])
        );
        assert!(merged.sysroot.is_some() && merged.with_ca && merged.no_check && merged.strict);
        let environment = environment(&merged.set_env).unwrap();
        assert_eq!((environment["X"].as_str(), environment["Y"].as_str()), ("2", "1"));
    }
}
