//! Every name that users or other programs rely on and that only the packer uses: environment variables, the build
//! cache, endings of files. Names that the launcher uses too are in [`pyship_launcher::format::names`].

/// Environment variable with the directory of the build cache.
pub(crate) const ENV_BUILD_CACHE_DIR: &str = "PYSHIP_BUILD_CACHE_DIR";
/// Environment variable with the size that the build cache is trimmed to.
pub(crate) const ENV_BUILD_CACHE_LIMIT: &str = "PYSHIP_BUILD_CACHE_LIMIT";
/// Environment variable with the password of a secret key, for use without a terminal.
pub(crate) const ENV_KEY_PASSWORD: &str = "PYSHIP_KEY_PASSWORD";
/// Environment variable with the time to write into files (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub(crate) const ENV_EPOCH: &str = "SOURCE_DATE_EPOCH";
/// Environment variable with a URL in place of that of python-build-standalone's releases.
pub(crate) const ENV_PYTHON_MIRROR: &str = "PYSHIP_PYTHON_MIRROR";
/// Environment variable with the directory of the interpreters that pyship downloads.
pub(crate) const ENV_PYTHON_INSTALL_DIR: &str = "PYSHIP_PYTHON_INSTALL_DIR";
/// Environment variable with the seconds after which a download that gets no data counts as broken off.
pub(crate) const ENV_HTTP_TIMEOUT: &str = "PYSHIP_HTTP_TIMEOUT";
/// Environment variable with the seconds after which a trial run is ended.
pub(crate) const ENV_TRIAL_TIMEOUT: &str = "PYSHIP_TRIAL_TIMEOUT";

/// Directory of downloads below pyship's directory in the user's cache directory.
pub(crate) const DOWNLOADS: &str = "downloads";
/// Name of the build cache below pyship's directory in the user's cache directory.
pub(crate) const BUILD_CACHE_NAME: &str = "build";
/// Directory of a build cache that this version of its layout owns.
pub(crate) const BUILD_CACHE_VERSION: &str = "v1";
/// Compressed layers, each with what the packer knows of it.
pub(crate) const BUILD_CACHE_ENTRIES: &str = "entries";
/// Unpacked layers, in the layout of a run-time cache.
pub(crate) const BUILD_CACHE_UNPACKED: &str = "unpacked";
/// Files that are being written.
pub(crate) const BUILD_CACHE_TMP: &str = "tmp";

/// Ending of the name of a signature: `app.bin.minisig`.
pub(crate) const SIGNATURE_SUFFIX: &str = ".minisig";
