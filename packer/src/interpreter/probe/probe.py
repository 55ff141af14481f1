"""Describes the interpreter that runs it: one line on stdout, JSON after a marker.

It is read from standard input with `-E -s -S -B`, and is valid for any Python, also 2.7 and PyPy: the caller
refuses those with a clear message rather than a SyntaxError.
"""
import sys

# `python -` puts the working directory first; a `json.py` in it must not be imported.
sys.path[:] = [entry for entry in sys.path if entry]

import json  # noqa: E402
import os  # noqa: E402


def implementation():
    found = getattr(sys, "implementation", None)
    if found is not None:
        return found.name
    import platform

    return platform.python_implementation().lower()


def base_executable():
    """The interpreter below a virtual environment, or this one."""
    real = os.path.abspath(sys.executable)
    base = getattr(sys, "_base_executable", None)
    if base and os.path.abspath(base) != real and os.path.exists(base):
        return base
    # Up to 3.10 it isn't known: read pyvenv.cfg as getpath does, next to the executable or one directory above.
    beside = os.path.dirname(real)
    for directory in (beside, os.path.dirname(beside)):
        try:
            with open(os.path.join(directory, "pyvenv.cfg")) as config:
                lines = config.read().splitlines()
        except (OSError, IOError, UnicodeError):
            continue
        for line in lines:
            key, _, value = line.partition("=")
            if key.strip().lower() == "home":
                for name in ("python%d.%d" % sys.version_info[:2], "python3", "python"):
                    candidate = os.path.join(value.strip(), name)
                    if os.path.exists(candidate):
                        return candidate
    return real


def loaded_libpython():
    """The libpython that the loader chose, from the process's own mappings."""
    try:
        with open("/proc/self/maps") as maps:
            for line in maps:
                path = line.rstrip("\n").partition("/")[2]
                if os.path.basename(path).startswith("libpython"):
                    return "/" + path
    except (OSError, IOError):
        pass
    return None


def facts():
    import sysconfig
    from importlib.util import MAGIC_NUMBER

    paths = sysconfig.get_paths()
    stdlib = os.path.dirname(os.path.abspath(os.__file__))
    dynload = [entry for entry in sys.path if os.path.basename(entry) == "lib-dynload"]
    return {
        "executable": os.path.realpath(base_executable()),
        "prefix": sys.base_prefix,
        "stdlib": stdlib,
        "platstdlib": paths.get("platstdlib") or stdlib,
        "dynload": [entry for entry in dynload if os.path.isdir(entry)],
        "platlibdir": getattr(sys, "platlibdir", "lib"),
        "ext_suffix": sysconfig.get_config_var("EXT_SUFFIX"),
        "libpython": loaded_libpython(),
        "builtin_modules": sorted(sys.builtin_module_names),
        "machine": os.uname()[4],
        "include": paths.get("include"),
        "magic": list(bytearray(MAGIC_NUMBER)),
        "cache_tag": sys.implementation.cache_tag,
        "abiflags": getattr(sys, "abiflags", ""),
        "text": sys.version,
    }


answer = {"implementation": implementation(), "version": list(sys.version_info)}
if answer["implementation"] == "cpython" and sys.version_info >= (3, 9):
    answer["facts"] = facts()
sys.stdout.write("\npyship-probe:" + json.dumps(answer) + "\n")
