//! The only module with `unsafe` code: system calls that neither std nor rustix wraps.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::{CStr, CString, c_char, c_int};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, SystemTime};

use crate::format::names::EXIT_FAILURE;

/// The `fcntl` that chooses a lease's signal (`asm-generic/fcntl.h`; x86-64 and aarch64 use that).
const F_SETSIG: c_int = 10;

/// The arguments that `main` got, as bytes.
///
/// std's `args_os` relies on glibc, which passes the arguments to `.init_array`. musl doesn't, and std's start-up code,
/// which would save them, does not run in the launcher.
///
/// # Safety
/// `argv` must be the array that the C library gave to `main`: `argc` pointers to strings that live as
/// long as the process.
#[must_use]
pub unsafe fn arguments(argc: c_int, argv: *const *const c_char) -> Vec<CString> {
    let count = usize::try_from(argc).unwrap_or(0);
    (0..count)
        .map_while(|index| {
            // SAFETY: index < argc, and the caller vouches for the array.
            let pointer = unsafe { *argv.add(index) };
            // SAFETY: a non-null entry of argv is a NUL-terminated string.
            (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_owned())
        })
        .collect()
}

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The environment. Unlike std's it has duplicates and entries without `=`.
#[must_use]
pub(crate) fn environment() -> Vec<Vec<u8>> {
    // SAFETY: the C library sets it before `main`, and the launcher never writes to it.
    let mut next = unsafe { environ };
    let mut entries = Vec::new();
    if next.is_null() {
        return entries;
    }
    // SAFETY: it is an array of pointers that ends with a null pointer.
    while let Some(pointer) = std::ptr::NonNull::new(unsafe { *next }.cast_mut()) {
        // SAFETY: an entry is a NUL-terminated string.
        entries.push(unsafe { CStr::from_ptr(pointer.as_ptr()) }.to_bytes().to_vec());
        // SAFETY: the entry was not the last one, the null pointer.
        next = unsafe { next.add(1) };
    }
    entries
}

/// Replaces the process; returns only on failure.
#[must_use]
pub fn execve(path: &CStr, argv: &[CString], environment: &[CString]) -> io::Error {
    let pointers = |strings: &[CString]| -> Vec<*const c_char> {
        strings
            .iter()
            .map(|string| string.as_ptr())
            .chain([std::ptr::null()])
            .collect()
    };
    let (argv, environment) = (pointers(argv), pointers(environment));
    // SAFETY: both arrays end with a null pointer, and they and their strings outlive the call.
    unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// What a process did on a signal.
pub struct Disposition(c_int, libc::sigaction);

/// Ignores SIGXFSZ, so that a write beyond the limit on file sizes fails instead of killing the process; returns the
/// previous disposition.
#[must_use]
pub fn ignore_file_size_signal() -> Option<Disposition> {
    set_handler(libc::SIGXFSZ, libc::SIG_IGN)
}

/// Lets this process wait for its children: one whose parent ignored SIGCHLD can't, since that outlives `execve`.
pub fn wait_for_children() -> Option<Disposition> {
    set_handler(libc::SIGCHLD, libc::SIG_DFL)
}

/// Makes a signal end the process with the exit code 128 and its number; returns the previous disposition.
#[must_use]
pub fn exit_on(signal: c_int) -> Option<Disposition> {
    extern "C" fn exit(signal: c_int) {
        // SAFETY: `_exit` has no preconditions, and signal handlers may call it.
        unsafe { libc::_exit(128 + signal) }
    }
    set_handler(signal, exit as extern "C" fn(c_int) as usize)
}

/// `handler` must be one of the constants, or a function that does only what signal handlers may do.
fn set_handler(signal: c_int, handler: usize) -> Option<Disposition> {
    let mut before = MaybeUninit::uninit();
    // SAFETY: all zeros is a sigaction without flags and with an empty mask.
    let mut after: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    after.sa_sigaction = handler;
    // SAFETY: both point to a sigaction, and both callers pass a valid handler.
    let done = unsafe { libc::sigaction(signal, &raw const after, before.as_mut_ptr()) };
    // SAFETY: the call succeeded, so it has filled `before`.
    (done == 0).then(|| Disposition(signal, unsafe { before.assume_init() }))
}

impl Disposition {
    /// Restores it: ignored signals stay ignored across `execve`.
    pub fn restore(&self) {
        // SAFETY: it points to a sigaction that the kernel itself gave; this fails for no valid signal.
        unsafe { libc::sigaction(self.0, &raw const self.1, std::ptr::null_mut()) };
    }
}

/// The system's allocator; when memory is exhausted it prints an error and exits, where std would abort.
pub struct Allocator;

impl Allocator {
    fn checked(pointer: *mut u8) -> *mut u8 {
        if pointer.is_null() {
            out_of_memory();
        }
        pointer
    }
}

/// Reports without allocating that memory is exhausted, and exits. The next cold start sweeps what was being unpacked,
/// as after a kill.
pub(crate) fn out_of_memory() -> ! {
    const MESSAGE: &[u8] = b"pyship: failed to start the program: out of memory\n\
        hint: raise the memory limit (`ulimit -v`, or the container's)\n";
    // SAFETY: the pointer and length are those of a constant; `_exit` has no preconditions.
    unsafe {
        libc::write(2, MESSAGE.as_ptr().cast(), MESSAGE.len());
        libc::_exit(EXIT_FAILURE)
    }
}

// SAFETY: everything is passed on to the system's allocator; a null pointer never leaves.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller vouches for the layout.
        Self::checked(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller vouches for the layout.
        Self::checked(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller vouches for all three.
        Self::checked(unsafe { System.realloc(pointer, layout, size) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller vouches for both.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Whether the environment must not be trusted (`AT_SECURE`: set-user-ID programs and the like).
#[must_use]
pub fn is_secure() -> bool {
    // SAFETY: getauxval has no preconditions.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

/// The effective user at the start of the process.
#[must_use]
pub fn effective_user() -> u32 {
    // SAFETY: getauxval has no preconditions.
    let user = unsafe { libc::getauxval(libc::AT_EUID) };
    u32::try_from(user).unwrap_or(u32::MAX)
}

/// Whether the process runs as another user or group than the one who started it.
#[must_use]
pub fn changes_user() -> bool {
    // SAFETY: getauxval has no preconditions.
    let value = |kind| unsafe { libc::getauxval(kind) };
    value(libc::AT_UID) != value(libc::AT_EUID) || value(libc::AT_GID) != value(libc::AT_EGID)
}

/// The path that the kernel was asked to execute; empty when unknown.
#[must_use]
pub fn executed_path() -> &'static CStr {
    // SAFETY: getauxval has no preconditions.
    let address = unsafe { libc::getauxval(libc::AT_EXECFN) };
    let pointer = std::ptr::with_exposed_provenance::<c_char>(usize::try_from(address).unwrap_or(0));
    if pointer.is_null() {
        return c"";
    }
    // SAFETY: this entry points to a NUL-terminated string above the stack, which stays as long as the process.
    unsafe { CStr::from_ptr(pointer) }
}

/// When this system was booted, by its present clock; answered by the vDSO, without a system call.
pub(crate) fn boot_time() -> Option<SystemTime> {
    let mut up = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `up` is valid for writing a timespec.
    if unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut up) } != 0 {
        return None;
    }
    let up = Duration::new(u64::try_from(up.tv_sec).ok()?, u32::try_from(up.tv_nsec).ok()?);
    SystemTime::now().checked_sub(up)
}

/// Takes a write lease on a file until it is closed; false when it is open elsewhere on this machine, in any namespace.
/// Meanwhile whoever opens it waits. `file` must be open for reading and owned by this user.
///
/// # Errors
/// When the file system has no leases.
pub(crate) fn take_lease(file: BorrowedFd<'_>) -> io::Result<bool> {
    // Whoever waits makes the kernel send this process a signal: one that is ignored.
    lease(file, F_SETSIG, libc::SIGURG)?;
    match lease(file, libc::F_SETLEASE, libc::F_WRLCK) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether a lease of [`take_lease`] is held and nobody waits for its end.
pub(crate) fn has_lease(file: BorrowedFd<'_>) -> bool {
    lease(file, libc::F_GETLEASE, 0).is_ok_and(|kind| kind == libc::F_WRLCK)
}

fn lease(file: BorrowedFd<'_>, command: c_int, value: c_int) -> io::Result<c_int> {
    // SAFETY: the descriptor is open, and these commands take an int.
    match unsafe { libc::fcntl(file.as_raw_fd(), command, value) } {
        -1 => Err(io::Error::last_os_error()),
        answer => Ok(answer),
    }
}

/// The size of a page of memory in bytes.
pub(crate) fn page_size() -> u64 {
    // SAFETY: getauxval has no preconditions.
    unsafe { libc::getauxval(libc::AT_PAGESZ) }.max(1)
}

/// Where `needle` begins in `haystack`.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // SAFETY: both pointers are valid for the lengths given.
    let found = unsafe {
        libc::memmem(
            haystack.as_ptr().cast(),
            haystack.len(),
            needle.as_ptr().cast(),
            needle.len(),
        )
    };
    (!found.is_null()).then(|| found as usize - haystack.as_ptr() as usize)
}
