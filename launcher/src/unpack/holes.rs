//! Long runs of zeros, which become holes of a file: they take no space and no time to write.
//!
//! A layer holds every byte of a sparse file, compressed. A run of [`HOLE`] bytes is too long to be chance, and what
//! was no hole in the source may become one. Data comes in pieces whose borders mean nothing, so zeros at the end of a
//! piece wait for the next one.

use std::ops::Range;

use crate::error::Result;

/// The shortest run that becomes a hole, in bytes; shorter files have none.
pub(super) const HOLE: usize = 64 << 10;
/// The unit in which file systems give space, in bytes.
const BLOCK: usize = 4096;

/// The bytes of a file's content that take no space when they are unpacked.
#[must_use]
pub fn hole_bytes(content: &[u8]) -> u64 {
    let mut total = 0;
    let mut at = 0;
    while let Some(run) = long_run(&content[at..]) {
        let (start, end) = (at + run.start, at + run.end);
        total += (end / BLOCK * BLOCK).saturating_sub(start.div_ceil(BLOCK) * BLOCK);
        at = end;
    }
    total as u64
}

/// Where the next piece of a file goes.
#[derive(Debug, Default)]
pub(super) struct Position {
    /// Bytes before it that are written or left out.
    at: u64,
    /// Zeros that follow, not yet decided upon.
    zeros: u64,
}

impl Position {
    /// Passes what must be written of the next piece, with its offset, to `write`.
    pub(super) fn add(
        &mut self,
        mut piece: &[u8],
        write: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        while !piece.is_empty() {
            if self.zeros > 0 {
                let leading = zeros_at_start(piece);
                self.zeros += leading as u64;
                piece = &piece[leading..];
                if piece.is_empty() {
                    break;
                }
                self.settle(write)?;
            }
            let run = long_run(piece).unwrap_or_else(|| run_at_end(piece));
            if run.start > 0 {
                write(self.at, &piece[..run.start])?;
            }
            self.at += run.start as u64;
            self.zeros = run.len() as u64;
            piece = &piece[run.end..];
        }
        Ok(())
    }

    /// Ends the file; its length, when it ends with a hole.
    pub(super) fn finish(mut self, write: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<Option<u64>> {
        let ends_with_hole = self.zeros >= HOLE as u64;
        self.settle(write)?;
        Ok(ends_with_hole.then_some(self.at))
    }

    /// Leaves the zeros out, or writes them when they are few.
    fn settle(&mut self, write: &mut dyn FnMut(u64, &[u8]) -> Result<()>) -> Result<()> {
        let count = std::mem::take(&mut self.zeros);
        match usize::try_from(count) {
            Ok(few) if few > 0 && few < HOLE => write(self.at, &vec![0; few])?,
            _ => {}
        }
        self.at += count;
        Ok(())
    }
}

/// The first run of [`HOLE`] zeros or more.
fn long_run(bytes: &[u8]) -> Option<Range<usize>> {
    // Every such run covers one of these positions.
    let mut probe = HOLE - 1;
    while probe < bytes.len() {
        if bytes[probe] == 0 {
            let start = bytes[..probe]
                .iter()
                .rposition(|&byte| byte != 0)
                .map_or(0, |last| last + 1);
            let end = probe + zeros_at_start(&bytes[probe..]);
            if end - start >= HOLE {
                return Some(start..end);
            }
        }
        probe += HOLE;
    }
    None
}

/// The zeros at the end, where the next piece may go on with them; none when they fill no block.
fn run_at_end(bytes: &[u8]) -> Range<usize> {
    let start = bytes
        .iter()
        .rposition(|&byte| byte != 0)
        .map_or(0, |last| last + 1);
    if bytes.len() - start < BLOCK {
        return bytes.len()..bytes.len();
    }
    start..bytes.len()
}

fn zeros_at_start(bytes: &[u8]) -> usize {
    bytes.iter().position(|&byte| byte != 0).unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written of a content that comes in pieces of this length, and the number of bytes that are not.
    fn unpacked(content: &[u8], piece: usize) -> (Vec<u8>, usize) {
        let mut file = vec![0xee; content.len()];
        let mut written = vec![false; content.len()];
        let mut write = |at: u64, bytes: &[u8]| {
            let at = usize::try_from(at).unwrap();
            file[at..at + bytes.len()].copy_from_slice(bytes);
            written[at..at + bytes.len()].fill(true);
            Ok(())
        };
        let mut position = Position::default();
        for piece in content.chunks(piece) {
            position.add(piece, &mut write).unwrap();
        }
        let length = position.finish(&mut write).unwrap();
        let holes = written.iter().filter(|written| !**written).count();
        assert!(length.is_none_or(|length| length == content.len() as u64));
        for (at, written) in written.iter().enumerate() {
            if !written {
                file[at] = 0;
            }
        }
        (file, holes)
    }

    #[test]
    fn contents_are_the_same_whatever_the_pieces_and_long_runs_are_left_out() {
        let data = |length: usize| vec![7; length];
        let zeros = |length: usize| vec![0; length];
        let contents = [
            (data(3 * HOLE), 0),
            (zeros(3 * HOLE + 5), 3 * HOLE + 5),
            ([data(100), zeros(HOLE), data(9)].concat(), HOLE),
            ([data(100), zeros(HOLE - 1), data(9)].concat(), 0),
            ([data(HOLE), zeros(4 * HOLE + 1)].concat(), 4 * HOLE + 1),
            ([zeros(2 * HOLE), data(1)].concat(), 2 * HOLE),
            ([data(5000), zeros(BLOCK), data(HOLE), zeros(BLOCK)].concat(), 0),
        ];
        for (content, holes) in contents {
            for piece in [1000, 2 * BLOCK, HOLE - 512, 2 * HOLE, content.len()] {
                let (found, left_out) = unpacked(&content, piece);
                assert!(found == content, "{} in pieces of {piece}", content.len());
                // The zeros at the ends of very short pieces are written.
                if piece > BLOCK {
                    assert!(
                        left_out <= holes && left_out + 2 * BLOCK > holes,
                        "{left_out} of {holes}"
                    );
                }
            }
            let saved = usize::try_from(hole_bytes(&content)).unwrap();
            assert!(saved <= holes && saved + 2 * BLOCK > holes, "{saved} of {holes}");
        }
    }
}
