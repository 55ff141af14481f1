"""What a packed program can ask about its file: `file` (absolute path), `name` and `version`.

`directory` is where the app's files are unpacked. What is written there is lost with the next version of the file.
`data` is a directory of the user's for what the app writes, when the file was packed with `--data-dir`.
`file` is None in an interpreter that was started by itself (`sys.executable`).
"""

import posix
import sys

__all__ = ["directory", "file", "name", "version"]

# CONFIG

file = None

_APP = __file__.rpartition("/app/start/")[0]
try:
    # The path without links, as the interpreter puts it on `sys.path` for a script.
    _CODE = posix.readlink(_APP + "/app") + "/code"
except OSError:
    _CODE = _APP + "/app/code"
directory = _CODE
_IMPORTS = [_CODE + "/" + _directory if _directory else _CODE for _directory in _DIRECTORIES]
