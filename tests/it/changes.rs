//! What a program changes or adds beside its code is its own: no start takes it away, whatever else has decayed.
//! `PYSHIP=verify` lists it apart from damage, and only `PYSHIP=repair` with `--reset` undoes it.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use harness::{Pack, Run, files_below};

use crate::decay::{Bench, Decay, INDEX, decay, members, publish_again};

const SHIPPED: &str = "below/kept.txt 'below\\n'\nemptied.txt 'full\\n'\ngrows.txt 'first\\n'\nkept.txt 'kept\\n'\n\
    replaced.txt 'old and longer\\n'\nshrinks.txt 'much more than two bytes\\n'\n";
const CHANGED: &str = "below/kept.txt 'below\\n'\nbelow/own.txt 'own\\n'\nemptied.txt ''\n\
    grows.txt 'first\\nmore\\n'\nkept.txt 'kept\\n'\nmade/own.txt 'own\\n'\nreplaced.txt 'new\\n'\nshrinks.txt 'mu'\n";

/// The app that keeps data beside its code, as it is shipped.
fn shipped() -> Bench {
    Bench::of(Pack::new("tests/apps/keeper").run(), &[], SHIPPED)
}

/// The same after it has changed its data.
fn changed() -> Bench {
    let mut bench = shipped();
    bench.run().arg("change").stdout(CHANGED).success();
    bench.says = CHANGED;
    bench
}

fn data(bench: &Bench) -> PathBuf {
    bench.layer_with("code/data").join("code/data")
}

/// Sets a modification time to before everything else's.
fn set_old(path: &Path) {
    let file = fs_err::File::open(path).unwrap();
    file.file()
        .set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
        .unwrap();
}

#[test]
fn what_the_program_changed_or_added_is_there_the_next_day_and_after_a_boot() {
    let bench = changed();
    let before = bench.inodes();
    bench.next_day();
    bench.starts("the next day");
    bench.starts_after_a_boot();
    assert_eq!(bench.inodes(), before, "nothing was touched");
}

#[test]
fn what_decays_beside_it_is_restored_and_takes_nothing_along() {
    let bench = changed();
    for path in ["below/kept.txt", "kept.txt"] {
        fs_err::remove_file(data(&bench).join(path)).unwrap();
        bench.next_day();
        bench.starts(path);
    }
    fs_err::remove_file(data(&bench).join("kept.txt")).unwrap();
    bench.starts_after_a_boot();
    // A whole directory, with what was added to it.
    fs_err::remove_dir_all(data(&bench).join("below")).unwrap();
    bench.next_day();
    bench.run().stdout_has("below/kept.txt 'below\\n'\n").success();
    // A file that every start checks for.
    let start = bench.layer_with("code").join("start");
    fs_err::remove_dir_all(start).unwrap();
    bench.run().stdout_has("replaced.txt 'new\\n'\n").success();
}

#[test]
fn the_loss_of_an_index_takes_nothing_along() {
    let bench = changed();
    let code = bench.layer_with("code");
    for what in ["removed", "emptied"] {
        fs_err::remove_file(data(&bench).join("kept.txt")).unwrap();
        if what == "removed" {
            fs_err::remove_file(code.join(INDEX)).unwrap();
        } else {
            // As a power loss leaves it: with its time.
            let index = fs_err::File::options()
                .write(true)
                .open(code.join(INDEX))
                .unwrap();
            let time = index.metadata().unwrap().modified().unwrap();
            index.set_len(0).unwrap();
            index.file().set_modified(time).unwrap();
        }
        bench.next_day();
        bench.starts(what);
        // The new index doesn't make what was changed before look old.
        bench.next_day();
        bench.starts("a day later");
    }
    // And what is lost later is found.
    let kept = data(&bench).join("kept.txt");
    fs_err::write(&kept, "").unwrap();
    fs_err::File::open(&kept)
        .unwrap()
        .file()
        .set_modified(SystemTime::UNIX_EPOCH)
        .unwrap();
    bench.next_day();
    bench.starts("a member that was cut");
}

#[test]
fn a_copied_cache_is_restored_and_keeps_what_was_changed() {
    let bench = changed();
    let copy = bench.place.path().join("copy");
    let all = bench.version();
    fs_err::create_dir(&copy).unwrap();
    thread::sleep(Duration::from_millis(20));
    Run::inheriting("cp").arg("-a").arg(all).arg(&copy).success();
    let layer = |member: &str| {
        let layer = bench.layer_with(member);
        copy.join(layer.strip_prefix(bench.place.path()).unwrap())
    };
    // Cut on the way, with the time that it had.
    let cut = layer("code").join("code/data/kept.txt");
    fs_err::write(&cut, "").unwrap();
    let time = layer("code").join(INDEX).metadata().unwrap().modified().unwrap();
    fs_err::File::options()
        .write(true)
        .open(&cut)
        .unwrap()
        .file()
        .set_modified(time)
        .unwrap();
    fs_err::remove_file(layer("bin/python3").join("bin/python3")).unwrap();
    // What was changed with a time of today is known by it; what has an old time only if it became longer.
    let expected = CHANGED.replace("'new\\n'", "'old and longer\\n'");
    let run = || bench.packed.run_with_cache(&copy);
    run().stdout(expected.as_str()).success();
    fs_err::write(layer("code").join("code/data/kept.txt"), "k").unwrap();
    for app in fs_err::read_dir(copy.join("v1/apps")).unwrap() {
        set_old(&app.unwrap().path().join("launch"));
    }
    run().stdout(expected.replace("'kept\\n'", "'k'")).success();
}

#[test]
fn verify_lists_damaged_changed_and_added_apart_and_reset_undoes_all() {
    let mut bench = changed();
    let data = data(&bench);
    fs_err::remove_file(data.join("kept.txt")).unwrap();
    let path = |name: &str| data.join(name).display().to_string();
    let changed = ["emptied.txt", "grows.txt", "replaced.txt", "shrinks.txt"].map(path);
    let added = ["below/own.txt", "made"].map(path);
    let lines = |kind: &str, names: &[String]| -> String {
        names.iter().map(|name| format!("{kind}: `{name}`\n")).collect()
    };
    let kept = lines("changed", &changed) + &lines("added", &added);
    let missing = format!("`{}` is missing\n", path("kept.txt"));
    let outcome = bench.not_intact("one missing");
    assert_eq!(outcome.out(), format!("damaged: {missing}{kept}"));
    let counts = "contents: 1 damaged, 4 changed, 2 added\n";
    assert!(outcome.err().contains(counts), "{}", outcome.report());
    let way = format!(
        "to undo what was changed and added: PYSHIP=repair {} --reset\n",
        bench.packed.path.display()
    );
    let repair = |bench: &Bench| bench.tool("repair");
    repair(&bench)
        .stdout(format!("repaired: {missing}{kept}{way}"))
        .success();
    bench.starts("repaired");
    assert_eq!(bench.not_intact("changes fail too").out(), kept);
    repair(&bench)
        .stdout(format!("{kept}nothing to repair\n{way}"))
        .success();
    let other = repair(&bench).arg("--all").output();
    crate::support::assert_launcher_failed(&other, "no such option");
    let undone = lines("restored", &changed) + &lines("removed", &added);
    repair(&bench).arg("--reset").stdout(undone).success();
    bench.says = SHIPPED;
    bench.starts("as it was shipped");
    bench.intact("as it was shipped");
    repair(&bench)
        .arg("--reset")
        .stdout("nothing to repair\n")
        .success();
}

#[test]
fn what_was_only_added_does_not_fail_verify() {
    let bench = shipped();
    let code = bench.layer_with("code").join("code");
    // What `python -O` writes beside sources.
    let minor = harness::interpreters::usual().minor().replace('.', "");
    let cached = code.join(format!("__pycache__/main.cpython-{minor}.opt-1.pyc"));
    fs_err::create_dir_all(cached.parent().unwrap()).unwrap();
    fs_err::write(&cached, "").unwrap();
    let in_app = bench.app().join("note");
    fs_err::write(&in_app, "").unwrap();
    let listed = bench.tool("verify").stdout_any().success().out();
    let of_app = format!("added: `{}`\n", in_app.display());
    assert!(listed.contains(&of_app), "{listed}");
    assert_eq!(listed.matches("added: ").count(), 2, "{listed}");
    bench.intact("but for what was added");
}

#[test]
fn a_directory_that_the_program_moved_elsewhere_is_not_written_to() {
    let mut bench = shipped();
    let below = data(&bench).join("below");
    let elsewhere = bench.place.path().join("elsewhere");
    fs_err::rename(&below, &elsewhere).unwrap();
    symlink(&elsewhere, &below).unwrap();
    fs_err::remove_file(elsewhere.join("kept.txt")).unwrap();
    bench.says = SHIPPED.split_once('\n').unwrap().1;
    let before = bench.inodes();
    bench.next_day();
    bench.starts("the next day");
    assert_eq!(bench.inodes(), before);
    assert!(files_below(&elsewhere).is_empty());
    let listed = bench.not_intact("a link").out();
    assert_eq!(listed, format!("changed: `{}`\n", below.display()));
    bench.tool("repair").arg("--reset").stdout_any().success();
    bench.intact("reset");
    assert!(files_below(&elsewhere).is_empty());
}

#[test]
fn what_was_added_to_the_apps_own_directory_survives_its_repair() {
    let bench = changed();
    let app = bench.app();
    fs_err::write(app.join("bin/own"), "own").unwrap();
    for path in members(&app) {
        if !path.ends_with("bin/own") {
            bench.next_day();
            decay(&path, Decay::Removed);
            bench.starts(&path.display().to_string());
            assert_eq!(fs_err::read(app.join("bin/own")).unwrap(), b"own");
        }
    }
    fs_err::remove_dir_all(bench.version().join("layers")).unwrap();
    fs_err::create_dir(bench.version().join("layers")).unwrap();
    bench.run().stdout(SHIPPED).success();
    assert_eq!(fs_err::read(app.join("bin/own")).unwrap(), b"own");
}

#[test]
fn starts_that_restore_at_the_same_time_or_are_killed_do_no_harm() {
    let bench = changed();
    let runtime = bench.layer_with("bin/python3");
    let all: Vec<PathBuf> = members(&runtime)
        .into_iter()
        .filter(|path| !path.ends_with(INDEX))
        .collect();
    for round in 0..8 {
        for (number, path) in all
            .iter()
            .enumerate()
            .filter(|(number, _)| number % 5 == round % 5)
        {
            let how = [Decay::Removed, Decay::Cut, Decay::Emptied][number % 3];
            decay(path, how);
        }
        publish_again(&runtime);
        fs_err::remove_file(data(&bench).join("kept.txt")).unwrap();
        bench.next_day();
        if round % 2 == 0 {
            let start = || bench.run().stdout(CHANGED).spawn();
            let starts: Vec<_> = (0..6).map(|_| start()).collect();
            for one in starts {
                one.exits(0);
            }
        } else {
            let seconds = format!("0.{:03}", 20 * round);
            let run = Run::inheriting("timeout").args(["-s", "KILL", &seconds]);
            let killed = run
                .arg(&bench.packed.path)
                .env("PYSHIP_CACHE_DIR", bench.place.path())
                .output();
            assert_ne!(killed.status.code(), Some(125), "{}", killed.report());
        }
        bench.starts("after that");
        // Whatever was killed had restored all: one more to restore, so that this start sweeps.
        fs_err::remove_file(&all[0]).unwrap();
        bench.next_day();
        bench.starts("and once more");
        let listed = bench.not_intact("changed").out();
        assert!(!listed.contains("damaged: "), "{listed}");
    }
    assert_eq!(crate::support::left_in_tmp(bench.place.path()), 0);
}
