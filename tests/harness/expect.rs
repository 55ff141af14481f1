//! What a test expects of a stream.

/// Empty unless something was said.
#[derive(Debug, Clone, Default)]
pub(crate) enum Expected {
    #[default]
    Nothing,
    Exactly(Vec<u8>),
    Parts(Vec<String>),
    Anything,
}

impl Expected {
    pub(crate) fn add_part(&mut self, part: &str) {
        match self {
            Self::Parts(parts) => parts.push(part.to_owned()),
            _ => *self = Self::Parts(vec![part.to_owned()]),
        }
    }

    /// What is wrong with `actual`, when something is.
    pub(crate) fn complaint(&self, name: &str, actual: &[u8]) -> Option<String> {
        let text = String::from_utf8_lossy(actual);
        match self {
            Self::Anything => None,
            Self::Nothing => (!actual.is_empty()).then(|| format!("{name} should be empty")),
            Self::Exactly(bytes) => {
                let wanted = String::from_utf8_lossy(bytes);
                (bytes != actual).then(|| format!("{name} should be {wanted:?}"))
            }
            Self::Parts(parts) => parts
                .iter()
                .find(|part| !text.contains(*part))
                .map(|part| format!("{name} lacks {part:?}")),
        }
    }
}
