"""What each measure compares, and how it is checked that both sides do the same; `--help` and `--json` say it."""

# name: (what is compared, how it was checked)
MEASURES = {
    "size": (
        "pyship's file at the default level, and packed as small as it can (`--release` where the command has it, else"
        " `--level 19`), with every peer's file; pex and shiv carry no interpreter",
        "each file was started and printed the same",
    ),
    "pack": (
        "pyship with an empty build cache, installing the packages anew, and each peer's build from nothing; of"
        " PyInstaller and Nuitka with the packages already installed beside them. Downloads are cached for all but pex."
        " A peer is built once and its seconds are kept with the file (and the load at that time, in --json)",
        "all get the same pinned packages: those of the virtual environment",
    ),
    "pack again": (
        "pyship after a line of the app was changed, and its first pack",
        "the build cache is the one that the first pack filled",
    ),
    "pack memory": ("the largest resident set of any process of a pack, cold and again", "asked of the kernel (wait4)"),
    "warm start": (
        "every start after the first: pyship with its cache filled, the virtual environment's python running the same"
        " script with all bytecode compiled, and the peers with what they keep; PyInstaller and Nuitka keep nothing,"
        " so every start of theirs is a first one",
        "standard output of all contestants is the same, byte for byte, before anything is timed",
    ),
    "first start": (
        "a start that finds nothing of earlier ones, up to the end of the app; and `cp -r` of the very tree that"
        " pyship's first start leaves, which is what writing those files costs",
        "same output as above; each first start must have filled the empty directory it was given",
    ),
    "unpacking": (
        "pyship's first start up to where its Python would start (PYSHIP=where), and `cp -r` as above. For large apps"
        " also the decompression alone on all cores (`zstd -t` on as many files as there are cores, the layers' frames"
        " shared out by size) and `dd` of as many zero bytes to the same place, without fsync",
        "the unpacked layers and those that are copied have the same names, kinds and sizes; the frames add up to the"
        " layers' bytes; dd writes the number of bytes that were unpacked",
    ),
    "launcher's share": (
        "a file with the same payload whose app ends at once, and the very execve that its launcher ends with (asked"
        " of strace) done directly; the median of the differences, pair by pair. For large apps hello's runs in the"
        " same rounds: a launcher's share must not grow with the payload",
        "program, arguments and environment of that execve are the launcher's own, byte for byte",
    ),
    "64 at once": (
        "that many first starts of the file whose app ends at once, with one new cache directory; one such start; and"
        " as many warm ones",
        "all exit with 0; afterwards each layer is there once and nothing is left in tmp/",
    ),
    "system calls": (
        "calls of a warm start between the program's own loading and its next execve, counted by strace over all"
        " processes; peers that end with no execve are left out",
        "the execve is the first that succeeds after the program's own",
    ),
    "written": (
        "files made and bytes written by a first start, as strace saw them, whatever they were written to",
        "what lies in the directory afterwards is counted too (in --json), and strace must have seen nine tenths of it",
    ),
    "memory": (
        "largest resident set of any process of a first start: pyship's up to where its Python would start, and whole"
        " starts of all with Python and the app",
        "asked of the kernel (wait4), by a small process that spawns each; no figure can be below that one's, which"
        " is shown",
    ),
}


def listed():
    """All of it as text."""
    lines = []
    for name, (compares, checked) in MEASURES.items():
        lines += [f"  {name}", *wrapped(compares), *wrapped(f"Checked: {checked}.")]
    return "\n".join(lines)


def wrapped(text, indent="      ", width=112):
    """Lines of at most that width."""
    import textwrap

    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent)
