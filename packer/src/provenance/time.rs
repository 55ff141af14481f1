//! The one time that may be asked for: SOURCE_DATE_EPOCH, else now.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, anyhow};

/// <https://reproducible-builds.org/specs/source-date-epoch/>
const ENV_EPOCH: &str = "SOURCE_DATE_EPOCH";
/// The last second of the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;

/// Seconds since 1970.
///
/// # Errors
/// When SOURCE_DATE_EPOCH is no such number.
pub fn seconds() -> Result<u64> {
    match std::env::var(ENV_EPOCH) {
        Ok(text) => text
            .parse()
            .ok()
            .filter(|&seconds| seconds <= SECONDS_MAX)
            .ok_or_else(|| anyhow!("failed to use {ENV_EPOCH}: `{text}` is not a number of seconds")),
        Err(std::env::VarError::NotPresent) => Ok(SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .context("failed to read the clock: it is before 1970")?
            .as_secs()),
        Err(error) => Err(error).context("failed to use SOURCE_DATE_EPOCH"),
    }
}

/// Seconds since 1970 as `2026-01-02T03:04:05Z`.
#[must_use]
pub fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3_600,
        rest / 60 % 60,
        rest % 60
    )
}

/// The Gregorian date that many days after 1970-01-01. Counted in years that begin in March, so that a leap day
/// is the last day of one (<https://howardhinnant.github.io/date_algorithms.html#civil_from_days>).
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (951_868_800, "2000-03-01T00:00:00Z"),
            (1_767_323_045, "2026-01-02T03:04:05Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (SECONDS_MAX, "9999-12-31T23:59:59Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
