use super::*;

#[test]
fn the_first_reason_counts() {
    let place = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(place.path()).unwrap();
    fs_err::write(root.join(".gitignore"), ".env\n.npmrc\n*.log\ndist/\n").unwrap();
    fs_err::write(root.join(".pyshipignore"), "!.npmrc\n!*.log\n!dist/\n!.e*\n").unwrap();
    for directory in ["build", "dist"] {
        fs_err::create_dir(root.join(directory)).unwrap();
    }
    let excludes = Excludes::new(&["*.csv"], Some(&root.join("app.bin"))).unwrap();
    let excludes = excludes.of_project(true);
    let mut files = excludes.ignore_files(&root).unwrap();
    files.enter(&root).unwrap();
    let reason = |path: &str| {
        let real = root.join(path);
        excludes.reason(Path::new(path), &real, real.is_dir(), &files)
    };
    assert_eq!(reason("a.csv"), Some(Reason::Rule(0)));
    assert_eq!(reason("app.bin"), Some(Reason::Made));
    assert_eq!(reason(".netrc"), Some(Reason::Secret));
    assert_eq!(reason("build"), Some(Reason::Needless("build-output")));
    // A line without wildcards takes back what others leave out.
    assert_eq!((reason(".npmrc"), reason("dist")), (None, None));
    assert_eq!((reason("a.log"), reason(".env")), (None, Some(Reason::Secret)));
}

#[test]
fn of_a_directory_that_is_no_project_only_the_needless_and_secrets_are_left_out() {
    let place = tempfile::tempdir().unwrap();
    let root = fs_err::canonicalize(place.path()).unwrap();
    fs_err::write(root.join(".gitignore"), "*\n").unwrap();
    fs_err::create_dir(root.join("dist")).unwrap();
    let excludes = Excludes::default();
    let mut files = excludes.ignore_files(&root).unwrap();
    files.enter(&root).unwrap();
    let reason = |path: &str| {
        let real = root.join(path);
        excludes.reason(Path::new(path), &real, real.is_dir(), &files)
    };
    assert_eq!((reason("dist"), reason("x.py")), (None, None));
    assert_eq!(reason(".git"), Some(Reason::Needless("version-control")));
    assert_eq!(reason(".env"), Some(Reason::Secret));
}

#[test]
fn packed_files_are_known_by_their_trailer() {
    use pyship_launcher::format::trailer::Trailer;
    let place = tempfile::tempdir().unwrap();
    let size = 300 << 10;
    let trailer = Trailer {
        manifest_offset: 1000,
        manifest_size: 10,
        file_size: size as u64,
        launcher_size: 100,
        manifest_sha256: [0; 32],
    };
    let mut bytes = vec![0; size];
    bytes[size - 96..].copy_from_slice(&trailer.encode());
    let path = place.path().join("old");
    let is_made = |bytes: &[u8]| {
        fs_err::write(&path, bytes).unwrap();
        made::is_made(&path, false)
    };
    assert!(is_made(&bytes));
    bytes[size - 1] ^= 1;
    assert!(is_made(&bytes), "a damaged one");
    assert!(!is_made(&bytes[..size - 1]) && !is_made(b"x"));
}
