

# --- Added by pyship: a system without /etc/passwd has no name for any user. Then root is called so, and others by their
# number.
def _pyship_know_user(theirs):
    def getuser():
        try:
            return theirs()
        except (ImportError, KeyError, OSError):
            if os.path.exists("/etc/passwd"):
                raise
            uid = os.getuid()
            return "root" if uid == 0 else str(uid)

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(getuser, name, getattr(theirs, name, None))
    getuser.__wrapped__ = theirs
    return getuser


getuser = _pyship_know_user(getuser)
