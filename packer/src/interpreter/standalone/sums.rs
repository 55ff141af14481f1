//! `SHA256SUMS`, which each release has beside its archives: lines of a SHA-256, two spaces and a name.

/// No release's list has more than 300 KB.
pub(super) const MAX_BYTES: u64 = 16 << 20;
/// Its name.
pub(super) const FILE: &str = "SHA256SUMS";

/// The SHA-256 of `name`, in lower case.
pub(super) fn find(list: &str, name: &str) -> Option<String> {
    list.lines().find_map(|line| {
        let (sha256, rest) = line.split_once(char::is_whitespace)?;
        // `*` marks a file that was read as binary.
        let is_name = rest.trim().trim_start_matches('*') == name;
        let is_sha256 = sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit());
        (is_name && is_sha256).then(|| sha256.to_ascii_lowercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_as_a_whole() {
        let (a, b) = ("ab".repeat(32), "CD".repeat(32));
        let list = format!("{a}  x-install_only.tar.gz\r\n{b} *x.tar.gz\nshort  y.tar.gz\n");
        assert_eq!(find(&list, "x-install_only.tar.gz"), Some(a));
        assert_eq!(find(&list, "x.tar.gz"), Some("cd".repeat(32)));
        assert_eq!(find(&list, "y.tar.gz"), None);
        assert_eq!(find(&list, ".tar.gz"), None);
    }
}
