

# --- Before the first import: this runs in place of `encodings`, which the interpreter wants before `os`,
# `io`, `site` and codecs are there. So paths come from what the interpreter has decoded already.


def _begin():
    """Makes the interpreter that of the app."""
    global __name__, __loader__, __spec__, _said, _path_length, _frozen
    said = _said = _restore_environment()
    start = _APP + "/app/start"
    runtime = sys.prefix
    stdlib = runtime + "/" + _STDLIB
    sys.path.remove(start)
    sys.path_importer_cache.pop(start, None)
    module = sys.modules.pop("encodings")
    sys.executable = _APP + "/bin/python3"
    sys._base_executable = runtime + "/" + _EXECUTABLE
    sys.prefix = sys.exec_prefix = _APP
    if b"APP" not in said:
        # A subinterpreter: the rest is left to the real `site`, which finds `__pyship__.pth`.
        _import_encodings(stdlib)
        return
    _name_process(said[b"ARGV0"])
    __name__ = "_pyship"
    __loader__ = _external.SourcelessFileLoader("_pyship", __file__)
    __spec__ = _external.spec_from_file_location("_pyship", __file__, loader=__loader__)
    sys.modules["_pyship"] = module
    # Found by looking, otherwise: `_pyship_run.pyc` is no archive, and a runtime's standard library isn't zipped.
    sys.path_importer_cache[sys.argv[0]] = None
    if sys.path[0].endswith(".zip"):
        sys.path_importer_cache[sys.path[0]] = None
    sys.path[:0] = _IMPORTS
    if not sys.flags.no_site:
        sys._home = runtime + "/bin"
        sys.path.append(_APP + "/" + _SITE_PACKAGES)
        _stand_in_for_site(stdlib)
    _path_length = len(sys.path)
    _index_imports(stdlib)
    _import_encodings(stdlib)
    # What is there by now lives as long as the app: no collection, above all not those at exit, needs to look
    # at it. Measured with CPython 3.12: 0.7 of 9 ms. `__main__` isn't there yet, and must not be among it,
    # since its variables' `__del__` would come too late.
    gc.freeze()
    _frozen = gc.get_freeze_count()


def _name_process(argv0):
    """Shows the file's name in `ps` where the interpreter's, or its loader's, would stand."""
    try:
        comm = posix.open("/proc/self/comm", posix.O_WRONLY | posix.O_CLOEXEC)
        try:
            posix.write(comm, argv0.rpartition(b"/")[2][:15])
        finally:
            posix.close(comm)
    except OSError:
        pass


def _import_encodings(stdlib):
    """Imports the real `encodings` and what every start needs of it, without listing two directories for it."""
    directory = stdlib + "/encodings"
    kind = _Source if _INDEX and sys.flags.optimize else _external.SourceFileLoader

    def locate(name, path, **more):
        return _external.spec_from_file_location(name, path, loader=kind(name, path), **more)

    spec = locate("encodings", directory + "/__init__.py", submodule_search_locations=[directory])
    package = sys.modules["encodings"] = _bootstrap.module_from_spec(spec)
    package.aliases = _bootstrap._load(locate("encodings.aliases", directory + "/aliases.py"))
    spec.loader.exec_module(package)
    package.utf_8 = _bootstrap._load(locate("encodings.utf_8", directory + "/utf_8.py"))


_begin()
