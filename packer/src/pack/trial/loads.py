"""Shared libraries that a trial loads, and the packages that the app's modules import. trial.py stands before this text."""


def mapped():
    """The files that are mapped with code in them."""
    try:
        with open("/proc/self/maps", errors="surrogateescape") as maps:
            fields = [line.rstrip("\n").split(None, 5) for line in maps]
    except OSError:
        return set()
    return {field[5] for field in fields if len(field) == 6 and "x" in field[1] and field[5].startswith("/")}


def import_packages():
    """Imports what the app's modules import of packages, and prints what came of each: a line `import JSON`."""
    import importlib
    import importlib.util
    import json

    for name in dict.fromkeys(asked):
        try:
            spec = importlib.util.find_spec(name.partition(".")[0])
            places = [getattr(spec, "origin", None), *(getattr(spec, "submodule_search_locations", None) or [])]
            if not any("/site-packages/" in str(place) for place in places):
                continue
            importlib.import_module(name)
            why = None
        except BaseException as error:
            why = f"{type(error).__name__}: {error}"
        print("\nimport", json.dumps({"name": name, "why": why}))


def try_out(path, seconds, imports, *what):
    before = mapped()
    file = watch(path, float(seconds))
    run(*what)
    if imports == "imports":
        import_packages()
    for each in sorted(mapped() - before):
        print("\nmapped", each)
    return file
