

# --- Imports from an index made at pack time, in place of path searches
#
# Every import directory of the file gets a finder of its own in `sys.path_importer_cache`, which the interpreter's
# `PathFinder` asks as it would its own: the order of `sys.path`, and what a program puts on it, count as ever.
# What the layers hold was given one time when it was unpacked (another one by earlier launchers). A directory with
# any other was changed since, and is for the interpreter's own finder to look through; so is every name of which the
# index only says that something is there.
#
# A module's loader is the interpreter's own, `SourceFileLoader` and no subclass of it: programs and CPython's tests ask
# for its exact type. What it does otherwise for packed modules it knows by the path of the source.
#
# A file that is written to in its place leaves its directory's time alone. Programs do that to their own code, so
# of the app's own modules the source is looked at. A module that is reloaded is compared with its source wherever
# it is.

import gc
import marshal

import _frozen_importlib as _bootstrap
import _frozen_importlib_external as _external
import _imp

_BYTECODE = "." + sys.implementation.cache_tag + ".pyc"
_HEAD = _external.MAGIC_NUMBER + b"\1\0\0\0"
_MAGIC_TOKEN = int.from_bytes(_external.MAGIC_NUMBER, "little")
_RARELY = 100_000

_threshold = None
_frozen = 0
_published = None
# The path of a source -> that of its bytecode, the size of that (-1: not known), and whether the module is the app's own. Only the path
# of the source, and None: a module whose bytecode is compared with its source.
_packed = {}


def _index_imports(stdlib):
    """Indexes the import directories; whether nothing was installed in site-packages since it was unpacked."""
    site_packages = _APP + "/" + _SITE_PACKAGES
    untouched = _Finder(site_packages, None, False)._is_unchanged()
    if not _INDEX:
        return untouched
    _teach_loader()
    usual = _is_usual()
    bases = [(stdlib + _MODULES, stdlib), (_APP + "/app/start" + _MODULES, _CODE)]
    if _PACKAGES:
        bases.append((site_packages + _MODULES, site_packages))
    for file, base in bases:
        try:
            indexes = marshal.loads(_read(file))
        except (OSError, ValueError, EOFError, TypeError):
            continue
        for directory, modules in indexes.items():
            path = base + "/" + directory if directory else base
            finder = sys.path_importer_cache[path] = _Finder(path, modules if usual else None, base == _CODE)
            if path == site_packages and usual:
                finder._decode(untouched)
    return untouched


def _is_usual():
    """Where other bytecode is wanted, or to be told of everything, directories are searched."""
    return not sys.flags.optimize and not sys.flags.verbose and _imp.check_hash_based_pycs == "default"


class _Finder(_external.FileFinder):
    """The finder of one import directory."""

    __module__ = "_pyship"  # Which this module isn't called yet.
    _loaders = ()

    def __init__(self, path, modules, is_own=False):
        self.path = path
        self._modules = modules  # Marshalled until it is asked for something; None: there is no index of it.
        self._is_changed = False
        self._is_own = is_own  # Whether it is the app's code.
        self._path_mtime = -1
        self._path_cache = self._relaxed_path_cache = frozenset()

    def _decode(self, is_unchanged):
        self._modules = marshal.loads(self._modules)
        self._is_changed = not is_unchanged

    def find_spec(self, fullname, target=None):
        if type(self._modules) is bytes:
            self._decode(self._is_unchanged())
        modules = self._modules
        if modules is None or self._is_changed or target is not None:  # `reload` names a target.
            return self._search(fullname, target)
        tail = fullname.rpartition(".")[2]
        entry = modules.get(tail)
        if entry is None:
            # What a program has put there since is found, too.
            return None if self._is_unchanged() else self._search(fullname, target)
        path = self.path + "/" + tail
        kind = type(entry)
        if kind is int:
            if not entry:
                return self._search(fullname, target)
            cached = f"{self.path}/__pycache__/{tail}{_BYTECODE}"
            return _packed_spec(fullname, path + ".py", cached, entry, self._is_own)
        if kind is tuple:
            size, below = entry
            cached = f"{path}/__pycache__/__init__{_BYTECODE}"
            spec = _packed_spec(fullname, path + "/__init__.py", cached, size, self._is_own)
            spec.submodule_search_locations = [path]
        elif kind is bytes:
            below = entry
            spec = _bootstrap.ModuleSpec(fullname, None, is_package=True)
            spec.submodule_search_locations.append(path)
        else:
            path = self.path + "/" + entry
            spec = _bootstrap.ModuleSpec(fullname, _external.ExtensionFileLoader(fullname, path), origin=path)
            spec._set_fileattr = True
            return spec
        if below and path not in sys.path_importer_cache:
            sys.path_importer_cache[path] = _Finder(path, below, self._is_own)
        return spec

    def _is_unchanged(self):
        try:
            found = posix.stat(self.path)
        except PermissionError:
            return True  # What is packed is there. Its loader says why it can't be read.
        except OSError:
            return False
        return found.st_mtime in _UNPACKED

    def _search(self, fullname, target):
        if not self._loaders:
            # An absolute path: there need not be a working directory.
            _Finder._loaders = _external.FileFinder("/", *_external._get_supported_file_loaders())._loaders
        spec = super().find_spec(fullname, target)
        if spec is None:
            self._require_access(fullname.rpartition(".")[2])
        elif type(spec.loader) is _Loader:
            _packed[spec.loader.path] = None
        for path in (spec and spec.submodule_search_locations) or ():
            if path not in sys.path_importer_cache:
                # A package in a directory to which something was added is still as it was packed.
                entry = self._modules and self._modules.get(fullname.rpartition(".")[2])
                below = entry[1] if type(entry) is tuple else entry
                below = below if type(below) is bytes and below else None
                sys.path_importer_cache[path] = _Finder(path, below, self._is_own)
        return spec

    def _require_access(self, tail):
        # The interpreter takes what it may not look at for what isn't there.
        try:
            if not self._path_cache:
                posix.listdir(self.path)
            elif any(tail + end in self._path_cache for end in ("", *(end for end, _ in self._loaders))):
                posix.stat(self.path + "/.")
        except PermissionError:
            raise
        except OSError:
            pass


def _packed_spec(name, path, cached, size, is_own):
    _packed[path] = cached, size, is_own
    spec = _bootstrap.ModuleSpec(name, _Loader(name, path), origin=path)
    spec._set_fileattr = True
    spec._cached = cached
    return spec


def _code(data, path):
    code = marshal.loads(memoryview(data)[16:])
    _imp._fix_co_filename(code, path)
    return code


def _when_published():
    """When the app's code was unpacked, and whether change times tell what was written to since then.

    As `published.rs` of the launcher: the index of members was written last, and a copy of it has two times. Where it
    is missing, every source is compared.
    """
    global _published
    try:
        found = posix.stat(_APP + "/app" + _MEMBERS)
        _published = found.st_mtime_ns, found.st_mtime_ns == found.st_ctime_ns
    except OSError:
        _published = -1, True
    return _published


def _is_rewritten(path):
    """Whether this source of the app may have been written to since it was unpacked."""
    published, is_original = _published or _when_published()
    try:
        found = posix.stat(path)
    except OSError:
        return True
    return (found.st_ctime_ns if is_original else found.st_mtime_ns) > published


# --- What the interpreter's loader does otherwise for packed modules

_Loader = _external.SourceFileLoader
_theirs = _Loader.get_code, _Loader.exec_module, _Loader._cache_bytecode


def _is_packed(loader):
    """Loaders that others make may have any path, also one that can't be a key."""
    return type(loader) is _Loader and type(loader.path) is str and loader.path in _packed


def _get_code(self, fullname):
    """The code of a packed module, from bytecode that was made at pack time and says of which source it is."""
    if not _is_packed(self):
        return _theirs[0](self, fullname)
    packed = _packed[self.path]
    if packed and fullname == self.name and sys.pycache_prefix is None:
        cached, size, is_own = packed
        if not is_own or not _is_rewritten(self.path):
            try:
                data = _read(cached, size)
            except OSError:
                data = b""
            # Its hash need not be looked at, says the bit of PEP 552.
            if (size < 0 or len(data) == size) and data.startswith(_HEAD):
                return _code(data, self.path)
    path = self.get_filename(fullname)
    try:
        data = _read(_external.cache_from_source(path))
    except (OSError, NotImplementedError):
        data = b""
    if not data.startswith(_HEAD):
        return _theirs[0](self, fullname)
    source = self.get_data(path)
    if data[8:16] != _imp.source_hash(_MAGIC_TOKEN, source):
        return self.source_to_code(source, path)
    return _code(data, path)


def _exec_module(self, module):
    if not _is_packed(self) or not _packed[self.path]:
        return _theirs[1](self, module)
    code = self.get_code(module.__name__)
    outermost = _threshold is None and gc.isenabled()
    if outermost:
        _collect_rarely()
    try:
        _bootstrap._call_with_frames_removed(exec, code, module.__dict__)
    finally:
        if outermost:
            _collect_as_before()
            _call_old()


def _cache_bytecode(self, *args):
    """Keeps no bytecode beside a packed source, since what was unpacked isn't written to."""
    if not _is_packed(self) or sys.pycache_prefix is not None:
        _theirs[2](self, *args)


def _teach_loader():
    for name, function in (("get_code", _get_code), ("exec_module", _exec_module), ("_cache_bytecode", _cache_bytecode)):
        # In the class that has it, so that a program that replaces it in a class between is heard.
        owner = next(kind for kind in _Loader.__mro__ if name in vars(kind))
        function.__name__, function.__qualname__ = name, f"{owner.__name__}.{name}"
        function.__module__ = owner.__module__
        # Tracebacks leave out the frames of an import, which the interpreter knows by this name.
        function.__code__ = function.__code__.replace(co_filename="<frozen importlib._bootstrap_external>")
        setattr(owner, name, function)


# What imports make is here to stay, and looking through it again and again is a twentieth of their time. So no
# collection comes between until there is very much to look at; from then on, as for a program that does its work
# in an import, all is as ever.


def _collect_rarely():
    global _threshold
    _threshold, *others = gc.get_threshold()
    if others[1]:  # Not the incremental collector of 3.14.
        gc.set_threshold(_RARELY, *others)
        gc.callbacks.append(_collect_as_before)


def _collect_as_before(phase=None, info=None):
    global _threshold
    threshold, _threshold = _threshold, None
    if _collect_as_before in gc.callbacks:
        gc.callbacks.remove(_collect_as_before)
    young, *others = gc.get_threshold()
    if young == _RARELY and threshold is not None:
        gc.set_threshold(threshold, *others)


def _call_old():
    """Makes all objects members of the oldest generation, where they would end after two looks at each."""
    global _frozen
    if gc.get_freeze_count() <= _frozen and gc.get_threshold()[2]:  # Else the program keeps some frozen itself.
        gc.freeze()
        gc.unfreeze()
        _frozen = 0
