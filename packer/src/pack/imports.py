"""What the modules of an app import, found without running them.

`check(roots, directories)` follows imports from the files `roots` through the app's import directories, and returns
what is nowhere in the file: a list of (severity, file, line, name). An import that happens whenever the entry point
starts is an "error": at the top level, not below `if`, in a function or where its failure is handled, and in a module
that is itself reached by such imports only. Others are a "warning". Imports for type checkers and for other platforms
or versions are not looked at.
"""

import ast
import os


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
        # A program that changes where imports look knows more than its files show.
        self.changes_path = any(part in source for part in (b"sys.path", b"addsitedir", b"meta_path", b"path_hooks"))
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
    """See above. A root is (path, package); `is_found` tells whether a top-level name can be imported."""
    problems, seen, lenient = [], {}, False
    queue = [(path, package, always) for path, package in roots]
    while queue:
        path, package, always = queue.pop(0)
        # A file is looked at again when it turns out that it is always imported.
        if path in seen and seen[path] >= always:
            continue
        seen[path] = always
        try:
            found = Found(path, package)
        except (SyntaxError, ValueError) as error:
            line = getattr(error, "lineno", None) or 0
            problems.append((always, path, line, None, getattr(error, "msg", None) or str(error)))
            continue
        except (OSError, RecursionError):
            continue
        lenient = lenient or found.changes_path
        for line, name, happens, maybe in found.imports:
            sure = always and happens
            for part in parents(name):
                file = module_file(part, directories)
                if file:
                    queue.append((file[0], file[1], sure))
            if not maybe:
                problems.extend(missing(path, line, name, sure, directories, is_found))
    return summary(problems, lenient)


def missing(path, line, name, sure, directories, is_found):
    top = name.partition(".")[0]
    if not exists_in(top, directories):
        if not is_found(top):
            yield (sure, path, line, top, None)
        return
    parent = name.rpartition(".")[0]
    # A program can put a module into `sys.modules`: so this is no error.
    if parent and module_file(parent, directories) and not exists_in(name, directories):
        yield (False, path, line, name, None)


def parents(name):
    parts = name.split(".")
    return [".".join(parts[:end]) for end in range(1, len(parts) + 1)]


def summary(problems, lenient):
    """Each missing name once, where it matters most."""
    best = {}
    for sure, path, line, name, why in problems:
        key = name or path
        severity = "error" if sure and not (lenient and name) else "warning"
        if key not in best or (severity == "error" and best[key][0] == "warning"):
            best[key] = (severity, path, line, name, why)
    return list(best.values())
