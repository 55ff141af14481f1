

# --- What the launcher says through the environment, taken out of it again

_OURS = (b"PYTHONHOME", b"PYTHONPATH", b"_PYSHIP_FILE", b"_PYSHIP_ARGV0")
# The directory of carried character sets; the caller's variable of that name is hidden then.
_GCONV = b"GCONV_PATH"
# A caller's variable: its first letter is changed, so that it keeps its length and place. `PYTHON*`, and with a carried glibc
# `LD_PRELOAD`, `LD_AUDIT` and `GCONV_PATH`.
_HIDDEN = {b"\1YTHON": b"P", b"\1D_": b"L", b"\1CONV_PATH": b"G"}
_AT_EXECFN = 31  # `linux/auxvec.h`


def _restore_environment():
    """Gives `os.environ`, C and `/proc/PID/environ` the caller's variables; returns the launcher's.

    To be called once in a process: later ones are the program's, in subinterpreters too.
    """
    environ = posix.environ  # The very dict that os.environ is, or will be, a view of.
    ours = _OURS
    if _names_charsets(environ):
        ours += (_GCONV,)
        _load_charsets()
    said = {name: value for name, value in environ.items() if name in ours}
    hidden = {name: letter + name[1:] for name in environ for start, letter in _HIDDEN.items() if name.startswith(start)}
    for name in said:
        del environ[name]
        posix.unsetenv(name)
    shown = _rewrite_memory(b"".join(b"%s=%s\0" % item for item in said.items()), hidden)
    if hidden:
        entries = [(hidden.get(name, name), value) for name, value in environ.items()]
        environ.clear()
        environ.update(entries)
        for name, restored in () if shown else hidden.items():
            posix.unsetenv(name)
            posix.putenv(restored, environ[restored])
    return said


def _names_charsets(environ):
    """Whether the launcher has named a directory of character sets: it does so in the last variable."""
    return [*environ][-1:] == [_GCONV]


def _load_charsets():
    """Makes glibc read the list of character sets, as long as the variable is there: it does that once, before it first
    converts anything. The interpreter has converted its arguments already, but not in the locale C.
    """
    if "_locale" not in sys.builtin_module_names:
        return
    import _locale

    theirs = _locale.setlocale(_locale.LC_CTYPE)
    named = posix.environ.get(b"LOCPATH")
    posix.putenv("LOCPATH", sys.base_prefix + "/lib/locale")
    try:
        _locale.setlocale(_locale.LC_CTYPE, "C.UTF-8")
        _locale.localeconv()
    except _locale.Error:
        pass  # An interpreter that was packed without it.
    finally:
        _locale.setlocale(_locale.LC_CTYPE, theirs)
        if named is None:
            posix.unsetenv("LOCPATH")
        else:
            posix.putenv(b"LOCPATH", named)


def _rewrite_memory(said, hidden):
    """Blanks what the launcher said where the kernel has put it, and shows what it has hidden; whether that was done.

    The environment lies right before the path of the executed file, and what the launcher says at its end.
    """
    try:
        with_words = memoryview(_read("/proc/self/auxv", 4096)).cast("L").tolist()
        end = dict(zip(with_words[::2], with_words[1::2]))[_AT_EXECFN]
        memory = posix.open("/proc/self/mem", posix.O_RDWR | posix.O_CLOEXEC)
        try:
            if posix.pread(memory, len(said), end - len(said)) != said:
                return False
            if hidden:
                block = b"\0" + _read("/proc/self/environ", 1 << 23)
                for start, letter in _HIDDEN.items():
                    place = block.find(b"\0" + start)
                    while place >= 0:
                        posix.pwrite(memory, letter, end - len(block) + 1 + place)
                        place = block.find(b"\0" + start, place + 1)
            return posix.pwrite(memory, bytes(len(said)), end - len(said)) == len(said)
        finally:
            posix.close(memory)
    except (OSError, KeyError, ValueError, TypeError):
        return False  # There is no /proc, or none that can be written to: then what it shows stays.
