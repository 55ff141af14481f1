"""Looks for what a packed file starts: python -c SCRIPT FILE SECONDS KIND [TARGET...]; exit code 3 and one line when it is
not there. Every SECONDS it writes to FILE what is being run.

On stdout a line `problem JSON` for each module that the app's modules import and that is nowhere in the file, and for each
database that they keep beside the code. imports.py and databases.py stand before this text.
"""
import sys

import _pyship

# As in the app, without the working directory.
sys.path[:1] = _pyship._IMPORTS


# What the app's modules import and does not belong to the app.
asked = []


def say(what):
    print(what, file=sys.stderr)
    sys.exit(3)


def watch(path, seconds):
    file = open(path, "w")
    try:
        import faulthandler

        faulthandler.dump_traceback_later(seconds, repeat=True, file=file)
    except ImportError:
        pass  # Then it is not said what is waited for.
    return file


def script(path):
    full = _pyship._CODE + "/" + path
    sys.path.insert(0, full.rpartition("/")[0])
    try:
        with open(full, "rb") as file:
            compile(file.read(), path, "exec", dont_inherit=True)
    except OSError as error:
        say(f"there is no script `{path}`: {error.strerror}")
    except (SyntaxError, ValueError) as error:
        say(f"the script `{path}` can't be compiled: {error}")
    report([(full, "")], [full.rpartition("/")[0], *app_directories()])


def app_directories():
    """Where imports find the app's modules."""
    return [path for path in _pyship._IMPORTS if (path + "/").startswith(_pyship._CODE + "/")]


def report(roots, directories, always=True):
    """Prints what the app's modules import that is not in the file, a line of JSON each."""
    import json

    below = None
    for severity, path, line, name, why in check(roots, directories, is_found, always):
        if name and "." not in name:
            below = names_below(_pyship._CODE) if below is None else below
            if name in below:
                continue  # It is found once its directory is put on `sys.path`.
        shown = path[len(_pyship._CODE) + 1 :] if path.startswith(_pyship._CODE + "/") else path
        print("problem", json.dumps({"severity": severity, "file": shown, "line": line, "name": name, "why": why}))


def report_databases():
    """Prints the databases that are lost when the app is packed again."""
    import json

    for path, line, database in databases_beside(_pyship._CODE):
        shown = path[len(_pyship._CODE) + 1 :]
        print("problem", json.dumps({"severity": "warning", "file": shown, "line": line, "database": database}))


def report_module(name, always):
    """The same for a module of the app, or for nothing when a package has it."""
    directories = app_directories()
    for each in (name + ".__main__", name):
        found = module_file(each, directories)
        if found:
            names = [part for part in parents(name) if module_file(part, directories)]
            report([found, *(module_file(part, directories) for part in names)], directories, always)
            return


def is_found(name):
    """Whether a module is there. Below a package of the standard library this is told without importing the package;
    below others everything may be there, since a package can do what it likes when it is imported."""
    import importlib.util
    import os

    asked.append(name)
    top, _, rest = name.partition(".")
    try:
        spec = importlib.util.find_spec(top)
    except ValueError:
        return True  # It is loaded, and no file.
    if spec is None or not rest:
        return spec is not None
    stdlib = os.path.dirname(os.__file__)
    if os.path.dirname(os.path.dirname(spec.origin or "")) != stdlib:
        return True
    for part in rest.split("."):
        places = spec.submodule_search_locations
        if places is None:
            return True
        full = spec.name + "." + part
        found = (finder.find_spec(full, places) for finder in sys.meta_path)
        spec = next(filter(None, found), None)
        if spec is None:
            return False
    return True


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
        # The packages above it are imported.
        if is_part(name, error):
            say(f"there is no module `{name}`: {error}")
        can_not_be_imported(name, error)
    except Exception as error:
        can_not_be_imported(name, error)
    if spec is None:
        say(f"there is no module `{name}`, neither in the app nor in its packages")
    report_module(name, True)


def is_part(name, error):
    """Whether it is the module itself or a package above it that is missing. Metadata is no module."""
    missing = type(error).__name__ != "PackageNotFoundError" and error.name
    return missing and (name + ".").startswith(missing + ".")


def can_not_be_imported(name, error):
    import traceback

    traceback.print_exc()
    kind = type(error).__name__
    if kind == "PackageNotFoundError":
        why = f"it asks for the metadata of `{error.name}`, which is not in the file"
    elif kind == "ModuleNotFoundError":
        why = str(error)
    else:
        why = f"{kind}: {error}"
    say(f"the module `{name}` can't be imported: {why}")


def function(target):
    import importlib

    name, _, attribute = target.partition(":")
    name, attribute = name.strip(), attribute.split("[")[0].strip()
    try:
        value = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if is_part(name, error):
            say(f"there is no module `{name}`, neither in the app nor in its packages")
        can_not_be_imported(name, error)
    except Exception as error:
        can_not_be_imported(name, error)
    for part in attribute.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            say(f"the module `{name}` has no `{attribute}`")
    if not callable(value):
        say(f"`{target}` can't be called: it is a {type(value).__name__}")
    report_module(name, False)


def run(kind, *targets):
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
    if kind != "interpreter":
        report_databases()
