//! Which of the host's libraries are good enough.

use harness::{Pack, Run, scratch};

/// The host has a library of the right name that lacks the symbol versions that a packed file needs of it.
#[test]
fn an_older_library_of_the_host_is_not_used() {
    const BUILD: &str = "
        build() { cc -shared -fPIC -x c - -x none -Wl,-soname,libver.so.1 -Wl,--version-script=$2.map -o $1/libver.so.1; }
        mkdir old new
        printf 'VER_1.2 { global: one; local: *; };' >old.map
        printf 'VER_1.2 { global: one; local: *; }; VER_1.10 { global: two; } VER_1.2;' >new.map
        echo 'int one(void) { return 1; }' | build old old
        echo 'int one(void) { return 1; } int two(void) { return 2; }' | build new new
        echo 'int one(void); int two(void); int user(void) { return one() + two(); }' |
            cc -shared -fPIC -x c - -x none -Lnew -l:libver.so.1 -o app/libuser.so
    ";
    const PROGRAM: &str = "import ctypes, os\n\
        user = ctypes.CDLL(os.path.dirname(__file__) + '/libuser.so')\n\
        mapped = [line for line in open('/proc/self/maps') if 'libver' in line]\n\
        print(user.user(), '/layers/' in mapped[0])\n";
    let place = scratch();
    fs_err::create_dir(place.path().join("app")).unwrap();
    fs_err::write(place.path().join("app/__main__.py"), PROGRAM).unwrap();
    Run::inheriting("sh")
        .args(["-ec", BUILD])
        .directory(place.path())
        .success();
    let library = |age: &str| place.path().join(age).join("libver.so.1");
    let packed = Pack::new(place.path().join("app"))
        .arg("--lib")
        .arg(library("new"))
        .run();
    let run = || packed.run().root("forky").tmpfs();
    let at = "/usr/lib/x86_64-linux-gnu/libver.so.1";
    run().stdout("3 True\n").success();
    run().bind(&library("old"), at).stdout("3 True\n").success();
    run().bind(&library("new"), at).stdout("3 False\n").success();
}
