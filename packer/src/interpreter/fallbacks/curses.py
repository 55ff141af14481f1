

# --- Added by pyship: where the system has no description of the terminal, the packed ones are used. The variable
# that names their directory is set in C for the duration of a call, so neither Python code nor children see it.
_pyship_described = False


def _pyship_with_packed(call, *args, **kwargs):
    before = _os.environ.get("TERMINFO_DIRS")
    # An empty part stands for ncurses' own places.
    _os.putenv("TERMINFO_DIRS", f"{before or ''}::{_sys.base_prefix}/share/terminfo")
    try:
        return call(*args, **kwargs)
    finally:
        if before is None:
            _os.unsetenv("TERMINFO_DIRS")
        else:
            _os.putenv("TERMINFO_DIRS", before)


def _pyship_describe(theirs):
    def wrapper(*args, **kwargs):
        global _pyship_described
        try:
            return theirs(*args, **kwargs)
        except error:
            if not _os.path.isdir(_sys.base_prefix + "/share/terminfo"):
                raise
            result = _pyship_with_packed(theirs, *args, **kwargs)
            _pyship_described = True
            return result

    return _pyship_named(wrapper, theirs)


def _pyship_open(theirs):
    def wrapper():
        # C's initscr looks for the description again, and ends the process when it doesn't find it.
        try:
            setupterm(term=_os.environ.get("TERM", "unknown"), fd=_sys.__stdout__.fileno())
        except error:
            pass
        return _pyship_with_packed(theirs) if _pyship_described else theirs()

    return _pyship_named(wrapper, theirs)


def _pyship_named(wrapper, theirs):
    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(wrapper, name, getattr(theirs, name, None))
    wrapper.__wrapped__ = theirs
    return wrapper


setupterm = _pyship_describe(setupterm)
initscr = _pyship_open(initscr)
