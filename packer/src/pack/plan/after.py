# Stands after trial.py. Nothing of the app is imported: a plan must not run it.
sys.path[:] = PATH
KNOWN = {*GIVEN["stdlib"], *GIVEN["packages"], *sys.builtin_module_names, "__main__", "_frozen_importlib", "_frozen_importlib_external", "_pyship"}

# Of the standard library: below other packages everything may be there.
PACKAGES = {name.rpartition(".")[0] for name in GIVEN["stdlib"]}


def say(what):
    print("not there: " + what, file=sys.stderr)
    sys.exit(3)


def is_found(name):
    """Whether a module can be imported, as `is_found` of trial.py, by the names of files alone."""
    names = parents(name)
    if GIVEN["lenient"] or names[0] not in KNOWN:
        return GIVEN["lenient"]
    for parent, name in zip(names, names[1:]):
        if parent not in PACKAGES:
            return True  # `os.path`: a module that has modules.
        if name not in KNOWN:
            return False
    return True


def module(name, last="__main__"):
    if not exists_in(name.partition(".")[0], DIRECTORIES):
        if not is_found(name.partition(".")[0]):
            say(f"there is no module `{name}`, neither in the app nor in its packages")
        return
    names = parents(name) + ([name + "." + last] if last else [])
    files = [module_file(part, DIRECTORIES) for part in names]
    if last and files[-1]:
        # `python -m package` imports the package and runs its `__main__`.
        files = files[-1:] + files[:-1]
    report([found for found in files if found], DIRECTORIES)


def function(target):
    module(target.partition(":")[0].strip(), None)


run(*ARGUMENTS)
