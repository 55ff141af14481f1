"""Looks for what a packed file starts: python -c SCRIPT KIND [TARGET...]; exit code 3 and one line when it is not there.

On stdout a line `missing NAME` for each module that a script imports and that is nowhere in the file.
"""
import sys

import _pyship

# As in the app, without the working directory.
sys.path[:1] = _pyship._IMPORTS


def say(what):
    print(what, file=sys.stderr)
    sys.exit(3)


def script(path):
    import ast

    full = _pyship._CODE + "/" + path
    sys.path.insert(0, full.rpartition("/")[0])
    try:
        with open(full, "rb") as file:
            tree = compile(file.read(), path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
        compile(tree, path, "exec", dont_inherit=True)
    except OSError as error:
        say(f"there is no script `{path}`: {error.strerror}")
    except (SyntaxError, ValueError) as error:
        say(f"the script `{path}` can't be compiled: {error}")
    missing = [name for name in imported(tree) if not is_found(name)]
    for name in sorted(set(missing) - names_below(_pyship._CODE)) if missing else ():
        print("missing", name)


def imported(tree):
    """The first parts of what is imported in any case: not in a function, below `if` or where a failure is handled."""
    import ast

    for node in tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.partition(".")[0]


def is_found(name):
    import importlib.util

    try:
        return importlib.util.find_spec(name) is not None
    except ValueError:
        return True  # It is loaded, and no file.


def names_below(directory):
    """What could be a module if its directory is put on `sys.path`."""
    import os

    names = set()
    for _, directories, files in os.walk(directory):
        names.update(directories, (file.partition(".")[0] for file in files))
    return names


def module(name):
    import importlib.util

    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None and not name.endswith("__main__"):
            if importlib.util.find_spec(name + ".__main__") is None:
                say(f"the package `{name}` has no `__main__` module, so `-m {name}` can't run it")
    except ModuleNotFoundError as error:
        say(f"there is no module `{name}`: {error}")
    if spec is None:
        say(f"there is no module `{name}`, neither in the app nor in its packages")


def function(target):
    import importlib
    import traceback

    name, _, attribute = target.partition(":")
    name, attribute = name.strip(), attribute.split("[")[0].strip()
    try:
        value = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(error.name + ".")):
            say(f"there is no module `{name}`, neither in the app nor in its packages")
        traceback.print_exc()
        say(f"the module `{name}` can't be imported: {error}")
    except Exception as error:
        traceback.print_exc()
        say(f"the module `{name}` can't be imported: {type(error).__name__}: {error}")
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            say(f"the module `{name}` has no `{attribute}`")
    if not callable(value):
        say(f"`{target}` can't be called: it is a {type(value).__name__}")


def main(kind, *targets):
    if kind == "script":
        script(*targets)
    elif kind == "module":
        module(*targets)
    elif kind == "function":
        function(*targets)
    elif kind == "commands":
        for target in targets:
            how, _, what = target.partition("=")
            if how == "function":
                function(what)


main(*sys.argv[1:])
