//! URLs without what is secret in them: user, password, query, and any fragment but a digest or a place in an
//! archive. A token that is part of the path can't be told from a path.

use ::url::Url;

/// In place of a user and password.
pub(crate) const MASK: &str = "***@";
/// In place of a URL whose password can't be told from the rest.
const HIDDEN: &str = "(not shown)";
/// Beginnings of fragments that say something about the file.
const FRAGMENTS: &[&str] = &["sha256=", "sha384=", "sha512=", "subdirectory=", "egg="];

/// `url` without secrets; `mask`, such as [`MASK`], stands in place of a user and password.
pub(crate) fn scrubbed(url: &str, mask: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return HIDDEN.to_owned();
    };
    match without_secrets(url) {
        Some((clean, had_user)) if had_user && !mask.is_empty() => {
            clean.replacen("://", &format!("://{mask}"), 1)
        }
        Some((clean, _)) => clean,
        // `https://user:pa/ss@host` is no URL, but people write it.
        None if rest.is_empty() => url.to_owned(),
        None => format!("{scheme}://{HIDDEN}"),
    }
}

/// The URL without secrets, and whether there was a user or password; nothing when it isn't clear what it means.
fn without_secrets(url: &str) -> Option<(String, bool)> {
    let mut parsed = Url::parse(url).ok()?;
    let had_user = has_user(&parsed);
    // `git+https:///me:hunter2@host` has no host: its user is part of the path.
    if !parsed.has_host() && parsed.path().contains('@') {
        return None;
    }
    // What follows an unescaped `?`, `#` or `\` of a password would be taken for a path, a query or a fragment.
    let ambiguous = |part: Option<&str>| !had_user && part.is_some_and(|part| part.contains('@'));
    if url.contains('\\') || ambiguous(parsed.query()) || ambiguous(parsed.fragment()) {
        return None;
    }
    if had_user {
        parsed.set_username("").ok()?;
        parsed.set_password(None).ok()?;
    }
    parsed.set_query(None);
    let says_what_it_is = |fragment: &str| FRAGMENTS.iter().any(|start| fragment.starts_with(start));
    if !parsed.fragment().is_some_and(says_what_it_is) {
        parsed.set_fragment(None);
    }
    Some((parsed.into(), had_user))
}

fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// `text`, such as a requirement or a word of a command line, with `scrub` applied to the URL in it.
pub(crate) fn replaced(text: &str, scrub: impl Fn(&str) -> String) -> String {
    let Some(scheme_end) = text.find("://") else {
        return text.to_owned();
    };
    let is_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+.-".contains(letter);
    let start = text[..scheme_end]
        .rfind(|letter| !is_scheme(letter))
        .map_or(0, |at| at + 1);
    let (before, rest) = text.split_at(start);
    let (url, after) = rest.split_at(rest.find([' ', ';']).unwrap_or(rest.len()));
    // What follows a URL is a marker; a password with a space in it is not.
    let after = if after.contains(['@', '/']) { "" } else { after };
    format!("{before}{}{after}", scrub(url))
}

/// A line that another program printed, with [`MASK`] in the place of the user and password of each URL, and without
/// its query.
pub(crate) fn without_secrets_in(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + "://".len());
        out.push_str(before);
        let ends = |letter: char| letter.is_whitespace() || "\"'`<>".contains(letter);
        let (url, next) = after.split_at(after.find(ends).unwrap_or(after.len()));
        let authority = url.split(['/', '?', '#']).next().unwrap_or_default();
        let port = authority.rsplit_once(':').map_or("", |(_, port)| port);
        // In `user:pa/ss@host`, which is no URL, a password has cut the authority short.
        let is_whole = authority.contains('@') || port.bytes().all(|byte| byte.is_ascii_digit());
        let secret = if is_whole { authority } else { url };
        let end = secret.rfind('@').map_or(0, |at| at + 1);
        if end > 0 {
            out.push_str(MASK);
        }
        let (url, query) = url[end..].split_once('?').unwrap_or((&url[end..], ""));
        out.push_str(url);
        if !query.is_empty() {
            out.push_str("?***");
        }
        rest = next;
    }
    out + rest
}

/// Whether `url` means the same on another machine, and holds no user, password or query.
pub(crate) fn is_portable(url: &str) -> bool {
    Url::parse(url).is_ok_and(|url| url.scheme() != "file" && !has_user(&url) && url.query().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_other_programs_lose_users_and_keep_the_rest() {
        for (line, wanted) in [
            (
                "Looking in indexes: http://me:****@h/simple/, https://tok@i/x",
                "Looking in indexes: http://***@h/simple/, https://***@i/x",
            ),
            ("`https://me:pa/ss@h:80/x` failed", "`https://***@h:80/x` failed"),
            (
                "git+https://h:443/repo@v1 and file:///a@b",
                "git+https://h:443/repo@v1 and file:///a@b",
            ),
            ("x @ http://h/x.whl?tok=1 (2)", "x @ http://h/x.whl?*** (2)"),
            ("a@b: no URL", "a@b: no URL"),
        ] {
            assert_eq!(without_secrets_in(line), wanted);
        }
    }

    #[test]
    fn secrets_are_removed() {
        for (given, clean) in [
            ("https://pypi.org/simple", "https://pypi.org/simple"),
            (
                "https://me:hunter2@host:8080/simple/",
                "https://host:8080/simple/",
            ),
            ("https://hunter2@host/x?token=hunter2", "https://host/x"),
            ("https://me:hun@ter2@host/x", "https://host/x"),
            ("https://me:hun/ter2@host/x", "https://(not shown)"),
            ("https://me:hun#ter2@host/x", "https://(not shown)"),
            ("https://hun#ter2@host/x", "https://(not shown)"),
            ("https://hun?ter2@host/x", "https://(not shown)"),
            ("https://me:hun\\ter2@host/x", "https://(not shown)"),
            ("https://[::1]:80/x", "https://[::1]:80/x"),
            ("https://h/p.tar.gz#sha256=abc", "https://h/p.tar.gz#sha256=abc"),
            ("https://h/p.tar.gz#hunter2", "https://h/p.tar.gz"),
            ("git+https://me:hunter2@h/r@v1#egg=r", "git+https://h/r@v1#egg=r"),
            ("git+ssh://git@h/r", "git+ssh://h/r"),
            ("git+https:///me:hunter2@h/x", "git+https://(not shown)"),
            ("me:hunter2@host", "(not shown)"),
        ] {
            assert_eq!(scrubbed(given, ""), clean, "{given}");
        }
    }

    #[test]
    fn a_mask_shows_that_there_was_a_password() {
        assert_eq!(
            scrubbed("https://me:hunter2@h/simple?q", "***@"),
            "https://***@h/simple"
        );
        assert_eq!(scrubbed("https://h/simple", "***@"), "https://h/simple");
    }

    #[test]
    fn a_url_is_found_in_a_text() {
        let scrub = |text: &str| replaced(text, |url| scrubbed(url, ""));
        for (given, clean) in [
            ("six>=1", "six>=1"),
            ("lib@https://me:hunter2@h/l.whl", "lib@https://h/l.whl"),
            (
                "lib @ https://me:hunter2@h/l.whl ; os_name == 'posix'",
                "lib @ https://h/l.whl ; os_name == 'posix'",
            ),
            (
                "--index-url=https://me:hun;ter2@h/s",
                "--index-url=https://(not shown)",
            ),
            ("https://me:hun ter2@h/s", "https://(not shown)"),
        ] {
            assert_eq!(scrub(given), clean, "{given}");
        }
    }

    #[test]
    fn portable_urls_name_a_host_and_no_user() {
        assert!(is_portable("https://host/x.git"));
        assert!(!is_portable("file:///home/me/x"));
        assert!(!is_portable("https://token@host/x.whl"));
    }
}
