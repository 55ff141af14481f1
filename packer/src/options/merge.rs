//! Options of the command line over those of `[tool.pyship]`.

use std::path::{Path, PathBuf};

use super::{PackOptions, app_extras};
use crate::layer::Compression;

/// The default zstd level. Level 9 is a hundredth smaller for half as much time again, 3 a fifteenth larger in less
/// than half.
const DEFAULT_LEVEL: i32 = 6;

impl PackOptions {
    /// These options with the extras that stand behind APP moved to `--extra`.
    #[must_use]
    pub(crate) fn with_extras_of_app(mut self) -> Self {
        if let Some((app, extras)) = self.app.as_deref().and_then(app_extras::split) {
            self.app = Some(app);
            self.extra.extend(extras);
        }
        self
    }

    /// These options, from the command line, over those of the `project`: single values replace the project's,
    /// lists follow the project's, and a flag counts when either sets it.
    #[must_use]
    pub(crate) fn over(self, project: Self) -> Self {
        // One of these on the command line replaces whichever the project names.
        let names_entry = self.module.is_some() || self.entry.is_some() || !self.command.is_empty();
        let (module, entry, command, of_project) = match names_entry {
            true => (self.module, self.entry, self.command, Vec::new()),
            false => (project.module, project.entry, project.command, project.arg),
        };
        let (level, release) = match self.level.is_some() || self.release {
            true => (self.level, self.release),
            false => (project.level, project.release),
        };
        // An environment on the command line replaces the packages that the project asks for.
        let (requirements, with) = match self.venv.is_some() {
            true => (self.requirements, self.with),
            false => (
                join(project.requirements, self.requirements),
                join(project.with, self.with),
            ),
        };
        Self {
            app: self.app,
            output: self.output,
            module,
            entry,
            command,
            arg: join(of_project, self.arg),
            requirements,
            with,
            venv: self.venv.or(project.venv),
            find_links: join(project.find_links, self.find_links),
            no_index: project.no_index || self.no_index,
            index_url: self.index_url.or(project.index_url),
            extra_index_url: join(project.extra_index_url, self.extra_index_url),
            constraint: join(project.constraint, self.constraint),
            require_hashes: project.require_hashes || self.require_hashes,
            extra: join(project.extra, self.extra),
            all_extras: project.all_extras || self.all_extras,
            group: join(project.group, self.group),
            no_default_groups: project.no_default_groups || self.no_default_groups,
            no_lock: project.no_lock || self.no_lock,
            with_ca: project.with_ca || self.with_ca,
            refresh: self.refresh,
            python: self.python.or(project.python),
            no_python_downloads: project.no_python_downloads || self.no_python_downloads,
            target: self.target.or(project.target),
            sysroot: self.sysroot.or(project.sysroot),
            libc: self.libc.or(project.libc),
            option: join(project.option, join(self.option, self.python_option)),
            python_option: Vec::new(),
            set_env: join(project.set_env, self.set_env),
            data_dir: self.data_dir.or(project.data_dir),
            no_index_imports: project.no_index_imports || self.no_index_imports,
            include: join(project.include, join(self.include, self.add_data)),
            lib: join(project.lib, self.lib),
            gconv: project.gconv || self.gconv,
            add_data: Vec::new(),
            exclude: join(project.exclude, self.exclude),
            no_gitignore: project.no_gitignore || self.no_gitignore,
            no_prune: project.no_prune || self.no_prune,
            keep: join(project.keep, self.keep),
            prune: join(project.prune, self.prune),
            level,
            release,
            name: self.name.or(project.name),
            app_version: self.app_version.or(project.app_version),
            build_time: self.build_time,
            build_cache: self.build_cache,
            no_build_cache: self.no_build_cache,
            no_check: (project.no_check || self.no_check) && self.check_in.is_none() && self.trial.is_empty(),
            trial: join(project.trial, self.trial),
            check_in: self.check_in,
            strict: project.strict || self.strict,
            plan: self.plan,
            json: self.json,
            quiet: self.quiet,
            verbose: self.verbose,
        }
    }

    /// The options of a `[tool.pyship]` table that stands in `directory`, with paths relative to the working
    /// directory, so that a project packs the same from anywhere.
    #[must_use]
    pub(crate) fn relative_to(mut self, directory: &Path) -> Self {
        let join = |path: &mut PathBuf| *path = directory.join(&path);
        self.sysroot.iter_mut().for_each(join);
        self.venv.iter_mut().flatten().for_each(join);
        let is_file = |path: &&mut PathBuf| !path.to_string_lossy().contains("://");
        self.requirements.iter_mut().filter(is_file).for_each(join);
        self.constraint.iter_mut().for_each(join);
        let join_text = |text: &mut String| *text = directory.join(&text).to_string_lossy().into_owned();
        self.include.iter_mut().for_each(join_text);
        let is_directory = |text: &&mut String| !text.contains("://");
        self.find_links
            .iter_mut()
            .filter(is_directory)
            .for_each(join_text);
        // `./my-package`, as a requirement, and `./python`, as an interpreter: all others are names.
        let is_path = |text: &&mut String| text.starts_with("./") || text.starts_with("../");
        self.with.iter_mut().filter(is_path).for_each(join_text);
        self.python.iter_mut().filter(is_path).for_each(join_text);
        let has_directory = |text: &&mut String| text.contains('/');
        self.lib.iter_mut().filter(has_directory).for_each(join_text);
        self
    }

    /// How layers are compressed. A level takes precedence over `release`: both can only be set in `[tool.pyship]`.
    #[must_use]
    pub(crate) fn compression(&self) -> Compression {
        match self.level {
            Some(level) => Compression::Level(level),
            None if self.release => Compression::Smallest,
            None => Compression::Level(DEFAULT_LEVEL),
        }
    }
}

fn join<T>(mut first: Vec<T>, then: Vec<T>) -> Vec<T> {
    first.extend(then);
    first
}
