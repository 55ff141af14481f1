//! The host's libraries: where they are, and which symbol versions they have.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use crate::bytes::as_path;
use crate::sys;
use crate::target::HOST;

/// The length of the part of a library that is searched for version strings; libstdc++ has 2.5 MB.
const LIBRARY_MAX: u64 = 16 << 20;
/// What the loader knows of libraries in other directories: Gentoo keeps those of the compiler below `/usr/lib/gcc`.
const LOADER_CACHE: &str = "/etc/ld.so.cache";
/// Where an ELF header names the machine.
const MACHINE: std::ops::Range<usize> = 18..20;

/// The bytes of a library of [`HOST`], in the loader's usual directories or where its cache says.
pub(crate) fn find(name: &str) -> Option<Vec<u8>> {
    let library = |path: &Path| read(path).ok().filter(|bytes| is_for_host(bytes));
    let usual = HOST
        .library_directories
        .iter()
        .find_map(|directory| library(&Path::new(directory).join(name)));
    usual.or_else(|| {
        let cache = read(Path::new(LOADER_CACHE)).ok()?;
        paths_in(&cache, name).find_map(|path| library(as_path(path)))
    })
}

/// The first part of a file. It is bounded because the manifest chooses the name.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(LIBRARY_MAX).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Whether a file is an ELF file for this machine: its 32-bit libraries may have the same name.
fn is_for_host(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF\x02\x01") && bytes.get(MACHINE) == Some(&HOST.elf_machine.to_le_bytes())
}

/// The absolute paths of a library in the loader's cache, whose strings end with a NUL byte each.
fn paths_in<'a>(cache: &'a [u8], name: &str) -> impl Iterator<Item = &'a [u8]> {
    let ending = format!("/{name}");
    cache
        .split(|&byte| byte == 0)
        .filter(move |text| text.starts_with(b"/") && text.ends_with(ending.as_bytes()))
}

/// Whether a library defines a symbol version: its string table contains the name.
pub(crate) fn has_version(library: &[u8], version: &str) -> bool {
    sys::find(library, format!("\0{version}\0").as_bytes()).is_some()
}

/// A C library's version, from its banner: `GNU C Library (Debian GLIBC 2.31-13) stable release version 2.31.` Not from
/// its newest symbol version: some releases add no symbols.
pub(crate) fn release(c_library: &[u8]) -> Option<String> {
    const BEFORE: &[u8] = b" release version ";
    let rest = &c_library[sys::find(c_library, BEFORE)? + BEFORE.len()..];
    let of_version = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let version: Vec<u8> = rest.iter().take_while(of_version).copied().collect();
    let version = String::from_utf8(version).ok()?;
    Some(version.trim_end_matches('.').to_owned()).filter(|version| !version.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_library_says_its_release() {
        let text = b"\0GLIBC_2.30\0GNU C Library (Debian GLIBC 2.31-13+deb11u11) stable release version 2.31.\nCopyright";
        assert_eq!(release(text).as_deref(), Some("2.31"));
        assert_eq!(release(b"\0GLIBC_2.30\0"), None);
    }

    #[test]
    fn the_loaders_cache_leads_to_other_directories() {
        let cache = b"glibc-ld.so.cache1.1\x01\0libgcc_s.so.1\0/usr/lib/gcc/x/13/32/libgcc_s.so.1\0/usr/lib/gcc/x/13/libgcc_s.so.1\0/lib/xlibgcc_s.so.1\0";
        let found: Vec<&[u8]> = paths_in(cache, "libgcc_s.so.1").collect();
        let want: [&[u8]; 2] = [
            b"/usr/lib/gcc/x/13/32/libgcc_s.so.1",
            b"/usr/lib/gcc/x/13/libgcc_s.so.1",
        ];
        assert_eq!(found, want);
    }

    #[test]
    fn only_libraries_of_this_machine_count() {
        assert!(find("libc.so.6").is_some(), "this test needs a glibc system");
        assert!(find("libnowhere.so.9").is_none());
        let mut header = [&b"\x7fELF\x02\x01\x01"[..], &[0; 13]].concat();
        header[MACHINE].copy_from_slice(&HOST.elf_machine.to_le_bytes());
        assert!(is_for_host(&header));
        header[4] = 1;
        assert!(!is_for_host(&header));
    }
}
