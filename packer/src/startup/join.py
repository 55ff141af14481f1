

# --- `sys.executable`, started by itself: `__pyship__.pth` imports this as `_pyship`


def _join():
    """Gives the interpreter the app's import directories: after the standard library, as a virtual environment
    has what is installed in it, and before the packages.
    """
    sys._base_executable = f"{sys.prefix}/{_BASE}/{_EXECUTABLE}"
    site_packages = sys.prefix + "/" + _SITE_PACKAGES
    place = sys.path.index(site_packages) if site_packages in sys.path else len(sys.path)
    sys.path[place:place] = [path for path in _IMPORTS if path not in sys.path]
    _index_imports(sys.base_prefix + "/" + _STDLIB)


_join()
