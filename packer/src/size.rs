//! Sizes in bytes as people write and read them, in powers of a thousand everywhere.

use indicatif::DecimalBytes;

/// Bytes for a person: `12.30 MB`.
pub(crate) fn display(bytes: u64) -> String {
    DecimalBytes(bytes).to_string()
}

/// Reads `500M`, `2G`, `1.5GB` or `1000000`: the letters are powers of a thousand.
///
/// # Errors
/// When it is anything else: a sentence with examples.
pub(crate) fn parse(text: &str) -> Result<u64, String> {
    let wrong = || format!("`{text}` is not a size, such as 500M or 2G");
    let upper = text.trim().to_ascii_uppercase();
    let plain = upper.strip_suffix('B').unwrap_or(&upper);
    let (digits, unit) = match plain.char_indices().last() {
        Some((at, 'K')) => (&plain[..at], 1e3),
        Some((at, 'M')) => (&plain[..at], 1e6),
        Some((at, 'G')) => (&plain[..at], 1e9),
        Some((at, 'T')) => (&plain[..at], 1e12),
        _ => (plain, 1.0),
    };
    let number: f64 = digits.trim().parse().map_err(|_| wrong())?;
    let bytes = number * unit;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be in range"
    )]
    if bytes.is_finite() && (0.0..1e18).contains(&bytes) {
        Ok(bytes as u64)
    } else {
        Err(wrong())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_write_them() {
        let sizes = [
            ("500M", 500_000_000),
            ("2g", 2_000_000_000),
            ("1.5kB", 1_500),
            ("0", 0),
        ];
        for (text, bytes) in sizes {
            assert_eq!(parse(text), Ok(bytes), "{text}");
        }
        for text in ["", "M", "-1", "1e99", "nan", "2 X"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_as_people_read_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.50 kB"),
            (12_345_678, "12.35 MB"),
            (2_000_000_000, "2.00 GB"),
        ] {
            assert_eq!(display(bytes), text);
        }
    }
}
