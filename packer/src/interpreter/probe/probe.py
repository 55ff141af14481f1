"""Says what the interpreter that runs it is: one line on stdout, JSON behind a marker.

Comes on standard input, runs with `-E -s -S -B`, and has to be valid for any Python, also 2.7 and PyPy:
those get a clear refusal from the caller, not a SyntaxError.
"""
import sys

# `python -` puts the working directory first; a `json.py` lying there must not be imported.
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
    # 3.10 and older don't tell: read pyvenv.cfg as getpath does, next to the executable or one above.
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
    """The libpython that the loader chose; the kernel knows best."""
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

    get = sysconfig.get_config_var
    paths = sysconfig.get_paths()
    stdlib = os.path.dirname(os.path.abspath(os.__file__))
    dynload = [entry for entry in sys.path if os.path.basename(entry) == "lib-dynload"]
    return {
        "executable": os.path.realpath(base_executable()),
        "prefix": sys.base_prefix,
        "exec_prefix": sys.base_exec_prefix,
        "stdlib": stdlib,
        "platstdlib": paths.get("platstdlib") or stdlib,
        "dynload": [entry for entry in dynload if os.path.isdir(entry)],
        "platlibdir": getattr(sys, "platlibdir", "lib"),
        "soabi": get("SOABI"),
        "ext_suffix": get("EXT_SUFFIX"),
        "multiarch": get("MULTIARCH"),
        "ldlibrary": get("LDLIBRARY"),
        "libpython": loaded_libpython(),
        "builtin_modules": sorted(sys.builtin_module_names),
        "pointer_size": 8 if sys.maxsize > 2**32 else 4,
        "machine": os.uname()[4],
        "sysconfigdata": sysconfig._get_sysconfigdata_name()
        if hasattr(sysconfig, "_get_sysconfigdata_name")
        else None,
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
