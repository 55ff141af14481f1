//! What packages put at `sys.prefix`, beside their modules: as after `pip install`, whatever it is called.

use harness::{Pack, scratch};

use crate::wheel::wheel;

#[test]
fn data_of_wheels_is_merged_with_what_is_there() {
    let place = scratch();
    let files: [(&str, &str); 12] = [
        ("one.py", ""),
        ("data/lib/one/x.txt", "lib"),
        ("data/lib/libone.so.1", "library"),
        ("data/lib64/y", "lib64"),
        ("data/lib/python3.12/beside.txt", "beside"),
        ("data/bin/helper/run", "helper"),
        ("data/bin/plain", "plain"),
        ("data/include/one.h", "header"),
        ("data/etc/common/one.cfg", "etc"),
        ("data/share/common/one.txt", "share"),
        ("data/odd name/z", "odd"),
        ("data/index", "index"),
    ];
    let one = wheel(place.path(), "one", "1", &files);
    let two = wheel(
        place.path(),
        "two",
        "1",
        &[
            ("data/share/common/two.txt", "two"),
            ("data/lib/one/two.txt", "two"),
        ],
    );
    let packed = Pack::without_app()
        .arg("--with")
        .arg(one)
        .arg("--with")
        .arg(two)
        .run();
    let code = "
import os, sys
for path in sys.argv[1:]:
    print(open(os.path.join(sys.prefix, path)).read(), end=' ')
";
    let paths = files
        .iter()
        .skip(1)
        .map(|(path, _)| path.strip_prefix("data/").unwrap());
    let paths = paths.chain(["share/common/two.txt", "lib/one/two.txt", "lib/y"]);
    packed
        .run()
        .args(["-c", code])
        .args(paths)
        .stdout("lib library lib64 beside helper plain header etc share odd index two two lib64 ")
        .success();
}

#[test]
fn names_that_pyship_uses_stay_pyships() {
    let place = scratch();
    let files = [
        "app",
        "launch",
        "pyvenv.cfg",
        "pip.conf",
        "launch.hidden",
        ".pyship-members",
    ];
    let texts: Vec<(String, &str)> = files
        .iter()
        .map(|name| (format!("data/{name}"), "theirs"))
        .collect();
    let mut files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), *text)).collect();
    files.extend([("rude.py", "V = 1\n"), ("data/lib/rude.txt", "")]);
    let rude = wheel(place.path(), "rude", "1", &files);
    fs_err::write(
        place.path().join("main.py"),
        "import rude, subprocess, sys\nprint(rude.V, flush=True)\n\
         subprocess.run([sys.executable, '-c', 'import rude, sys; print(rude.V, sys.prefix != sys.base_prefix)'])\n",
    )
    .unwrap();
    let packed = Pack::new(place.path().join("main.py"))
        .arg("--with")
        .arg(rude)
        .run();
    let cache = scratch();
    for what in ["cold", "warm"] {
        let outcome = packed.run_with_cache(cache.path()).output();
        assert_eq!(outcome.out(), "1\n1 True\n", "{what}\n{}", outcome.report());
    }
    packed
        .run_with_cache(cache.path())
        .env("PYSHIP", "verify")
        .stdout_has("its unpacked contents are intact")
        .success();
}
