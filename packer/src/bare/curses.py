

# --- Added by pyship: where the system describes no terminals, the descriptions that were packed are used. The
# variable that leads to them is set in C for the duration of a call, and so seen by no one else.
def _pyship_describe(theirs):
    def wrapper(*args, **kwargs):
        try:
            return theirs(*args, **kwargs)
        except error:
            packed = _sys.base_prefix + "/share/terminfo"
            if "TERMINFO" in _os.environ or not _os.path.isdir(packed):
                raise
            before = _os.environ.get("TERMINFO_DIRS")
            _os.putenv("TERMINFO_DIRS", packed)
            try:
                return theirs(*args, **kwargs)
            finally:
                if before is None:
                    _os.unsetenv("TERMINFO_DIRS")
                else:
                    _os.putenv("TERMINFO_DIRS", before)

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(wrapper, name, getattr(theirs, name, None))
    wrapper.__wrapped__ = theirs
    return wrapper


setupterm = _pyship_describe(setupterm)
initscr = _pyship_describe(initscr)
