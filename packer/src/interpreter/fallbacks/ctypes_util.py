

# --- Added by pyship: where the system has no such library, or nothing to look for it with, those beside the packed
# interpreter and the packed C library are found. The loader knows both directories, so the name is enough.
def _pyship_find_carried(theirs):
    def find_library(name):
        return theirs(name) or _pyship_carried(name)

    for attribute in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(find_library, attribute, getattr(theirs, attribute, None))
    find_library.__wrapped__ = theirs
    return find_library


def _pyship_carried(name):
    import re

    is_it = re.compile(r"lib%s\.so(\.[0-9]+)*" % re.escape(str(name))).fullmatch
    for directory in _pyship_directories():
        try:
            found = sorted(filter(is_it, os.listdir(directory)))
        except OSError:
            continue
        if found:
            return found[0]
    return None


def _pyship_directories():
    """The directory of the C library, if it is a packed one, and that of the interpreter's libraries."""
    import ctypes
    import sys

    class Info(ctypes.Structure):
        _fields_ = [("file", ctypes.c_char_p)] + [(name, ctypes.c_void_p) for name in ("base", "symbol", "address")]

    info, program = Info(), ctypes.CDLL(None)
    try:
        if program.dladdr(ctypes.cast(program.malloc, ctypes.c_void_p), ctypes.byref(info)) and info.file:
            directory = os.path.dirname(os.fsdecode(info.file))
            if "/layers/" in directory:
                yield directory
    except AttributeError:
        pass
    yield sys.base_prefix + "/lib"


find_library = _pyship_find_carried(find_library)
