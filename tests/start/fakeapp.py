"""Interpreters at hand, and an app's directory as the launcher would make it in the cache.

The launcher's part is played by `App.start`: the environment and the arguments that it hands to the interpreter.
"""

import atexit
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = REPOSITORY / "packer" / "src"
VERSIONS = range(9, 16)
LAUNCHER = REPOSITORY / "launcher/src"
NAMES = (LAUNCHER / "format/names.rs").read_text()
# What the launcher keeps away from the interpreter while it starts (`names::ENV_PYTHON_CODE`).
KEPT = re.findall(r"PYTHON[A-Z]+", re.search(r"ENV_PYTHON_CODE: .*? = &\[(.*?)\];", NAMES, re.DOTALL)[1])
assert {"PYTHONHOME", "PYTHONSTARTUP"} <= set(KEPT)
MODULE_INDEX = re.search(r'MODULE_INDEX: &str = "(.*?)"', NAMES)[1]
MEMBERS = re.search(r'CACHE_INDEX: &str = "(.*?)"', NAMES)[1]
BASE = re.search(r'APP_BASE: &str = "(.*?)"', NAMES)[1]
UNPACKED_TIMES = tuple(map(int, re.findall(r"UNPACKED_TIME\w*: i64 = ([0-9_]+);", (LAUNCHER / "unpack/mod.rs").read_text())))


class Interpreter:
    """A Python that an app could be packed with."""

    def __init__(self, path):
        ask = (
            "import json, os, sys, sysconfig; print(json.dumps({"
            "'version': sys.version_info[:2], 'base': sys.base_prefix, 'full': sys.version.split()[0],"
            "'stdlib': os.path.relpath(sysconfig.get_path('stdlib'), sys.base_prefix),"
            "'cache_tag': sys.implementation.cache_tag, 'ext_suffix': sysconfig.get_config_var('EXT_SUFFIX'),"
            "'abiflags': sys.abiflags, 'name': sys.implementation.name}))"
        )
        answer = subprocess.run([path, "-I", "-c", ask], capture_output=True, text=True, check=True)
        for name, value in json.loads(answer.stdout).items():
            setattr(self, name, value)
        self.version = tuple(self.version)
        self.stdlib = os.path.normpath(self.stdlib)
        # `t` for a free-threaded build.
        name = "python%d.%d" % self.version + self.abiflags
        self.executable = f"bin/{name}"
        self.site_packages = f"lib/{name}/site-packages"
        self.path = os.path.join(self.base, self.executable)

    def __str__(self):
        return f"{self.full}{self.abiflags} in {self.base}"


def interpreters():
    """Every CPython 3.9 to 3.15 of pyenv, PATH and /usr/bin, free-threaded ones too, each once."""
    places = [*os.environ.get("PATH", "").split(os.pathsep), "/usr/bin", "/usr/local/bin"]
    root = shutil.which("pyenv") and subprocess.run(["pyenv", "root"], capture_output=True, text=True).stdout.strip()
    roots = {root or os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")}
    for versions in roots:
        places += [str(place) for place in Path(versions, "versions").glob("*/bin")]
    found = {}
    for place in places:
        for name in [f"python3.{minor}{threading}" for minor in VERSIONS for threading in ("", "t")]:
            path = os.path.join(place, name)
            if os.path.basename(place) == "shims" or not os.access(path, os.X_OK):
                continue
            interpreter = Interpreter(path)
            if interpreter.name == "cpython" and os.access(interpreter.path, os.X_OK):
                found.setdefault(os.path.realpath(interpreter.path), interpreter)
    return sorted(found.values(), key=lambda interpreter: interpreter.version)


def sources(constants):
    """The sources as `packer/src/startup/mod.rs` puts them together, with the app's constants."""
    rust = (SOURCES / "startup/mod.rs").read_text()
    config = "".join(f"{name} = {value!r}\n" for name, value in constants.items())
    for module, constant in (("encodings", "EARLY"), ("_pyship", "ALONE"), ("child/encodings", "CHILD")):
        parts = re.findall(r'include_str!\("(.*?)"\)', rust.split(f"const {constant}: &str = ", 1)[1].split(";", 1)[0])
        text = "".join((SOURCES / "startup" / part).read_text() for part in parts)
        yield module, text.replace("# CONFIG\n", config, 1)


def build_writer():
    """The packer's tests, of which one writes an index for whoever asks (`packer/src/startup/module_index/tests.rs`):
    what PYSHIP_INDEX_WRITER names, where no Rust is at hand; else they are built."""
    if "PYSHIP_INDEX_WRITER" in os.environ:
        return os.environ["PYSHIP_INDEX_WRITER"]
    # As `just unit` compiles them, so that after it there is nothing left to compile.
    command = ["cargo", "test", "--release", "--config", str(REPOSITORY / "tests/profile.toml"), "--package", "pyship"]
    command += ["--lib", "--no-run", "--locked", "--message-format=json"]
    environment = {**os.environ, "PYSHIP_STUB": str(REPOSITORY / "Cargo.toml")}
    built = subprocess.run(command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, check=True)
    programs = [json.loads(line).get("executable") for line in built.stdout.splitlines()]
    return next(program for program in programs if program)


def index(python, base, roots, place):
    """Has the packer write the index of the import directories `roots` of `base`, and sets the times that the launcher
    would."""
    request = {"base": str(base), "roots": list(roots), "out": str(place / MODULE_INDEX)}
    request.update(bytecode=f".{python.cache_tag}.pyc", extension=python.ext_suffix)
    command = [App.writer, "--ignored", "an_index_of_a_directory_is_written"]
    written = run(command, env=base_env(PYSHIP_INDEX=json.dumps(request)))
    assert "1 passed" in written.out, written.out + written.err
    for directory, _, _ in os.walk(base, topdown=False):
        os.utime(directory, (UNPACKED_TIMES[0], UNPACKED_TIMES[0]))


class Compiler:
    """A Python that compiles whatever apps ask for: one process for all of them, which starts once.

    Of what `packer/src/startup` writes most is the same in every app: a text is compiled once.
    """

    SCRIPT = """
import compileall, json, os, py_compile, shutil, sys
from py_compile import PycInvalidationMode as mode
known = {}
for line in sys.stdin:
    layers, names = json.loads(line)
    for name in names:
        path, to = (f'{layers}/{place}/{name}.pyc' for place in ('build', 'app/start'))
        with open(path[:-1], 'rb') as file:
            text = file.read()
        if text not in known:
            py_compile.compile(path[:-1], path, '<pyship>', True, invalidation_mode=mode.UNCHECKED_HASH)
            with open(path, 'rb') as file:
                known[text] = file.read()
        os.makedirs(os.path.dirname(to), exist_ok=True)
        with open(to, 'wb') as file:
            file.write(known[text])
    shutil.rmtree(f'{layers}/build')
    compileall.compile_dir(layers, quiet=2, invalidation_mode=mode.UNCHECKED_HASH)
    print('compiled', flush=True)
"""

    def __init__(self, python):
        self.process = subprocess.Popen(
            [python.path, "-I", "-c", self.SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        atexit.register(self.end)

    def compile(self, layers, names):
        """Compiles `build/NAME.py` to `app/start/NAME.pyc` for the start-up code's `names`, and every other source."""
        print(json.dumps([str(layers), names]), file=self.process.stdin, flush=True)
        assert self.process.stdout.readline() == "compiled\n", "the compiler ended"

    def end(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class App:
    """An unpacked app in `root`; `code`, `packages` and `scripts` are names and contents of files."""

    writer = None  # Set by run.py.
    compilers = {}  # By the interpreter's path.

    def __init__(
        self,
        python,
        root,
        entry,
        code=(),
        packages=(),
        scripts=(),
        directories=("",),
        custom=False,
        indexed=False,
        index_imports=True,
    ):
        self.python = python
        layers, self.root = Path(root, "v1/layers"), Path(root, "v1/apps/key")
        site_packages = layers / "deps" / python.site_packages
        for path, text in dict(code).items():
            write(layers / "app/code" / path, text)
        for path, text in dict(packages).items():
            write(site_packages / path, text)
        early = re.search(r"EARLY_MODULES: .*? = \[(.*?)\]", (SOURCES / "startup/mod.rs").read_text(), re.S)[1]
        early = tuple(re.findall(r'"(\w+)"', early))
        shadows = {f"{place}/{name}.py".lstrip("/") for place in directories for name in early} & set(dict(code))
        site_packages.mkdir(parents=True, exist_ok=True)
        shutil.copy(SOURCES / "startup/__pyship__.pth", site_packages)
        constants = dict(name="odd 'name' é", version="1.2", _EXECUTABLE=python.executable, _STDLIB=python.stdlib)
        constants.update(_SITE_PACKAGES=python.site_packages, _DIRECTORIES=directories)
        constants.update(_BASE=BASE, _PACKAGES=bool(packages))
        site = custom or any(path.endswith((".pth", ".start")) for path in dict(packages))
        constants.update(_SITE=site, _SHADOWED=early if shadows else ())
        constants.update(_INDEX=index_imports, _MODULES="/" + MODULE_INDEX, _MEMBERS="/" + MEMBERS, _UNPACKED=UNPACKED_TIMES)
        compiled = []
        for module, text in sources(constants):
            write(layers / "build" / f"{module}.py", text)
            compiled.append(module)
        (layers / "app/start/child").mkdir(parents=True)
        (layers / "app/code").mkdir(exist_ok=True)
        self._compile(layers, compiled)
        self.packages, self.layers = site_packages, layers
        self.code, self.main = f"{layers}/app/code", f"{layers}/app/code/main.py"
        if indexed:
            index(python, site_packages, [""], site_packages)
            index(python, layers / "app/code", directories, layers / "app/start")
        os.utime(site_packages, (UNPACKED_TIMES[0], UNPACKED_TIMES[0]))
        # Written last: its time is when the code was unpacked.
        self.members = layers / "app" / MEMBERS
        write(self.members, "")
        self._venv(layers, python)
        self.head = self._head(entry, layers)
        for name, text in dict(scripts).items():
            write(self.root / "bin" / name, text.replace("#!pyship-python", f"#!{self.interpreter}"))
            (self.root / "bin" / name).chmod(0o755)

    def _compile(self, layers, compiled):
        if self.python.path not in App.compilers:
            App.compilers[self.python.path] = Compiler(self.python)
        App.compilers[self.python.path].compile(layers, compiled)

    def _venv(self, layers, python):
        (self.root / "bin").mkdir(parents=True)
        (self.root / python.site_packages).parent.mkdir(parents=True)
        (self.root / python.site_packages).symlink_to(layers / "deps" / python.site_packages)
        (self.root / "app").symlink_to(layers / "app")
        (self.root / BASE / "bin").mkdir(parents=True)
        (self.root / BASE / python.executable).symlink_to(python.path)
        self.interpreter = self.root / "bin/python3"
        self.interpreter.symlink_to(python.path)
        config = f"home = {python.base}/bin\ninclude-system-site-packages = false\n"
        (self.root / "pyvenv.cfg").write_text(config)

    def _head(self, entry, layers):
        """What the launcher puts before the app's arguments (`launcher/src/start/entry.rs`)."""
        kind, *what = entry
        if kind == "module":
            return ["-m", *what]
        if kind == "script":
            return [f"{layers}/app/code/{what[0]}"]
        module, attr = what
        script = f"import sys\nfrom {module} import {attr.split('.')[0]}\nif __name__ == '__main__':\n    sys.exit({attr}())\n"
        write(self.root / "bin/app", f"#!{self.interpreter}\n{script}")
        return [f"{self.root}/bin/app"]

    def start(self, *args, argv0="./app.bin", options=(), env=None, **how):
        """Runs the app as the launcher does, for a caller with the environment `env`."""
        start = f"{self.root}/app/start"
        given = dict(PYTHONHOME=self.python.base, PYTHONPATH=start, _PYSHIP_FILE="/some/where/app.bin", _PYSHIP_ARGV0=argv0)
        env = {**hidden(base_env() if env is None else env, KEPT), **given}
        if not argv0:
            how.setdefault("cwd", os.curdir)  # Not by `posix_spawn`, which takes no empty name.
        return run([argv0, *options, *self.head, *args], executable=self.python.path, env=env, **how)

    def python3(self, *args, env=None, **how):
        """Runs `sys.executable` by itself."""
        env = base_env() if env is None else env
        if "PYTHONHOME" in env and not {"-I", "-E"} & set(args):
            theirs = env.get("PYTHONPATH")
            path = f"{self.root}/app/start/child" + (f":{theirs}" if theirs else "")
            env = {**hidden(env, ("PYTHONHOME", "PYTHONPATH")), "PYTHONPATH": path}
        return run([str(self.interpreter), *args], env=env, **how)


def hidden(env, names):
    """The environment with variables that the interpreter doesn't know while it starts (`names::ENV_HIDDEN`)."""
    return {"\1" + name[1:] if name in names else name: value for name, value in env.items()}


def base_env(**more):
    """A caller's environment that doesn't depend on that of the tests."""
    return {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", **more}


def run(command, **how):
    how = {"capture_output": True, "timeout": 60, **how}
    done = subprocess.run(command, **how)
    done.out, done.err = (os.fsdecode(stream or b"") for stream in (done.stdout, done.stderr))
    return done


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.fsencode(text))
