//! "Did you mean": known names that are similar to an unknown one.

/// The names of `known` that are similar to `name`, at most three, the most similar first.
pub(super) fn similar<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(f64, &str)> = known
        .into_iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup();
    scored.into_iter().take(3).map(|(_, other)| other).collect()
}

/// Names in a sentence: `` `a`, `b` ``.
pub(super) fn quoted<S: AsRef<str>>(names: &[S]) -> String {
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
    fn a_typo_is_recognized_and_another_word_is_not() {
        let known = ["uvicorn", "flask", "celery", "find-links"];
        assert_eq!(similar("uvicron", known), ["uvicorn"]);
        assert_eq!(similar("find_links", known), ["find-links"]);
        assert!(similar("zzz", known).is_empty());
        assert_eq!(quoted(&["a", "b"]), "`a`, `b`");
    }
}
