"""Settings files of Django that keep a SQLite database beside the app's code, found without running them.

`databases_beside(code)` looks at files below `code` that are called settings, or are in a directory of that name, and
gives (file, line, name of the database) for each `"NAME": BASE_DIR / "db.sqlite3"` of a SQLite database. A place that
the environment can change is none.
"""

import ast
import os

SETTABLE = {"environ", "environb", "getenv", "env", "config", "_pyship"}


def databases_beside(code):
    for directory, _, files in os.walk(code):
        for file in files:
            path = os.path.join(directory, file)
            if file.endswith(".py") and "settings" in path[len(code) :]:
                yield from databases_in(path)


def databases_in(path):
    try:
        with open(path, "rb") as file:
            source = file.read()
        if b"sqlite3" not in source:
            return
        tree = compile(source, path, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return
    beside = names_beside(tree)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Dict):
            continue
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        settings = dict(zip(keys, node.values))
        engine, place = settings.get("ENGINE"), settings.get("NAME")
        if place is None or not str(getattr(engine, "value", "")).endswith(".sqlite3"):
            continue
        names = set(names_in(place))
        texts = [part.value for part in ast.walk(place) if isinstance(getattr(part, "value", None), str)]
        if texts and names & beside and not names & SETTABLE:
            yield path, place.lineno, texts[-1]


def names_beside(tree):
    """The names that say where the code is. `BASE_DIR` may come from another settings file."""
    beside = {"BASE_DIR", "__file__"}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            targets = {target.id for target in node.targets if isinstance(target, ast.Name)}
            names = set(names_in(node.value))
            if names & beside and not names & SETTABLE:
                beside |= targets
            else:
                beside -= targets
    return beside
