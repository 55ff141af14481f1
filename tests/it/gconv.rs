//! Character sets of the carried glibc, which C libraries convert with: `--gconv`.

use harness::{Pack, Packed, scratch};

/// Converts by the C library. It says what the program sees of the variable that names the character sets, and does so again
/// in an interpreter of its own.
const PROGRAM: &str = r#"
import ctypes, os, subprocess, sys

libc = ctypes.CDLL(None)
libc.iconv_open.restype = ctypes.c_void_p
libc.iconv.argtypes = [ctypes.c_void_p] + 4 * [ctypes.c_void_p]

def convert(text, charset):
    opened = libc.iconv_open(b"UTF-8", charset)
    if opened == ctypes.c_void_p(-1).value:
        return None
    source, result = ctypes.create_string_buffer(text), ctypes.create_string_buffer(20)
    lengths = [ctypes.c_size_t(len(text)), ctypes.c_size_t(20)]
    places = [ctypes.c_void_p(ctypes.addressof(buffer)) for buffer in (source, result)]
    libc.iconv(opened, *map(ctypes.byref, (places[0], lengths[0], places[1], lengths[1])))
    return result.value.decode()

texts = [(b"\xa4", b"ISO-8859-15"), (b"\x83\x65", b"SHIFT_JIS"), (b"\x84\x31\xa4\x37", b"GB18030"), (b"x", b"NONE")]
shown = [convert(*text) for text in texts]
with open("/proc/self/environ", "rb") as file:
    entries = [entry for entry in file.read().split(b"\0") if b"CONV_PATH" in entry]
print(ascii(shown), os.environ.get("GCONV_PATH"), entries, flush=True)
for options in ([[], ["-S"], ["-I"]] if len(sys.argv) == 1 else []):
    subprocess.run([sys.executable, *options, __file__, "child"], check=True)
"#;

const KNOWN: &str = r"['\u20ac', '\u30c6', '\ufffd', None]";
const UNKNOWN: &str = "[None, None, None, None]";

fn packed(options: &[&str]) -> Packed {
    let place = scratch();
    let path = place.path().join("program.py");
    fs_err::write(&path, PROGRAM).unwrap();
    Pack::new(&path).args(options).run()
}

#[test]
fn a_bare_system_has_those_that_the_file_carries() {
    let (with, without) = (packed(&["--gconv"]), packed(&[]));
    let bare = |packed: &Packed, root: &str| packed.run().root(root).tmpfs();
    for root in ["empty", "musl"] {
        // Nothing is left of the variable. With `-I` nothing would remove it.
        let lines = format!("{KNOWN} None []\n").repeat(3) + &format!("{UNKNOWN} None []\n");
        for locale in [None, Some("C"), Some("C.UTF-8")] {
            let run = locale
                .into_iter()
                .fold(bare(&with, root), |run, locale| run.env("LC_ALL", locale));
            run.stdout(lines.as_str()).success();
        }
        let lines = format!("{UNKNOWN} None []\n").repeat(4);
        bare(&without, root).stdout(lines).success();
    }
    // A caller's are made for another glibc. They are there for the host's programs.
    let theirs = "/theirs [b'GCONV_PATH=/theirs']\n";
    let lines = format!("{KNOWN} {theirs}").repeat(3) + &format!("{UNKNOWN} None []\n");
    bare(&with, "empty")
        .env("GCONV_PATH", "/theirs")
        .stdout(lines)
        .success();
}

#[test]
fn where_the_hosts_glibc_is_used_so_are_its_character_sets() {
    let packed = packed(&["--gconv"]);
    packed
        .run()
        .stdout(format!("{KNOWN} None []\n").repeat(4))
        .success();
    let line = format!("{KNOWN} /theirs [b'GCONV_PATH=/theirs']\n");
    packed
        .run()
        .env("GCONV_PATH", "/theirs")
        .stdout(line.repeat(4))
        .success();
}

#[test]
fn a_file_without_a_glibc_can_not_have_them() {
    let place = scratch();
    Pack::new("examples/hello/hello.py")
        .args(["--gconv", "--libc", "host"])
        .command_to(&place.path().join("hello.bin"))
        .stderr_has("failed to carry character sets (--gconv): with `--libc host` the file carries no glibc")
        .exits(1);
}
