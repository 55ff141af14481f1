

# --- The kinds of entry: each makes `__main__` what Python would, and returns its code


def _script(main, path):
    return _script_file(main, _CODE + "/" + path)


def _script_file(main, path):
    directory = path.rpartition("/")[0]
    if directory not in _IMPORTS[:1]:
        sys.path.insert(0, directory)
    loader = _external.SourceFileLoader("__main__", path)
    main.update(__file__=path, __loader__=loader)
    return _code(loader, "__main__")


def _module(main, name):
    parent = name.rpartition(".")[0]
    try:
        path = __import__(parent, fromlist=["__path__"]).__path__ if parent else None
        spec = None if name in sys.modules else _bootstrap._find_spec(name, path)
    except (ImportError, AttributeError):
        spec = None
    if spec is not None and spec.submodule_search_locations is not None and not name.endswith("__main__"):
        return _module(main, name + ".__main__")
    code = _code(spec.loader, name) if hasattr(getattr(spec, "loader", None), "get_code") else None
    if code is None:
        spec, code = _module_slowly(name)
    main.update(
        __file__=spec.origin,
        __cached__=spec.cached,
        __loader__=spec.loader,
        __package__=spec.parent,
        __spec__=spec,
    )
    return code


def _module_slowly(name):
    """What is out of the ordinary is for `runpy`, which has the right words for it."""
    import runpy

    if name.endswith(".__main__"):
        name = name[: -len(".__main__")]
    try:
        _, spec, code = runpy._get_module_details(name, runpy._Error)
    except runpy._Error as error:
        sys.exit(f"{sys.argv[0]}: {error}")
    return spec, code


def _code(loader, name):
    """The code from its `.pyc`, else from its source; writes none, as `python script.py` doesn't."""
    wanted = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        return loader.get_code(name)
    finally:
        sys.dont_write_bytecode = wanted


def _function(main, module, attribute):
    global _target
    _target = module, attribute
    # As with `python -c`: children of multiprocessing see that there is no main file to import.
    main.pop("__file__", None)
    main.pop("__cached__", None)
    main["__loader__"] = _bootstrap.BuiltinImporter
    return _call.__code__


def _call():
    # Runs with the globals of `__main__`.
    __import__("sys").exit(__import__("_pyship")._resolve()())


def _resolve():
    module, attribute = _target
    first, *rest = attribute.split(".")
    value = __import__(module, fromlist=[first])
    for part in (first, *rest):
        value = getattr(value, part)
    return value


def _commands(main, commands):
    called = sys.argv[0].rpartition("/")[2]
    stem = called[:-4] if called.endswith((".bin", ".exe")) else called
    functions = dict(commands)
    name = next((name for name in (called, stem) if name in functions), commands[0][0])
    if functions[name] is not None:
        return _function(main, *functions[name])
    path = _APP + "/bin/" + name
    if not _is_python(path):
        posix.execv(path, [path, *sys.argv[1:]])
    return _script_file(main, path)


def _is_python(path):
    import io

    with io.open(path, "rb") as script:
        first, second = script.readline(1024), script.readline(1024)
    # A `#!` line holds 127 characters: longer ones are written as a shell's, with Python in quotes.
    return not first.startswith((b"#!", b"\x7fELF")) or b"python" in first or second.startswith(b"'''exec'")


_ENTRIES = {"script": _script, "module": _module, "function": _function, "commands": _commands}


# --- After it


def _trim():
    """Takes pyship's frames off the traceback of the exception that is being handled."""
    error = sys.exc_info()[1]
    own = _trim.__code__.co_filename
    traceback = error.__traceback__
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if name != own and not name.startswith(("<frozen importlib", "<frozen runpy")):
            break
        traceback = traceback.tb_next
    error.__traceback__ = traceback
    if sys.version_info >= (3, 11) or isinstance(error, SystemExit) or not hasattr(sys, "excepthook"):
        return

    # Here `raise` brings back the traceback as it was; what shows it is called next, and only then.
    def show(kind, value, _traceback, theirs=sys.excepthook):
        sys.excepthook = theirs
        sys.last_traceback = value.__traceback__ = traceback
        theirs(kind, value, traceback)

    sys.excepthook = show
