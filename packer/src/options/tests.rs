use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::layer::Compression;

fn table(text: &str) -> PackOptions {
    toml::from_str(text).unwrap()
}

#[test]
fn a_level_and_release_replace_each_other() {
    let of = |level, release| PackOptions {
        level,
        release,
        ..PackOptions::default()
    };
    let over = |options: PackOptions, project| {
        let merged = options.over(project);
        (merged.level, merged.release)
    };
    assert_eq!(over(of(Some(3), false), of(None, true)), (Some(3), false));
    assert_eq!(over(of(None, true), of(Some(3), false)), (None, true));
    assert_eq!(over(of(None, false), of(None, true)), (None, true));
    assert_eq!(of(Some(3), true).compression(), Compression::Level(3));
}

#[test]
fn the_command_line_wins_and_lists_add_up() {
    let options = PackOptions {
        entry: Some("a:b".into()),
        with: vec!["six".into()],
        set_env: vec!["X=2".into()],
        ..PackOptions::default()
    };
    let project = table(
        "module = 'm'\nwith = ['rich']\nlevel = 3\nprune = ['tk']\noption = ['-Xutf8']\nsysroot = '/root'\n\
         with-ca = true\nno-check = true\nstrict = true\ngconv = true\nset-env = { X = '1', Y = '1' }",
    );
    let merged = options.over(project);
    assert_eq!((merged.module, merged.entry.as_deref()), (None, Some("a:b")));
    assert_eq!(merged.with, ["rich", "six"]);
    assert_eq!(merged.level, Some(3));
    assert_eq!(merged.prune, ["tk"]);
    assert_eq!(merged.option, ["-Xutf8"]);
    assert!(merged.sysroot.is_some() && merged.with_ca && merged.no_check && merged.strict && merged.gconv);
    assert_eq!(merged.set_env, ["X=1", "Y=1", "X=2"]);
}

#[test]
fn an_entry_point_on_the_command_line_replaces_the_one_of_the_project_with_its_arguments() {
    let project = || table("module = 'm'\narg = ['-a', 'b c']\ndata-dir = 'x'");
    let arg = |text: &str| vec![OsString::from(text)];
    let more = PackOptions {
        arg: arg("-d"),
        ..PackOptions::default()
    };
    let merged = more.clone().over(project());
    assert_eq!(merged.arg, ["-a", "b c", "-d"]);
    assert_eq!(merged.data_dir.as_deref(), Some("x"));
    let other = PackOptions {
        module: Some("n".into()),
        data_dir: Some("y".into()),
        ..more
    };
    let merged = other.over(project());
    assert_eq!((merged.arg, merged.data_dir.as_deref()), (arg("-d"), Some("y")));
}

#[test]
fn paths_of_a_table_are_relative_to_its_file() {
    let options = table(
        "requirements = ['r.txt', '/abs.txt']\nfind-links = ['wheels', 'https://host/w']\n\
         include = ['data:share']\nlib = ['z', 'vendor/libx.so.1']\nwith = ['six', './mine']\npython = '3.12'\nlibc = 'bundled'\n\
         set-env = { MODE = 'x' }\nlevel = 12",
    )
    .relative_to(Path::new("app"));
    assert_eq!(
        options.requirements,
        [Path::new("app/r.txt"), Path::new("/abs.txt")]
    );
    assert_eq!(options.find_links, ["app/wheels", "https://host/w"]);
    assert_eq!(options.include, ["app/data:share"]);
    assert_eq!(options.lib, ["z", "app/vendor/libx.so.1"]);
    assert_eq!(options.with, ["six", "app/./mine"]);
    assert_eq!(options.python.as_deref(), Some("3.12"));
    assert_eq!(options.libc, Some(LibcOption::Bundled));
    assert_eq!(
        (options.set_env, options.level),
        (vec!["MODE=x".to_owned()], Some(12))
    );
}

#[test]
fn what_belongs_to_one_call_has_no_place_in_a_table() {
    for key in [
        "app = 'x'",
        "output = 'x'",
        "json = true",
        "refresh = true",
        "build-cache = 'x'",
        "build-time = true",
    ] {
        let error = toml::from_str::<PackOptions>(key).unwrap_err();
        assert!(error.message().starts_with("unknown field"), "{key}: {error}");
    }
}

/// Every option that takes text is given a path, a password and a value of the builder.
#[test]
fn provenance_holds_nothing_of_the_builder() {
    let secret = || {
        vec![
            "https://me:hunter2@host/home/me?hunter2".to_owned(),
            "/home/me/hunter2/x".to_owned(),
        ]
    };
    let path = || Some(PathBuf::from("/home/me/hunter2/x"));
    let options = PackOptions {
        app: path(),
        output: path(),
        requirements: vec![path().unwrap()],
        with: secret(),
        find_links: secret(),
        index_url: secret().pop(),
        extra_index_url: secret(),
        constraint: vec![path().unwrap()],
        python: secret().pop(),
        sysroot: path(),
        set_env: vec!["TOKEN=hunter2".into()],
        include: vec![
            "/home/me/hunter2/data:share".into(),
            "/home/me/hunter2/data".into(),
        ],
        lib: vec!["/home/me/hunter2/libx.so".into()],
        build_cache: path(),
        ..PackOptions::default()
    };
    let text = serde_json::to_string(&options).unwrap();
    assert!(
        !text.contains("hunter2") && !text.contains("/home/me/hunter2"),
        "{text}"
    );
    assert!(text.contains("TOKEN") && text.contains("data:share"), "{text}");
}

#[test]
fn a_level_of_a_table_is_in_the_range_of_the_command_line() {
    assert_eq!(table("level = 22").level, Some(22));
    for text in ["level = 0", "level = 23", "level = -1"] {
        let error = toml::from_str::<PackOptions>(text).unwrap_err();
        assert!(error.message().contains("is not a level from 1 to 22"), "{error}");
    }
}
