//! The start of files whose start-up code runs the app from a script of its own, as that of the first files of format 1
//! does. Today's launcher can stand before such a file.

use super::{Caller, Exec, exec, join, set_defaults};
use crate::cache::Ready;
use crate::environment::Environment;
use crate::format::names::{
    APP_LINK, APP_START, ENV_PRIVATE_APP, ENV_PRIVATE_ARGV0, ENV_PRIVATE_FILE, ENV_PRIVATE_KEEP,
    ENV_PYTHON_CODE, ENV_PYTHONHOME, ENV_PYTHONPATH, ENV_TOOL, START_RUN,
};

/// Whether a script is that of such start-up code.
pub(super) fn is_its_script(path: &[u8]) -> bool {
    path.strip_suffix(START_RUN.as_bytes())
        .is_some_and(|directory| directory.ends_with(format!("/{APP_LINK}/{APP_START}/").as_bytes()))
}

/// Starts the app. The caller's `PYTHON*` variables that say where code is found are renamed.
pub(super) fn app(ready: &Ready, caller: Caller) -> Exec {
    let Ready {
        directory, record, ..
    } = ready;
    let start = join(directory, &[APP_LINK, APP_START]);
    let Caller {
        argv0,
        arguments,
        mut environment,
        file,
    } = caller;
    environment.remove(ENV_TOOL);
    for name in ENV_PYTHON_CODE {
        rename(&mut environment, name);
    }
    set_defaults(&mut environment, &record.environment);
    for (name, value) in [
        (ENV_PYTHONHOME, &record.home),
        (ENV_PYTHONPATH, &start),
        (ENV_PRIVATE_APP, directory),
        (ENV_PRIVATE_FILE, &file),
        (ENV_PRIVATE_ARGV0, &argv0),
    ] {
        environment.remove(name);
        environment.push(name, value);
    }
    let mut rest = record.options.clone();
    rest.push(join(&start, &[START_RUN]));
    rest.extend(arguments);
    exec(ready, argv0, rest, environment)
}

fn rename(environment: &mut Environment, name: &str) {
    if let Some(value) = environment.get(name).map(<[u8]>::to_vec) {
        environment.remove(name);
        environment.push(format!("{ENV_PRIVATE_KEEP}{name}"), value);
    }
}
