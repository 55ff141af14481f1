//! Sources that change while they are packed, and files that are larger than memory should be.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use harness::{Pack, Run, interpreters, scratch};

use crate::support::small_copy_of_usual;

/// What a pack may take for files of any size, in kB.
const PACK_MEMORY_MAX: u64 = 300 << 10;

#[test]
fn a_source_that_is_saved_meanwhile_goes_in_as_one_state() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(
        app.join("main.py"),
        "import mod\nprint(mod.X, open(mod.__file__).readline(), end='')\n",
    )
    .unwrap();
    let more = "text = 'some text of a module'\n".repeat(3000);
    let save = |state: usize| {
        fs_err::write(place.path().join("new"), format!("X = {state}\n{more}")).unwrap();
        fs_err::rename(place.path().join("new"), app.join("mod.py")).unwrap();
    };
    save(0);
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for state in 1.. {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                save(state);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        for _ in 0..6 {
            // The bytecode says the one, the source the other.
            let said = Pack::new(&app)
                .arg("--no-check")
                .run()
                .run()
                .stdout_any()
                .success()
                .out();
            let words: Vec<&str> = said.split_whitespace().collect();
            assert_eq!(words[0], words[3], "{said}");
        }
        is_done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn an_interpreter_that_changes_meanwhile_is_an_error() {
    let place = scratch();
    let copy = place.path().join("python");
    let python = small_copy_of_usual(&copy);
    let library = copy.join(format!("lib/python{}", interpreters::usual().minor()));
    let save = |state: usize| {
        fs_err::write(place.path().join("new"), format!("X = {state}\n")).unwrap();
        fs_err::rename(place.path().join("new"), library.join("mod.py")).unwrap();
    };
    let app = place.path().join("main.py");
    fs_err::write(
        &app,
        "import mod\nprint(mod.X, open(mod.__file__).readline(), end='')\n",
    )
    .unwrap();
    let pack = Pack::new(&app)
        .python_is(&python)
        .no_build_cache()
        .arg("--no-check");
    let output = place.path().join("out.bin");
    let is_done = AtomicBool::new(false);
    save(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for state in 1.. {
                if is_done.load(Ordering::Relaxed) {
                    break;
                }
                save(state);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        let outcome = pack.command_to(&output).output();
        is_done.store(true, Ordering::Relaxed);
        assert_eq!(outcome.status.code(), Some(1), "{}", outcome.report());
        assert!(
            outcome.err().contains("mod.py` changed while it was packed"),
            "{}",
            outcome.report()
        );
        assert!(!output.exists());
    });
    let said = pack.run().run().stdout_any().success().out();
    let words: Vec<&str> = said.split_whitespace().collect();
    assert_eq!(words[0], words[3], "{said}");
}

#[test]
fn a_pack_takes_less_memory_than_its_files() {
    let place = scratch();
    let app = place.path().join("app");
    fs_err::create_dir(&app).unwrap();
    fs_err::write(app.join("main.py"), "print(1)\n").unwrap();
    for name in ["a", "b"] {
        // Holes: it is read, not written.
        let file = fs_err::File::create(app.join(name)).unwrap();
        file.set_len(400 << 20).unwrap();
    }
    let output = place.path().join("out.bin");
    let pack = Pack::new(&app).level(1).no_build_cache().arg("--no-check");
    let peak = "import resource, subprocess, sys\n\
        subprocess.run(sys.argv[1:], check=True)\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)";
    let run = Run::inheriting("python3")
        .args(["-c", peak])
        .args(pack.command_line(&output));
    let kilobytes: u64 = run
        .stdout_any()
        .stderr_any()
        .success()
        .out()
        .trim()
        .parse()
        .unwrap();
    assert!(kilobytes < PACK_MEMORY_MAX, "{kilobytes} kB");
    Run::new(harness::pyship())
        .arg("verify")
        .arg(&output)
        .stdout_has("intact")
        .success();
}
