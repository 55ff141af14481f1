//! The build machine's own glibc, alone in a root.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use super::*;
use crate::elf::Machine;
use crate::elf::samples::{output, write};

fn own() -> Vec<u8> {
    fs_err::read("/proc/self/exe").expect("readable")
}

fn own_loader() -> PathBuf {
    inspect(&own())
        .expect("well-formed")
        .and_then(|elf| elf.interpreter)
        .expect("a loader")
        .into()
}

#[test]
fn the_version_is_that_of_the_running_one() {
    let Collected { tree, libc, .. } =
        carried(&own_loader(), None, &BTreeSet::new(), false).expect("a glibc");
    let output = output(Command::new("getconf").arg("GNU_LIBC_VERSION"));
    assert_eq!(
        output.trim(),
        format!("glibc {}.{}", libc.version.0, libc.version.1)
    );
    let bytes = fs_err::read(
        LibrarySearch::new(Machine::of_header(&own()).expect("ELF"), None)
            .find("libc.so.6", &[])
            .expect("a libc"),
    );
    assert_eq!(
        version::newest_symbol(&bytes.expect("readable")),
        Some(libc.version)
    );
    for soname in ["libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2"] {
        assert!(tree.get(format!("lib/{soname}")).is_some(), "{soname}");
    }
    assert!(tree.get(&libc.loader).is_some());
}

#[test]
fn it_runs_a_program_in_a_root_with_nothing_else() {
    let Collected { mut tree, libc, .. } =
        carried(&own_loader(), None, &BTreeSet::new(), false).expect("a glibc");
    tree.insert_bytes("program", own(), true);
    let scratch = tempfile::tempdir().expect("a directory");
    write(&tree, scratch.path());
    fs_err::set_permissions(scratch.path(), PermissionsExt::from_mode(0o755)).expect("a mode");
    // `--map-root-user` lets anybody change the root.
    let listed = output(
        Command::new("unshare")
            .args(["--user", "--map-root-user", "--root"])
            .arg(scratch.path())
            .arg(format!("/{}", libc.loader))
            .args(["--argv0", "x", "--library-path", "/lib", "/program", "--list"]),
    );
    assert!(
        listed.contains("it_runs_a_program_in_a_root_with_nothing_else"),
        "{listed}"
    );
}

#[test]
fn character_sets_go_along_on_request() {
    let of = |with_gconv| carried(&own_loader(), None, &BTreeSet::new(), with_gconv).expect("a glibc");
    let paths = |tree: &Tree| {
        let found = tree
            .iter()
            .map(|(path, _)| String::from_utf8_lossy(path).into_owned());
        found
            .filter(|path| path.starts_with("lib/gconv/"))
            .collect::<Vec<_>>()
    };
    assert_eq!(paths(&of(false).tree), [""; 0]);
    let found = paths(&of(true).tree);
    for name in [
        "gconv-modules",
        "ISO8859-1.so",
        "SJIS.so",
        "GB18030.so",
        "libJIS.so",
    ] {
        assert!(found.contains(&format!("lib/gconv/{name}")), "{name}: {found:?}");
    }
    assert!(!found.iter().any(|path| path.ends_with(".cache")), "{found:?}");
}

#[test]
fn where_lib_is_not_usr_lib_character_sets_are_below_the_latter() {
    let root = tempfile::tempdir().expect("a directory");
    let usr = root.path().join("usr/lib/x/gconv");
    fs_err::create_dir_all(&usr).expect("a directory");
    let c_library = root.path().join("lib/x/libc.so.6");
    let sysroot = Sysroot::new(Some(root.path()));
    let mut tree = Tree::new();
    let error = gconv::add_to(&mut tree, &c_library, &sysroot).expect_err("nothing there");
    let missing = root.path().join("lib/x/gconv/gconv-modules");
    assert!(
        error
            .to_string()
            .ends_with(&format!("there is no `{}`", missing.display())),
        "{error}"
    );
    assert!(crate::hint::of(&error).is_some());
    fs_err::write(usr.join("gconv-modules"), "").expect("written");
    gconv::add_to(&mut tree, &c_library, &sysroot).expect("added");
    assert!(tree.get("lib/gconv/gconv-modules").is_some());
}

#[test]
fn what_is_not_there_is_said() {
    let empty = tempfile::tempdir().expect("a directory");
    let musl = carried(
        Path::new("/lib/ld-musl-x86_64.so.1"),
        None,
        &BTreeSet::new(),
        false,
    )
    .expect_err("not glibc");
    assert!(matches!(musl, NoLibc::NotGlibc(_)), "{musl}");
    let none =
        carried(&own_loader(), Some(empty.path()), &BTreeSet::new(), false).expect_err("nothing there");
    assert!(matches!(none, NoLibc::NoLoader(_)), "{none}");
    // A loader without its library.
    let loader = empty
        .path()
        .join(own_loader().strip_prefix("/").expect("absolute"));
    fs_err::create_dir_all(loader.parent().expect("a directory")).expect("a new directory");
    fs_err::copy(own_loader(), loader).expect("a new file");
    let half = carried(&own_loader(), Some(empty.path()), &BTreeSet::new(), false).expect_err("half of it");
    assert_eq!(half.to_string(), "there is no `libc.so.6` beside the loader");
}
