

# --- Added by pyship: where the system has no time zones, those that were packed are used.
class _PyshipNoZones:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def namelist(self):
        return ()


def _pyship_zones():
    """The archive of the packed time zones; without names when it is not needed or not there."""
    if not any(map(os.path.isdir, TZPATH)):
        import sys
        import zipfile

        try:
            return zipfile.ZipFile(sys.base_prefix + "/share/zoneinfo.zip")
        except OSError:
            pass
    return _PyshipNoZones()


def _pyship_know_zones(theirs):
    def available_timezones():
        with _pyship_zones() as zones:
            return theirs().union(zones.namelist())

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(available_timezones, name, getattr(theirs, name, None))
    available_timezones.__wrapped__ = theirs
    return available_timezones


available_timezones = _pyship_know_zones(available_timezones)
