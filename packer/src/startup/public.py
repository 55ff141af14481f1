"""What a packed program can ask about its file: `file` (absolute path), `name` and `version`.

`file` is None in an interpreter that was started by itself (`sys.executable`).
"""

import posix
import sys

__all__ = ["file", "name", "version"]

# CONFIG

file = None

_APP = __file__.rpartition("/app/start/")[0]
_CODE = _APP + "/app/code"
_IMPORTS = [_CODE + "/" + _directory if _directory else _CODE for _directory in _DIRECTORIES]


def _restore_environment():
    """Undoes in `os.environ` and in C what the launcher did; returns what it said, by the names' tails."""
    environ = posix.environ  # The very dict that os.environ is, or will be, a view of.
    said = {key[8:]: environ[key] for key in environ if key.startswith(b"_PYSHIP_")}
    for tail in said:
        del environ[b"_PYSHIP_" + tail]
        posix.unsetenv(b"_PYSHIP_" + tail)
    if b"APP" in said:
        for key in (b"PYTHONHOME", b"PYTHONPATH"):
            if environ.pop(key, None) is not None:
                posix.unsetenv(key)
    for tail in said:
        if tail.startswith(b"KEEP_"):
            environ[tail[5:]] = said[tail]
            posix.putenv(tail[5:], said[tail])
    return said
