use std::ffi::OsStr;
use std::fs::Permissions;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;

use pyship_launcher::format::mode::Mode;
use tempfile::TempDir;

use super::*;
use crate::app::note::Note;
use crate::tree::Node;

fn write(root: &TempDir, path: &str, text: &str) {
    let path = root.path().join(path);
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

fn app(files: &[&str]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    files.iter().for_each(|file| write(&root, file, "x = 1\n"));
    root
}

fn collect(app: &Path, excludes: &Excludes) -> Result<AppSource> {
    Ok(Input::detect(Some(app))?.read(excludes)?.unwrap())
}

fn collected(root: &TempDir) -> AppSource {
    collect(root.path(), &Excludes::default()).unwrap()
}

fn paths(source: &AppSource) -> Vec<String> {
    let files = source
        .tree
        .iter()
        .filter(|(_, node)| !matches!(node, Node::Directory(_)));
    files
        .map(|(path, _)| String::from_utf8_lossy(path).into_owned())
        .collect()
}

fn link_target(source: &AppSource, path: &str) -> String {
    match source.tree.get(path) {
        Some(Node::Symlink(target)) => String::from_utf8(target.clone()).unwrap(),
        other => panic!("{path}: {other:?}"),
    }
}

fn refused(path: &Path) -> String {
    format!("{:#}", collect(path, &Excludes::default()).unwrap_err())
}

#[test]
fn a_directory_is_packed_without_caches_and_secrets() {
    let root = app(&[
        "main.py",
        "pkg/__init__.py",
        "pkg/data.txt",
        ".git/HEAD",
        "pkg/__pycache__/x.cpython-312.pyc",
        "main.pyc",
        "sourceless.pyc",
        "env-of-mine/pyvenv.cfg",
        "env-of-mine/lib/x.py",
        "web/node_modules/x/index.js",
        ".env",
    ]);
    let source = collected(&root);
    assert_eq!(
        paths(&source),
        [
            "code/main.py",
            "code/pkg/__init__.py",
            "code/pkg/data.txt",
            "code/sourceless.pyc"
        ]
    );
    assert_eq!(source.notes, [Note::Secret(".env".into())]);
    assert_eq!(source.import_directories, [""]);
    assert_eq!((source.script, source.project), (None, None));
}

#[test]
fn excludes_and_the_output_file_are_left_out_and_unused_globs_are_noted() {
    let root = app(&["main.py", "app.bin", "docs/a.md", "docs/b.py", "deep/docs/c.md"]);
    let excludes = Excludes::new(&["/docs/", "*.nothing"], Some(&root.path().join("app.bin"))).unwrap();
    let source = collect(root.path(), &excludes).unwrap();
    assert_eq!(paths(&source), ["code/deep/docs/c.md", "code/main.py"]);
    assert_eq!(source.notes, [Note::Unused("*.nothing".to_owned())]);
}

#[test]
fn modes_empty_directories_and_names_that_are_not_utf8_are_kept() {
    let root = app(&["main.py", "run.sh"]);
    fs_err::set_permissions(root.path().join("run.sh"), Permissions::from_mode(0o755)).unwrap();
    fs_err::create_dir(root.path().join("uploads")).unwrap();
    fs_err::write(root.path().join(OsStr::from_bytes(b"b\xff")), "").unwrap();
    let tree = collected(&root).tree;
    assert!(matches!(tree.get("code/run.sh"), Some(Node::File(file)) if file.mode == Mode::PROGRAM));
    assert!(matches!(tree.get("code/main.py"), Some(Node::File(file)) if file.mode == Mode::FILE));
    assert!(matches!(tree.get("code/uploads"), Some(Node::Directory(_))));
    assert!(tree.get(b"code/b\xff").is_some());
}

#[test]
fn links_within_stay_links() {
    let root = app(&["main.py", "v2/lib/x.py", "a/b/y.py"]);
    symlink("v2", root.path().join("current")).unwrap();
    symlink(
        root.path().join("v2/lib/x.py"),
        root.path().join("a/b/absolute.py"),
    )
    .unwrap();
    symlink("..", root.path().join("a/up")).unwrap();
    let source = collected(&root);
    assert_eq!(link_target(&source, "code/current"), "v2");
    assert_eq!(link_target(&source, "code/a/b/absolute.py"), "../../v2/lib/x.py");
    assert_eq!(link_target(&source, "code/a/up"), "..");
    assert_eq!(source.notes, []);
}

#[test]
fn links_to_files_outside_are_replaced_by_copies() {
    let outside = app(&["shared/x.py", "shared/__pycache__/x.pyc", "one.txt"]);
    symlink("x.py", outside.path().join("shared/same.py")).unwrap();
    let root = app(&["main.py"]);
    symlink(outside.path().join("shared"), root.path().join("shared")).unwrap();
    symlink(outside.path().join("one.txt"), root.path().join("one.txt")).unwrap();
    let source = collected(&root);
    assert_eq!(
        paths(&source),
        [
            "code/main.py",
            "code/one.txt",
            "code/shared/same.py",
            "code/shared/x.py"
        ]
    );
    assert_eq!(link_target(&source, "code/shared/same.py"), "x.py");
    let followed = fs_err::canonicalize(outside.path()).unwrap();
    assert_eq!(
        source.notes[0],
        Note::Followed("one.txt".into(), followed.join("one.txt"))
    );
    assert_eq!(
        source.notes[1],
        Note::Followed("shared".into(), followed.join("shared"))
    );
}

#[test]
fn a_link_to_a_directory_that_contains_it_is_an_error() {
    let root = app(&["app/main.py"]);
    symlink("..", root.path().join("app/parent")).unwrap();
    let message = refused(&root.path().join("app"));
    assert!(
        message.contains("the link `parent` leads to `") && message.contains("leave it out with --exclude"),
        "{message}"
    );
}

#[test]
fn special_files_and_broken_links_are_left_out_and_noted() {
    let root = app(&["main.py", ".git/config"]);
    symlink("gone", root.path().join("broken")).unwrap();
    symlink("loop", root.path().join("loop")).unwrap();
    symlink(".git/config", root.path().join("git-config")).unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    let source = collected(&root);
    assert_eq!(paths(&source), ["code/main.py"]);
    assert_eq!(
        source.notes,
        [
            Note::Broken("broken".into()),
            Note::Broken("loop".into()),
            Note::Special("socket".into()),
            Note::Dangling("git-config".into())
        ]
    );
}

#[test]
fn a_project_with_its_code_in_src_is_imported_from_there() {
    let root = app(&["src/demo/__init__.py", "tests/test_demo.py"]);
    assert_eq!(collected(&root).import_directories, [""]);
    write(&root, "pyproject.toml", "[project]\nname = 'demo'\n");
    let source = collected(&root);
    assert_eq!(source.import_directories, ["src", ""]);
    assert_eq!(source.project.unwrap().name.as_deref(), Some("demo"));
    write(&root, "src/__init__.py", "");
    assert_eq!(collected(&root).import_directories, [""]);
}

#[test]
fn a_script_is_packed_alone() {
    let root = app(&["tool.py", "other.py"]);
    let source = collect(&root.path().join("tool.py"), &Excludes::default()).unwrap();
    assert_eq!(
        (paths(&source), source.script.as_deref()),
        (vec!["code/tool.py".to_owned()], Some("tool.py"))
    );
}

#[test]
fn an_app_of_no_known_kind_is_an_error() {
    let root = app(&["notes.txt", "empty/.git/HEAD"]);
    let at = |name: &str| root.path().join(name);
    let sentence = |name: &str, cause: &str| format!("failed to pack `{}`: {cause}", at(name).display());
    assert_eq!(
        refused(&at("gone")),
        sentence("gone", "no such file or directory")
    );
    assert_eq!(refused(&at("notes.txt")), sentence("notes.txt", NO_APP));
    assert_eq!(refused(&at("empty")), sentence("empty", "it has no file to pack"));
}
