

# --- In place of `encodings` in an interpreter that was started by itself, for a caller with a PYTHONHOME
# or libraries of the host's glibc, or with carried character sets

import posix
import sys


def _begin():
    """Restores the environment, and leaves all else to the interpreter."""
    if _names_charsets(posix.environ) or any(name.startswith(tuple(_HIDDEN)) for name in posix.environ):
        _restore_environment()
    start = __file__.rpartition("/")[0]
    sys.path.remove(start)
    sys.path_importer_cache.pop(start, None)
    del sys.modules["encodings"]
    import encodings


_begin()
