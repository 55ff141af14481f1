

# --- `_pyship.data`, where a program can keep files


def __getattr__(name):
    """`data` is made when a program first asks for it."""
    global data
    if name != "data" or _DATA is None:
        way = ": it takes `pyship pack --data-dir NAME`" if name == "data" else ""
        raise AttributeError(f"module '_pyship' has no attribute '{name}'{way}")
    data = _data_home() + "/" + _DATA
    _make_private(data)
    return data


def _data_home():
    """The user's directory for data, as the XDG Base Directory Specification has it."""
    import errno
    import os

    home = os.environ.get("XDG_DATA_HOME", "")
    if home.startswith("/"):
        return home.rstrip("/")
    home = os.environ.get("HOME", "")
    if not home:
        try:
            import pwd

            home = pwd.getpwuid(os.getuid()).pw_dir
        except (ImportError, KeyError):
            pass
    if not home.startswith("/") or not os.path.isdir(home):
        what = "there is no home directory for the app's data; set XDG_DATA_HOME or HOME"
        raise FileNotFoundError(errno.ENOENT, what, home)
    return home.rstrip("/") + "/.local/share"


def _make_private(directory):
    """Makes a directory, and its parents where they are missing, for the user alone."""
    import os

    try:
        os.mkdir(directory, 0o700)
    except FileNotFoundError:
        _make_private(os.path.dirname(directory))
        _make_private(directory)
    except FileExistsError:
        if not os.path.isdir(directory):
            raise
