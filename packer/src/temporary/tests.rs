use super::*;

fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs_err::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_in_use_stays_and_what_was_left_is_swept() {
    let place = tempfile::tempdir().unwrap();
    let parent = place.path();
    // What killed packs leave: a whole one, and one without its lock.
    let left = parent.join("pyship-abcdefghijkl");
    fs_err::create_dir(&left).unwrap();
    fs_err::write(left.join(LOCK), "").unwrap();
    fs_err::write(left.join("file"), "x").unwrap();
    fs_err::create_dir(parent.join("pyship-000000000000")).unwrap();
    fs_err::write(parent.join(".pyship-abcdefghijkl.tmp"), "x").unwrap();
    // What others have.
    fs_err::create_dir(parent.join("pyship-1000")).unwrap();
    fs_err::create_dir(parent.join("pyship-notwithalock")).unwrap();
    fs_err::write(parent.join("pyship-notwithalock/file"), "x").unwrap();
    fs_err::write(parent.join(".pyship-members"), "x").unwrap();
    assert!(is_directory(&left) && !is_directory(&parent.join("pyship-notwithalock")));

    let directory = Directory::new_in(parent).unwrap();
    let (unnamed, _) = Unnamed::new_in(parent).unwrap();
    assert!(is_directory(directory.path()) && is_file(unnamed.path()));
    sweep_directories(parent);
    sweep_files(parent);
    let used = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut expected = [
        used(directory.path()),
        used(unnamed.path()),
        ".pyship-members".to_owned(),
        "pyship-1000".to_owned(),
        "pyship-notwithalock".to_owned(),
    ];
    expected.sort();
    assert_eq!(names(parent), expected);
    drop((directory, unnamed));
    assert_eq!(
        names(parent),
        [".pyship-members", "pyship-1000", "pyship-notwithalock"]
    );
}

#[test]
fn a_file_gets_its_name() {
    let place = tempfile::tempdir().unwrap();
    let (unnamed, mut file) = Unnamed::new_in(place.path()).unwrap();
    io::Write::write_all(&mut file, b"x").unwrap();
    let out = place.path().join("out");
    unnamed.rename(&out, |path, out| path.persist(out)).unwrap();
    assert_eq!(names(place.path()), ["out"]);
}
