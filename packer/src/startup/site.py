

# --- `site` and its builtins, until someone uses them


class _Site(type(sys)):
    # `site` before anyone uses it: the first look at it runs the real module's code in this very object.

    @property
    def __doc__(self):
        _load_site(self)
        return self.__doc__

    def __getattr__(self, name):
        # Dunders such as `__warningregistry__` are asked of every module, and not what `site` is used for.
        if not name.startswith("__"):
            _load_site(self)
        return type(sys).__getattribute__(self, name)

    def __setattr__(self, name, value):
        _load_site(self)
        type(sys).__setattr__(self, name, value)

    def __dir__(self):
        _load_site(self)
        return type(sys).__dir__(self)


def _load_site(module):
    class Flags:
        """`sys.flags` for the module's last line, so that it doesn't call `main`."""

        no_site = 1

        def __getattr__(self, name):
            return getattr(flags, name)

    with _bootstrap._ModuleLockManager("site"):
        names = module.__dict__
        if type(module) is not _Site or "__builtins__" in names:
            return  # Another thread did it, or this one is at it.
        import _sitebuiltins
        import os

        # With other locals than globals, a `lazy import` would be a SyntaxError.
        code, flags = names["__loader__"].get_code("site"), sys.flags
        sys.flags = Flags()
        try:
            exec(code, names)
        finally:
            sys.flags = flags
        # What `main` leaves behind in a virtual environment that doesn't see the system's packages.
        if sys.version_info < (3, 14):
            names["PREFIXES"] = [sys.prefix]
        names["ENABLE_USER_SITE"] = False
        names["getusersitepackages"]()
        object.__setattr__(module, "__class__", type(sys))


def _stand_in_for_site(stdlib):
    path = stdlib + "/site.py"
    spec = _bootstrap.FrozenImporter.find_spec("site")
    if spec is None:
        spec = _external.spec_from_file_location("site", path)
    module = sys.modules["site"] = _Site("site")
    module.__dict__.update(__spec__=spec, __loader__=spec.loader, __package__="", __file__=path)
    for name in _BUILTINS:
        __builtins__[name] = _Builtin(name)
    if not sys.flags.isolated:
        sys.__interactivehook__ = _prompt


_BUILTINS = ("quit", "exit", "copyright", "credits", "license", "help")


class _Builtin:
    """One of the builtins that `site` makes, until it is used."""

    __slots__ = ("_name",)

    def __init__(self, name):
        self._name = name

    def _real(self):
        import builtins
        import site

        theirs = {name: getattr(builtins, name, self) for name in _BUILTINS}
        site.setquit()
        site.setcopyright()
        site.sethelper()
        real = getattr(builtins, self._name)
        for name, value in theirs.items():
            if type(value) is not _Builtin:
                setattr(builtins, name, value)
        return real

    def __call__(self, *args, **kwargs):
        return self._real()(*args, **kwargs)

    def __repr__(self):
        return repr(self._real())

    def __reduce_ex__(self, protocol):
        # For `copy`: of a copy that is being made, `_name` would be asked without end.
        return self._real().__reduce_ex__(protocol)

    def __getattr__(self, name):
        return getattr(self._real(), name)


def _prompt():
    """Stands for the hook that `site` sets for prompts."""
    import site

    site.enablerlcompleter()
    sys.__interactivehook__()
