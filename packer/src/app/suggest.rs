//! "Did you mean": the known names that look like one that isn't known.

/// The names of `known` that look like `name`, best first, at most three.
pub(super) fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup();
    scored.into_iter().take(3).map(|(_, other)| other).collect()
}

/// Names for a sentence: `` `a`, `b` ``.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    names
        .iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognized_and_a_stranger_is_not() {
        let known = ["uvicorn", "flask", "celery", "find-links"];
        assert_eq!(near("uvicron", known), ["uvicorn"]);
        assert_eq!(near("find_links", known), ["find-links"]);
        assert!(near("zzz", known).is_empty());
        assert_eq!(listed(&["a", "b"]), "`a`, `b`");
    }
}
