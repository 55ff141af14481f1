//! Permission bits of a layer's files and directories.
//!
//! Nobody but the owner may write to what a layer holds, the owner may always read it, and every directory can be
//! removed by its owner. The bits for set-user-ID, set-group-ID and sticky don't exist here.

/// What anyone may have.
const MOST: u32 = 0o755;
/// What the owner of a file has.
const FILE_LEAST: u32 = 0o400;
/// What the owner of a directory has.
const DIRECTORY_LEAST: u32 = 0o700;

/// Permission bits of a file or a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode(u16);

impl Mode {
    /// 0644
    pub const FILE: Self = Self(0o644);
    /// 0755
    pub const PROGRAM: Self = Self(0o755);
    /// 0755
    pub const DIRECTORY: Self = Self(0o755);

    /// The mode nearest to these bits that a file of a layer can have.
    #[must_use]
    pub const fn file(bits: u32) -> Self {
        Self::nearest(bits, FILE_LEAST)
    }

    /// The mode nearest to these bits that a directory of a layer can have.
    #[must_use]
    pub const fn directory(bits: u32) -> Self {
        Self::nearest(bits, DIRECTORY_LEAST)
    }

    #[expect(clippy::cast_possible_truncation, reason = "masked")]
    const fn nearest(bits: u32, least: u32) -> Self {
        Self((bits & MOST | least) as u16)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Whether the owner may execute the file.
    #[must_use]
    pub const fn is_executable(self) -> bool {
        self.0 & 0o100 != 0
    }

    /// Whether some users may not read the file.
    #[must_use]
    pub const fn hides_file(self) -> bool {
        self.0 & 0o004 == 0
    }

    /// Whether some users may not see what is in the directory.
    #[must_use]
    pub const fn hides_directory(self) -> bool {
        self.0 & 0o005 != 0o005
    }
}

/// 0755 for what is executable, else 0644: where nobody chose a mode.
impl From<bool> for Mode {
    fn from(executable: bool) -> Self {
        if executable { Self::PROGRAM } else { Self::FILE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owner_may_write_and_the_owner_may_always_read() {
        let files = [
            (0o600, 0o600),
            (0o444, 0o444),
            (0o664, 0o644),
            (0o4755, 0o755),
            (0, 0o400),
        ];
        for (bits, mode) in files {
            assert_eq!(Mode::file(bits).bits(), mode, "{bits:o}");
        }
        for (bits, mode) in [(0o2775, 0o755), (0o500, 0o700), (0o1777, 0o755)] {
            assert_eq!(Mode::directory(bits).bits(), mode, "{bits:o}");
        }
        assert!(Mode::file(0o640).hides_file() && !Mode::file(0o444).hides_file());
        assert!(Mode::directory(0o751).hides_directory() && !Mode::DIRECTORY.hides_directory());
    }
}
