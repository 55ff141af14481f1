

# --- Added by pyship: where the system has no time zones, those that were packed are used.
def _pyship_know_zones(theirs):
    def reset_tzpath(to=None):
        global TZPATH
        theirs(to)
        if to is None and not any(map(os.path.isdir, TZPATH)):
            import sys

            packed = sys.base_prefix + "/share/zoneinfo"
            if os.path.isdir(packed):
                TZPATH += (packed,)

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(reset_tzpath, name, getattr(theirs, name, None))
    reset_tzpath.__wrapped__ = theirs
    return reset_tzpath


reset_tzpath = _pyship_know_zones(reset_tzpath)
reset_tzpath()
