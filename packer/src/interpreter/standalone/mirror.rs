//! Where releases are downloaded from: GitHub, or a copy of what lies there.

use anyhow::{Result, anyhow};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::environment::Environment;
use crate::hint::WithHint as _;
use crate::names::ENV_PYTHON_MIRROR;
use crate::url;

/// The URL of python-build-standalone's releases.
const RELEASES: &str = "https://github.com/astral-sh/python-build-standalone/releases/download";
/// The path of the same on Astral's server, and its URL.
const ASTRAL_PATH: &str = "/github/python-build-standalone/releases/download";
const ASTRAL: &str = "https://releases.astral.sh";
/// uv's variables; the second one stands for [`ASTRAL`].
const ENV_UV_MIRROR: &str = "UV_PYTHON_INSTALL_MIRROR";
const ENV_UV_ASTRAL_MIRROR: &str = "UV_ASTRAL_MIRROR_URL";

/// Some servers take a `+` in a path for a space.
const ESCAPED: &AsciiSet = &CONTROLS.add(b'+').add(b' ').add(b'%').add(b'?').add(b'#');

/// A place that has releases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mirror {
    /// Without a slash at the end; it may hold a password.
    base: String,
    is_default: bool,
}

impl Mirror {
    /// The URL of `--mirror`, else of the first variable that is set: `PYSHIP_PYTHON_MIRROR`,
    /// `UV_PYTHON_INSTALL_MIRROR`, `UV_ASTRAL_MIRROR_URL`; else GitHub's.
    ///
    /// # Errors
    /// When it isn't an `http`, `https` or `file` URL.
    pub(crate) fn choose(option: Option<&str>, environment: &Environment) -> Result<Self> {
        if let Some(option) = option {
            return Self::at(option, "--mirror");
        }
        let variable = |name: &'static str| {
            let value = environment.get(name)?;
            Some((value.to_str().unwrap_or_default().to_owned(), name))
        };
        if let Some((base, name)) = variable(ENV_PYTHON_MIRROR).or_else(|| variable(ENV_UV_MIRROR)) {
            return Self::at(&base, name);
        }
        if let Some((base, name)) = variable(ENV_UV_ASTRAL_MIRROR) {
            return Self::at(&format!("{}{ASTRAL_PATH}", base.trim_end_matches('/')), name);
        }
        Ok(Self {
            base: RELEASES.to_owned(),
            is_default: true,
        })
    }

    fn at(base: &str, given_by: &str) -> Result<Self> {
        let parsed = ::url::Url::parse(base).ok();
        let is_known = parsed.is_some_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.has_host() || url.scheme() == "file"
        });
        if !is_known {
            let shown = url::scrubbed(base, "");
            return Err(anyhow!("failed to use the mirror `{shown}` of {given_by}: it isn't an http, https or file URL"))
                .hint("a mirror holds `20260114/cpython-…-install_only_stripped.tar.gz` and `20260114/SHA256SUMS`; a directory is `file:///path`");
        }
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            is_default: false,
        })
    }

    /// The URL of a release's file; a query of the mirror's URL stays at its end.
    pub(super) fn file(&self, release: &str, name: &str) -> String {
        let (path, query) = self
            .base
            .split_once('?')
            .map_or((self.base.as_str(), String::new()), |(path, query)| {
                (path, format!("?{query}"))
            });
        let path = path.trim_end_matches('/');
        format!("{path}/{release}/{}{query}", utf8_percent_encode(name, ESCAPED))
    }

    /// The mirror's URL for what python-build-standalone publishes, else `url` itself.
    pub(crate) fn replace(&self, url: &str) -> String {
        let astral = format!("{ASTRAL}{ASTRAL_PATH}");
        let rest = [RELEASES, &astral].iter().find_map(|base| url.strip_prefix(base));
        let file = rest.and_then(|rest| rest.trim_start_matches('/').split_once('/'));
        match (file, self.is_default) {
            (Some((release, name)), false) => {
                let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
                self.file(release, &name)
            }
            _ => url.to_owned(),
        }
    }

    /// For people: without passwords.
    pub(crate) fn shown(&self) -> String {
        url::scrubbed(&self.base, "").trim_end_matches('/').to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "cpython-3.12.4+20240726-x86_64-unknown-linux-gnu-install_only_stripped.tar.gz";

    fn with(variables: &[(&str, &str)]) -> Environment {
        Environment {
            variables: variables
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            ..Environment::default()
        }
    }

    #[test]
    fn the_first_that_is_set_counts() {
        let mut variables = vec![
            (ENV_UV_ASTRAL_MIRROR, "https://d.example/x/"),
            (ENV_UV_MIRROR, "https://c.example"),
            (ENV_PYTHON_MIRROR, "https://b.example/"),
        ];
        let base = |option, variables: &[_]| Mirror::choose(option, &with(variables)).unwrap().base;
        assert_eq!(base(Some("file:///mirror"), &variables), "file:///mirror");
        assert_eq!(base(None, &variables), "https://b.example");
        variables.pop();
        assert_eq!(base(None, &variables), "https://c.example");
        variables.pop();
        assert_eq!(
            base(None, &variables),
            format!("https://d.example/x{ASTRAL_PATH}")
        );
        assert_eq!(base(None, &[]), RELEASES);
    }

    #[test]
    fn urls_of_files() {
        let file = |base| {
            Mirror::choose(Some(base), &with(&[]))
                .unwrap()
                .file("20240726", NAME)
        };
        let escaped = NAME.replace('+', "%2B");
        assert_eq!(file("https://h/p/"), format!("https://h/p/20240726/{escaped}"));
        assert_eq!(
            file("https://h/p/?key=1"),
            format!("https://h/p/20240726/{escaped}?key=1")
        );
        let mirror = Mirror::choose(Some("https://me:hunter2@h/p"), &with(&[])).unwrap();
        for original in [RELEASES, &format!("{ASTRAL}{ASTRAL_PATH}")] {
            assert_eq!(
                mirror.replace(&format!("{original}/20240726/{escaped}")),
                format!("https://me:hunter2@h/p/20240726/{escaped}")
            );
        }
        assert_eq!(mirror.replace("https://x.example/p"), "https://x.example/p");
        assert_eq!(mirror.shown(), "https://h/p");
    }

    #[test]
    fn what_is_no_mirror_is_refused_without_its_password() {
        for (base, shown) in [
            ("ftp://me:hunter2@h/p", "ftp://h/p"),
            ("/srv/mirror", "(not shown)"),
            ("https://", "https://"),
        ] {
            let error = Mirror::choose(None, &with(&[(ENV_PYTHON_MIRROR, base)])).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "failed to use the mirror `{shown}` of PYSHIP_PYTHON_MIRROR: it isn't an http, https or file URL"
                )
            );
        }
    }
}
