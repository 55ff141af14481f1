//! Options in the words of other packers: `--python-option` and `--add-data` of PyInstaller, `--platform` of Docker.

/// `X utf8`, `W error` and `u`, as PyInstaller has them: the interpreter's option with its dash.
///
/// # Errors
/// Never; clap wants a result.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
pub(super) fn python_option(text: &str) -> Result<String, String> {
    Ok(match text.starts_with('-') {
        true => text.to_owned(),
        false => format!("-{}", text.replacen(' ', "", 1)),
    })
}

/// `SRC:DST`, where DST is always a directory: what `--include` takes.
///
/// # Errors
/// When there is no DST.
pub(super) fn add_data(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => {
            Ok(format!("{from}:{}/", to.trim_end_matches('/')))
        }
        _ => Err("it is not of the form SRC:DST".to_owned()),
    }
}

/// The triple of a target that is named as Docker names it: `linux/arm64`.
///
/// # Errors
/// Never; clap wants a result.
#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
pub(super) fn target(text: &str) -> Result<String, String> {
    let cpu = match text.strip_prefix("linux/") {
        Some("amd64" | "x86_64") => "x86_64",
        Some("arm64" | "arm64/v8" | "aarch64") => "aarch64",
        _ => return Ok(text.to_owned()),
    };
    Ok(format!("{cpu}-unknown-linux-gnu"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_others() {
        let option = |text| python_option(text).unwrap();
        assert_eq!(
            [option("u"), option("X utf8"), option("-Werror")],
            ["-u", "-Xutf8", "-Werror"]
        );
        let data = |text| add_data(text);
        assert_eq!(data("a/x.json:conf").unwrap(), "a/x.json:conf/");
        assert_eq!(data("a:.").unwrap(), "a:./");
        assert!(data("a").is_err() && data("a:").is_err());
        assert_eq!(target("linux/arm64").unwrap(), "aarch64-unknown-linux-gnu");
        assert_eq!(target("linux/amd64").unwrap(), "x86_64-unknown-linux-gnu");
        assert_eq!(target("windows/amd64").unwrap(), "windows/amd64");
    }
}
