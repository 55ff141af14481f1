//! The time that files and signatures carry: SOURCE_DATE_EPOCH, else now. Its text is that of RFC 3339.

use anyhow::{Context, Result, anyhow};
use jiff::Timestamp;

use crate::names::ENV_EPOCH;

/// The time in whole seconds.
///
/// # Errors
/// When SOURCE_DATE_EPOCH is not a number of seconds since 1970.
pub(crate) fn timestamp() -> Result<Timestamp> {
    match std::env::var(ENV_EPOCH) {
        Ok(text) => parse(&text)
            .ok_or_else(|| anyhow!("failed to use {ENV_EPOCH}: `{text}` is not a number of seconds")),
        Err(std::env::VarError::NotPresent) => Ok(Timestamp::from_second(Timestamp::now().as_second())?),
        Err(error) => Err(error).context(format!("failed to use {ENV_EPOCH}")),
    }
}

fn parse(text: &str) -> Option<Timestamp> {
    let seconds: u64 = text.parse().ok()?;
    Timestamp::from_second(i64::try_from(seconds).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_a_time_of_rfc_3339() {
        for (seconds, text) in [
            ("0", "1970-01-01T00:00:00Z"),
            ("951782400", "2000-02-29T00:00:00Z"),
            ("1767323045", "2026-01-02T03:04:05Z"),
        ] {
            assert_eq!(parse(seconds).unwrap().to_string(), text);
        }
        for text in ["", "x", "-1", "1.5", "300000000000", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
