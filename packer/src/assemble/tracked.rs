//! What a ZIP archive is written to.

use std::cell::{Cell, RefCell};
use std::io::{self, Seek, SeekFrom, Write};
use std::rc::Rc;

/// Writes to a file, or something like it, from an offset on.
///
/// The ZIP writer does not say where the data of a member begins: it is the position right after the member's header was
/// written. Errors are kept, and whatever follows the first one is ignored, because a ZIP writer that has failed prints
/// a message when it is dropped.
pub(super) struct Tracked<W> {
    inner: W,
    /// What the ZIP writer takes for the file's begin.
    base: u64,
    length: u64,
    state: Rc<State>,
}

/// What can be asked while a ZIP writer has the file.
#[derive(Default)]
pub(super) struct State {
    position: Cell<u64>,
    failure: RefCell<Option<io::Error>>,
}

impl State {
    /// Offset of the next byte.
    pub(super) fn position(&self) -> u64 {
        self.position.get()
    }

    /// The first error.
    pub(super) fn failure(&self) -> io::Result<()> {
        self.failure.take().map_or(Ok(()), Err)
    }
}

impl<W> Tracked<W> {
    /// `inner`, whose position is its end at `length`.
    pub(super) fn new(inner: W, length: u64) -> Self {
        let state = Rc::<State>::default();
        state.position.set(length);
        Self {
            inner,
            base: 0,
            length,
            state,
        }
    }

    /// From now on, offsets that are given to and by [`Seek`] count from here.
    pub(super) fn begin_anew(&mut self) {
        self.base = self.state.position();
    }

    pub(super) fn state(&self) -> Rc<State> {
        Rc::clone(&self.state)
    }

    fn keep<T>(&self, done: io::Result<T>, instead: T) -> T {
        done.unwrap_or_else(|error| {
            self.state.failure.borrow_mut().get_or_insert(error);
            instead
        })
    }

    fn has_not_failed(&self) -> bool {
        self.state.failure.borrow().is_none()
    }
}

impl<W: Write> Write for Tracked<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_not_failed() {
            let done = self.inner.write_all(bytes);
            self.keep(done, ());
        }
        self.state
            .position
            .set(self.state.position.get() + bytes.len() as u64);
        self.length = self.length.max(self.state.position.get());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Seek> Seek for Tracked<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => self.base.checked_add(position),
            SeekFrom::Current(by) => self.state.position.get().checked_add_signed(by),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
        };
        let position = position.filter(|position| *position >= self.base);
        let position = position.ok_or(io::ErrorKind::InvalidInput)?;
        if self.has_not_failed() {
            let done = self.inner.seek(SeekFrom::Start(position));
            self.keep(done, position);
        }
        self.state.position.set(position);
        Ok(position - self.base)
    }
}
