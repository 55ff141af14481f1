

# --- Before the first import: this runs in place of `encodings`, which the interpreter wants before `os`,
# `io`, `site` and codecs are there. So paths come from what the interpreter has decoded already.


def _begin():
    """Makes the interpreter that of the app; what runs is then the interpreter's own business."""
    global __name__, __loader__, __spec__, file, _frozen
    said = b"_PYSHIP_ARGV0" in posix.environ and _restore_environment()
    start = _APP + "/app/start"
    runtime = sys.prefix
    stdlib = runtime + "/" + _STDLIB
    sys.path.remove(start)
    sys.path_importer_cache.pop(start, None)
    module = sys.modules.pop("encodings")
    sys.executable = _APP + "/bin/python3"
    sys._base_executable = f"{_APP}/{_BASE}/{_EXECUTABLE}"
    sys.prefix = sys.exec_prefix = _APP
    if not said:
        # A subinterpreter: the rest is left to the real `site`, which finds `__pyship__.pth`.
        _import_encodings(stdlib, False)
        return
    _name_process(said[b"_PYSHIP_ARGV0"])
    __name__ = "_pyship"
    __loader__ = _external.SourcelessFileLoader("_pyship", __file__)
    __spec__ = _external.spec_from_file_location("_pyship", __file__, loader=__loader__)
    sys.modules["_pyship"] = module
    # Found by looking, otherwise: a runtime's standard library isn't zipped.
    if sys.path[0].endswith(".zip"):
        sys.path_importer_cache[sys.path[0]] = None
    untouched = _index_imports(stdlib)
    _import_encodings(stdlib, _INDEX and _is_usual() and sys.pycache_prefix is None)
    if sys.version_info < (3, 11):
        for name in _SHADOWED:  # Later versions have them inside.
            __import__(name)
    file = _decode(said[b"_PYSHIP_FILE"])
    listed = None
    if sys.argv[0] != "-m":
        listed = _expect_script(sys.argv[0])
        sys.argv[0] = _decode(said[b"_PYSHIP_ARGV0"])
    sys.path[:0] = [path for path in _IMPORTS if path != listed]
    if not sys.flags.no_site:
        sys._home = runtime + "/bin"
        if not _SITE and untouched:  # Else what was installed since may have `.pth` files.
            sys.path.append(_APP + "/" + _SITE_PACKAGES)
            _stand_in_for_site(stdlib)
    # What is there by now lives as long as the app: no collection, above all not those at exit, needs to look
    # at it. Measured with CPython 3.12: 0.7 of 9 ms. `__main__` isn't there yet, and must not be among it,
    # since its variables' `__del__` would come too late.
    gc.freeze()
    _frozen = gc.get_freeze_count()


def _expect_script(path):
    """Spares the interpreter looks at its script and the directory; returns that when it goes on `sys.path`."""
    sys.path_importer_cache[path] = None  # It is no archive.
    directory = path.rpartition("/")[0]
    if getattr(sys.flags, "safe_path", False):
        return None
    if path.startswith(_CODE + "/"):
        return directory
    sys.path_importer_cache[directory] = None  # `bin/` holds no modules.
    return None


def _decode(value):
    """`os.fsdecode`, without the import."""
    return value.decode(sys.getfilesystemencoding(), sys.getfilesystemencodeerrors())


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


def _import_encodings(stdlib, packed):
    """Imports the real `encodings` and what every start needs of it, without listing two directories for it; if
    `packed`, by the bytecode of the index's modules.
    """
    directory = stdlib + "/encodings"

    def make(name, tail, locations=None):
        path = f"{directory}/{tail}.py"
        if packed:
            spec = _packed_spec(name, path, f"{directory}/__pycache__/{tail}{_BYTECODE}", -1, False)
            spec.submodule_search_locations = locations
        else:
            if sys.flags.optimize:
                _packed[path] = None
            loader = _Loader(name, path)
            spec = _external.spec_from_file_location(name, path, loader=loader, submodule_search_locations=locations)
        module = sys.modules[name] = _bootstrap.module_from_spec(spec)
        return module

    def run(module):
        loader = module.__spec__.loader
        exec(loader.get_code(module.__name__), module.__dict__)

    package = make("encodings", "__init__", [directory])
    package.aliases = make("encodings.aliases", "aliases")
    run(package.aliases)
    run(package)
    package.utf_8 = make("encodings.utf_8", "utf_8")
    run(package.utf_8)


_begin()
