//! Wheels that tests make: no package of the index has all that a wheel can have.

use std::path::{Path, PathBuf};

use harness::{Run, interpreters};
use serde_json::json;

const WRITE: &str = r"
import json, sys, zipfile
name, version, files = json.loads(sys.argv[2])
info = f'{name}-{version}.dist-info'
head = f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
more = files.pop('METADATA', '')
files = {**files, f'{info}/METADATA': head + more}
files[f'{info}/WHEEL'] = 'Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n'
entry_points = files.pop('entry_points.txt', None)
if entry_points:
    files[f'{info}/entry_points.txt'] = entry_points
record = f'{info}/RECORD'
with zipfile.ZipFile(sys.argv[1], 'w') as wheel:
    for path, text in files.items():
        wheel.writestr(path, text)
    wheel.writestr(record, ''.join(path + ',,\n' for path in [*files, record]))
";

/// Writes a wheel to `directory`. Of `files`, `METADATA` has lines for the metadata, `entry_points.txt` is the file of
/// that name, and `data/` stands for the directory of data.
pub(crate) fn wheel(directory: &Path, name: &str, version: &str, files: &[(&str, &str)]) -> PathBuf {
    let data = format!("{name}-{version}.data/data/");
    let files: serde_json::Map<String, serde_json::Value> = files
        .iter()
        .map(|(path, text)| {
            let path = path
                .strip_prefix("data/")
                .map_or_else(|| (*path).to_owned(), |below| format!("{data}{below}"));
            (path, json!(text))
        })
        .collect();
    let path = directory.join(format!("{name}-{version}-py3-none-any.whl"));
    Run::new(&interpreters::usual().path)
        .args(["-c", WRITE])
        .arg(&path)
        .arg(json!([name, version, files]).to_string())
        .success();
    path
}
