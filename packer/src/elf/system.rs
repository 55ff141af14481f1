//! The libraries that every Linux system with glibc is expected to have. The libc layer carries them for all others.

/// Parts of glibc and of the compiler's runtime. They work only with the versions that they were built with, so the
/// runtime layer must not have any of them.
const PROVIDED: &[&str] = &[
    "libBrokenLocale.so.1",
    "libanl.so.1",
    "libc.so.6",
    "libdl.so.2",
    "libgcc_s.so.1",
    "libm.so.6",
    "libmvec.so.1",
    "libnsl.so.1",
    "libnss_compat.so.2",
    "libnss_dns.so.2",
    "libnss_files.so.2",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "libstdc++.so.6",
    "libthread_db.so.1",
    "libutil.so.1",
];

/// Those of [`is_provided`] that come with a compiler: a host with glibc may lack them.
pub(super) const COMPILER: &[&str] = &["libgcc_s.so.1", "libstdc++.so.6"];

/// Whether a soname belongs to the C library or the compiler's runtime. That of libcrypt does not: glibc dropped it.
pub(crate) fn is_provided(soname: &str) -> bool {
    PROVIDED.binary_search(&soname).is_ok() || is_loader(soname)
}

/// Whether a file name is that of glibc's dynamic loader.
pub(crate) fn is_loader(name: &str) -> bool {
    name.starts_with("ld-linux") || name.starts_with("ld64.so")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_for_its_search() {
        assert!(PROVIDED.is_sorted());
        assert!(PROVIDED.iter().all(|soname| is_provided(soname)));
        assert!(is_provided("ld-linux-aarch64.so.1"));
        assert!(!is_provided("libcrypt.so.1"));
    }
}
