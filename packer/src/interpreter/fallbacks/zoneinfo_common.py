

# --- Added by pyship: where the system has no time zones, those that were packed are used.
def _pyship_know_zones(theirs):
    def load_tzdata(key):
        try:
            return theirs(key)
        except ZoneInfoNotFoundError:
            from zoneinfo._tzpath import _pyship_zones

            with _pyship_zones() as zones:
                if key not in zones.namelist():
                    raise
                import io

                return io.BytesIO(zones.read(key))

    for name in ("__doc__", "__name__", "__qualname__", "__module__"):
        setattr(load_tzdata, name, getattr(theirs, name, None))
    load_tzdata.__wrapped__ = theirs
    return load_tzdata


load_tzdata = _pyship_know_zones(load_tzdata)
