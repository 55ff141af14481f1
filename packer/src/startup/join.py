

# --- `sys.executable`, started by itself: `__pyship__.pth` imports this as `_pyship`


def _join():
    """Gives the interpreter the app's import directories: after PYTHONPATH, before the standard library."""
    _restore_environment()
    stdlib = sys.base_prefix + "/" + _STDLIB
    place = sys.path.index(stdlib) if stdlib in sys.path else 0
    if place and sys.path[place - 1].endswith(".zip") and sys.path[place - 1].startswith(sys.base_prefix):
        place -= 1
    sys.path[place:place] = [path for path in _IMPORTS if path not in sys.path]
    _index_imports(stdlib)


_join()
