use super::*;
use crate::packages::record::Entry;
use crate::tree::Node;

const SITE: &str = "lib/python3.12/site-packages";

fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    }
    root
}

fn paths(tree: &Tree) -> Vec<&str> {
    tree.files()
        .map(|(path, _)| std::str::from_utf8(path).unwrap())
        .collect()
}

fn text(tree: &Tree, path: &str) -> String {
    let Some(Node::File(file)) = tree.get(path) else {
        panic!("no {path}")
    };
    String::from_utf8(file.content.read().unwrap().to_vec()).unwrap()
}

#[test]
fn of_a_virtual_environment_what_was_installed_is_taken() {
    let record = "../../../bin/demo,sha256=old,9\n../../../share/demo.txt,sha256=s,1\ndemo.py,sha256=d,1\n\
                  ../../../lib64/libdemo.so,sha256=l,1\n\
                  __pycache__/demo.cpython-312.pyc,sha256=p,1\ndemo-1.dist-info/RECORD,,\n\
                  demo-1.dist-info/uv_cache.json,sha256=u,2\ngone.py,sha256=g,1\n";
    let site = |name: &str| format!("{SITE}/{name}");
    let root = directory(&[
        ("pyvenv.cfg", "home = /here\n"),
        ("bin/activate", "#!/bin/sh\n"),
        ("bin/demo", "placeholder"),
        ("share/demo.txt", "x"),
        ("share/unclaimed.txt", "x"),
        // Written through the environment's link `lib64`.
        ("lib/libdemo.so", "x"),
        (&site("_virtualenv.py"), "x"),
        (&site("demo.py"), "x"),
        (&site("unrecorded.py"), "x"),
        (&site("__pycache__/demo.cpython-312.pyc"), "x"),
        (&site("demo-1.dist-info/uv_cache.json"), "{}"),
        (&site("demo-1.dist-info/RECORD"), record),
    ]);
    let script = format!("#!{}/bin/python\nimport demo\n", root.path().display());
    fs_err::write(root.path().join("bin/demo"), script).unwrap();
    let before = BTreeSet::from([site("_virtualenv.py").into_bytes()]);

    let tree = collect(&Origin::Venv {
        root: root.path(),
        site: SITE,
        before: &before,
    })
    .unwrap();
    assert_eq!(
        paths(&tree),
        [
            "bin/demo",
            "lib/libdemo.so",
            &site("demo-1.dist-info/RECORD"),
            &site("demo.py"),
            &site("unrecorded.py"),
            "share/demo.txt"
        ]
    );
    let script = "#!pyship-python\nimport demo\n";
    assert_eq!(text(&tree, "bin/demo"), script);
    let line = |name: &str, path: &str| {
        let entry = Entry::of(String::new(), text(&tree, path).as_bytes());
        format!("{name},{},{}\n", entry.hash, entry.size)
    };
    // With what the files are, whatever the installer's RECORD says.
    assert_eq!(
        text(&tree, &site("demo-1.dist-info/RECORD")),
        [
            line("../../../bin/demo", "bin/demo"),
            line("../../../lib/libdemo.so", "lib/libdemo.so"),
            line("../../../share/demo.txt", "share/demo.txt"),
            "demo-1.dist-info/RECORD,,\n".to_owned(),
            line("demo.py", &site("demo.py")),
        ]
        .concat()
    );
}

#[test]
fn a_package_that_is_called_as_a_directory_of_the_prefix_stays_a_package() {
    let root = directory(&[
        (".lock", ""),
        ("share/__init__.py", "x"),
        ("etc/demo.cfg", "x"),
        ("bin/tool.py", "#!/opt/python3.11\nx\n"),
        ("include.py", "x"),
        ("lib/demo/x.txt", "x"),
        (
            "demo-1.dist-info/RECORD",
            "share/__init__.py,sha256=s,1\n../../etc/demo.cfg,sha256=e,1\n",
        ),
    ]);
    let tree = collect(&Origin::Target {
        root: root.path(),
        site: SITE,
    })
    .unwrap();
    let site = |name: &str| format!("{SITE}/{name}");
    assert_eq!(
        paths(&tree),
        [
            "bin/tool.py",
            "etc/demo.cfg",
            "lib/demo/x.txt",
            &site("demo-1.dist-info/RECORD"),
            &site("include.py"),
            &site("share/__init__.py")
        ]
    );
    assert_eq!(
        text(&tree, &site("demo-1.dist-info/RECORD")),
        format!(
            "../../../etc/demo.cfg,{x},1\nshare/__init__.py,{x},1\n",
            x = Entry::of(String::new(), b"x").hash
        )
    );
}

#[test]
fn a_record_that_leaves_the_prefix_is_refused() {
    let record = format!("{SITE}/demo-1.dist-info/RECORD");
    let root = directory(&[(&record, "../../../../secret,,\n")]);
    let before = BTreeSet::new();
    let error = collect(&Origin::Venv {
        root: root.path(),
        site: SITE,
        before: &before,
    })
    .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("it names `../../../../secret`, which is outside of the environment"),
        "{error}"
    );
}
