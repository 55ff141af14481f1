"""What the modules of an app import, found without running them.

`check(roots, directories)` follows imports from the files `roots` through the app's import directories, and returns
what is nowhere in the file: a list of (severity, file, line, name). An import that happens whenever the entry point
starts is an "error": at the top level, not below `if`, in a function or where its failure is handled, and in a module
that is itself reached by such imports only. Others are a "warning". Imports for type checkers and for other platforms
or versions are not looked at.
"""

import ast
import os
import re


class Found:
    """The imports of a file.

    Each is (line, name, always, maybe): `name` is absolute, `always` is whether it happens whenever the file is run,
    `maybe` whether the name may be an attribute of a module.
    """

    def __init__(self, path, package):
        with open(path, "rb") as file:
            source = file.read()
        self.tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        # The syntax tree can be made of some programs that can't be compiled.
        compile(self.tree, path, "exec", dont_inherit=True)
        self.package = package
        self.imports = []
        # A program that changes where imports look, or what they find, knows more than its files show.
        self.changes_path = any(part in source for part in (b"sys.path", b"addsitedir", b"meta_path", b"path_hooks"))
        self.makes_modules = any(part in source for part in (b"sys.modules", b"__path__"))
        self.source = source
        self.stars = False
        self.block(self.tree.body, True)

    def block(self, body, always):
        for node in body:
            self.statement(node, always)

    def statement(self, node, always):
        if isinstance(node, ast.Import):
            for alias in node.names:
                self.imports.append((node.lineno, alias.name, always, False))
        elif isinstance(node, ast.ImportFrom):
            name = self.absolute(node)
            if name:
                self.imports.append((node.lineno, name, always, False))
                for alias in node.names:
                    self.stars = self.stars or alias.name == "*"
                    self.imports.append((node.lineno, name + "." + alias.name, always, True))
        elif isinstance(node, (ast.Try, getattr(ast, "TryStar", ast.Try))):
            handled = node.handlers and any(catches_imports(handler.type) for handler in node.handlers)
            if not handled:
                self.block(node.body, always)
                self.block(node.orelse, always)
            self.block(node.finalbody, always)
        elif isinstance(node, ast.If):
            if is_main(node.test):
                self.block(node.body, always)
            elif not is_about_elsewhere(node.test):
                self.block(node.body, False)
                self.block(node.orelse, False)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            # `contextlib.suppress(ImportError)` is one.
            self.block(node.body, False)
        elif isinstance(node, ast.ClassDef):
            self.block(node.body, always)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.For, ast.AsyncFor, ast.While)):
            self.block(node.body, False)
            self.block(getattr(node, "orelse", []), False)

    def may_have(self, name):
        """Whether the module may have an attribute of this name: it is written somewhere, or there is no telling."""
        makes = (b"__getattr__", b"globals(", b"setattr", b"vars(", b"exec(", b"__dict__", b"locals(")
        if self.stars or self.makes_modules or name.startswith("__") or any(part in self.source for part in makes):
            return True
        fields = ("name", "id", "asname", "rest")
        for node in ast.walk(self.tree):
            if name in [getattr(node, field, None) for field in fields] or name in getattr(node, "names", []):
                return True
            if isinstance(node, ast.alias) and node.name.partition(".")[0] == name:
                return True
        return False

    def absolute(self, node):
        if not node.level:
            return node.module
        parts = self.package.split(".") if self.package else []
        if node.level > len(parts):
            return None
        parts = parts[: len(parts) - node.level + 1]
        return ".".join(parts + ([node.module] if node.module else []))


def catches_imports(kind):
    """Whether `except KIND` handles a missing module."""
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    names = [getattr(each, "id", getattr(each, "attr", None)) for each in kinds]
    return any(name in ("ImportError", "ModuleNotFoundError", "Exception", "BaseException") for name in names)


def names_in(test):
    for node in ast.walk(test):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr


def is_main(test):
    return "__name__" in names_in(test)


def is_about_elsewhere(test):
    """Whether a condition is about type checkers, or about the platform or the version."""
    elsewhere = {"TYPE_CHECKING", "platform", "version_info", "os_name", "hexversion", "implementation", "PY2", "PY3"}
    names = set(names_in(test))
    return bool(names & elsewhere) or {"os", "name"} <= names


def module_file(name, directories):
    """The file of a module of the app, and the package that its relative imports begin at; None if it has none."""
    for directory in directories:
        path = os.path.join(directory, *name.split("."))
        if os.path.isfile(path + "/__init__.py"):
            return path + "/__init__.py", name
        if os.path.isfile(path + ".py"):
            return path + ".py", name.rpartition(".")[0]
    return None


def exists_in(name, directories):
    """Whether the app has a module of this name: a file, an extension module, or a directory."""
    parent, _, last = name.rpartition(".")
    for directory in directories:
        place = os.path.join(directory, *parent.split(".")) if parent else directory
        try:
            entries = os.listdir(place)
        except OSError:
            continue
        if any(entry == last or entry.startswith(last + ".") for entry in entries):
            return True
    return False


def check(roots, directories, is_found, always=True):
    """See above. A root is (path, package); `is_found` tells whether a name can be imported, below the standard library
    a dotted one too."""
    problems, seen, files = [], {}, {}
    queue = [(path, package, always) for path, package in roots]
    while queue:
        path, package, always = queue.pop(0)
        # A file is looked at again when it turns out that it is always imported.
        if path in seen and seen[path] >= always:
            continue
        seen[path] = always
        try:
            found = files[path] = Found(path, package)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 0
            problems.append((always, path, line, None, getattr(error, "msg", None) or str(error)))
            continue
        except (OSError, RecursionError):
            continue
        for line, name, happens, maybe in found.imports:
            sure = always and happens
            for part in parents(name):
                file = module_file(part, directories)
                if file:
                    queue.append((file[0], file[1], sure))
            find = missing_attribute if maybe else missing
            problems.extend(find(path, line, name, sure, directories, is_found))
    return summary(problems, files)


def missing(path, line, name, sure, directories, is_found):
    top = name.partition(".")[0]
    if not exists_in(top, directories):
        if not is_found(top):
            yield (sure, path, line, top, None)
        elif not is_found(name):
            yield (sure, path, line, name, None)
        return
    parent = name.rpartition(".")[0]
    if parent and module_file(parent, directories) and not exists_in(name, directories):
        yield (sure, path, line, name, None)


def missing_attribute(path, line, name, sure, directories, _):
    """Of `from PARENT import NAME`, where PARENT is a module of the app."""
    parent, _, last = name.rpartition(".")
    file = module_file(parent, directories)
    if last == "*" or file is None or exists_in(name, directories):
        return
    try:
        has = Found(*file).may_have(last)
    except (SyntaxError, ValueError, OSError, RecursionError):
        return
    if not has:
        yield (sure, path, line, name, None)


def parents(name):
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def summary(problems, files):
    """Each missing name once, where it matters most."""
    changes_path = any(found.changes_path for found in files.values())
    makes_modules = any(found.makes_modules for found in files.values())
    best = {}
    for sure, path, line, name, why in problems:
        key = name or path
        lenient = name and (changes_path or "." in name and (makes_modules or is_given(name, files)))
        severity = "error" if sure and not lenient else "warning"
        if key not in best or (severity == "error" and best[key][0] == "warning"):
            best[key] = (severity, path, line, name, why)
    return list(best.values())


def is_given(name, files):
    """Whether another module assigns to an attribute of this name."""
    last = re.escape(name.rpartition(".")[2].encode())
    return any(re.search(rb"\." + last + rb"\s*=[^=]", found.source) for found in files.values())
