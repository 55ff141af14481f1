

# --- Added by pyship: where the system has no C.UTF-8 (it is a file, not a part of glibc), the packed
# one is used. The variable that names its directory is set in C for the duration of a call, so neither Python code
# nor children see it.
def _pyship_know_utf8(theirs):
    def setlocale(category, locale=None):
        try:
            return theirs(category, locale)
        except Error:
            import os

            packed = sys.base_prefix + "/lib/locale"
            if "LOCPATH" in os.environ or not os.path.isdir(packed):
                raise
            os.putenv("LOCPATH", packed)
            try:
                return theirs(category, locale)
            finally:
                os.unsetenv("LOCPATH")

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(setlocale, name, getattr(theirs, name, None))
    setlocale.__wrapped__ = theirs
    return setlocale


setlocale = _pyship_know_utf8(setlocale)
