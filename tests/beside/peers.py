"""Both peers of a program: a virtual environment, and packed files of the same interpreter with the same packages."""

import base64
import hashlib
import os
import shutil
import subprocess
import threading
import time
import zipfile
from pathlib import Path

import outcome

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements"


class Peers:
    """What is made in `root` for one interpreter, and kept there for the next run."""

    def __init__(self, python, pyship, root, programs):
        self.python, self.pyship, self.root = python, pyship, root
        self.cache = root / "cache"
        self.programs = programs
        self.times = []
        self._locks = {}
        self._lock = threading.Lock()
        root.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(root / "runs", ignore_errors=True)

    def compare(self, program, kind):
        """The lines that differ, and those of the virtual environment."""
        started = time.monotonic()
        plain = self.plain(program, kind)
        middle = time.monotonic()
        packed = self.packed(program, kind)
        self.times.append((middle - started, f"{program.id} {kind} plain"))
        self.times.append((time.monotonic() - middle, f"{program.id} {kind} packed"))
        return outcome.difference(plain, packed), plain

    def plain(self, program, kind):
        """A run in the virtual environment."""
        venv = self._venv(*self._set(program, kind))
        with Place(self.root, program, kind, "plain") as place:
            app, main = self._copied(program, place, f"#!{venv}/bin/python3")
            if kind == "console":
                command = [venv / "bin" / program.name]
            elif kind == "module":
                command = [venv / "bin/python3", *program.plain, "-m", program.name]
            elif program.plain:
                command = [venv / "bin/python3", *program.plain, main]
            else:
                command = [main]
            places = [
                *place.places,
                (str(app), "<APP>"),
                (str(venv), "<PREFIX>"),
                (f"{self.python.base}/lib/python", "<BASE>/lib/python"),
                (f"{self.python.base}/bin/python", "<BASE>/bin/python"),
            ]
            if self.python.base != "/usr":
                places.append((self.python.base, "<BASE>"))
            return outcome.text(place.run(program, command, self.cache), places)

    def packed(self, program, kind):
        """A run of a packed file, which is made for it and removed afterwards."""
        self._venv(*self._set(program, kind))  # So that the first pack of a set of packages is alone.
        with Place(self.root, program, kind, "packed") as place:
            app, main = self._copied(program, place, "#!/usr/bin/env python3")
            name = program.name if kind != "script" else main.name
            file = place.directory / "bin" / name
            file.parent.mkdir()
            with self._once(("packed", *self._set(program, kind))):
                self._pack(program, kind, app if program.is_directory else main, file)
                where = self._where(file)
            shown = {"script": f"<APP>/{name}", "module": f"<FILE {name}>", "console": f"<PREFIX>/bin/{name}"}[kind]
            places = [*place.places, (str(file), shown), *where]
            return outcome.text(place.run(program, [file], self.cache), places)

    def _pack(self, program, kind, source, file):
        options = ["--python", self.python.path, "-o", file, "--level", "1", "--no-check", "--quiet", *program.pack]
        if program.packages != "none":
            options += ["-r", self._pins(program.packages)]
        if kind != "script":
            options += ["--with", self._wheel(program.packages)]
            options += ["-m" if kind == "module" else "-c", program.name]
        else:
            options += [source]
        call(self.pyship, "pack", *options, UV_OFFLINE="1")

    def _where(self, file):
        """The packed file's directories in the cache, which the first start makes."""
        environment = {"PATH": os.environ["PATH"], "PYSHIP_CACHE_DIR": str(self.cache), "PYSHIP": "where"}
        done = subprocess.run([file], env=environment, stdout=subprocess.PIPE, text=True, check=True)
        prefix, *layers = done.stdout.splitlines()
        places = [(f"{prefix}/app/code", "<APP>"), (prefix, "<PREFIX>")]
        for layer in layers:
            runtime = os.path.isfile(f"{layer}/{self.python.stdlib}/os.py")
            places += [(f"{layer}/code", "<APP>"), (layer, "<BASE>" if runtime else "<PREFIX>")]
        return places

    def _copied(self, program, place, shebang):
        """The program's files in a directory of their own, with this shebang."""
        app = place.directory / "app"
        if program.is_directory:
            shutil.copytree(program.path, app)
        else:
            app.mkdir()
            shutil.copy(program.path, app)
        main = app / program.main.name
        main.write_bytes(os.fsencode(shebang) + b"\n" + main.read_bytes().split(b"\n", 1)[1])
        main.chmod(0o755)
        return app, main

    def _set(self, program, kind):
        return program.packages, kind != "script"

    def _pins(self, packages):
        """What the requirements of a set have become in its virtual environment, with every version."""
        self._venv(packages, False)
        return self.root / f"venv-{packages}/pins.txt"

    def _once(self, key):
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def _venv(self, packages, with_wheel):
        """The virtual environment with a set of packages and, if asked for, all programs of that set.

        Only the first one of a set uses the network. All else is made of the packages that it left in uv's cache.
        """
        venv = self.root / ("venv-" + packages + ("-wheel" if with_wheel else ""))
        required = []
        if packages != "none":
            required = [self._pins(packages) if with_wheel else REQUIREMENTS / f"{packages}.txt"]
        inputs = [*required, *([self._wheel(packages)] if with_wheel else [])]
        with self._once(venv):
            made = digest(self.python.path, *inputs)
            stamp = venv / "made"
            if stamp.exists() and stamp.read_text() == made:
                return venv
            shutil.rmtree(venv, ignore_errors=True)
            call(self.python.path, "-I", "-m", "venv", "--without-pip", venv)
            if inputs:
                uv = ["uv", "pip", "install", "--quiet", "--python", venv / "bin/python3"]
                offline = {"UV_OFFLINE": "1"} if with_wheel else {}
                call(*uv, *(part for path in required for part in ("-r", path)), *inputs[len(required) :], **offline)
                pins = call("uv", "pip", "freeze", "--python", venv / "bin/python3")
                # Not what uv says beside it, nor the wheel of programs.
                (venv / "pins.txt").write_text("".join(line for line in pins.splitlines(True) if "==" in line))
            stamp.write_text(made)
        return venv

    def _wheel(self, packages):
        """A wheel of all programs of a set that are run as modules or by entry points."""
        wheel = self.root / "wheels" / packages / "beside-1.0-py3-none-any.whl"
        with self._once(wheel):
            if wheel not in self._made():
                wheel.parent.mkdir(parents=True, exist_ok=True)
                chosen = [each for each in self.programs if each.packages == packages and set(each.kinds) - {"script"}]
                write_wheel(wheel, chosen)
                self._made().add(wheel)
        return wheel

    def _made(self):
        return self.__dict__.setdefault("_wheels", set())


class Place:
    """A directory for one run, with its working directory, home and directory for temporary files."""

    def __init__(self, root, program, kind, side):
        # Short: the path of a socket in the directory for temporary files has room for 107 bytes.
        name = hashlib.sha256(f"{program.id} {kind} {side}".encode()).hexdigest()[:8]
        self.directory = root / "runs" / name
        # Another path than that of the last run of the same program, which may still be at its end.
        self.places = [(str(self.directory / name), word) for name, word in (("work", "<WORK>"), ("home", "<HOME>"), ("tmp", "<TMP>"))]

    def __enter__(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        for path, _ in self.places:
            os.makedirs(path)
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.directory, ignore_errors=True)

    def run(self, program, command, cache):
        work, home, tmp = (path for path, _ in self.places)
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home, "TMPDIR": tmp, "LANG": "C.UTF-8", "TERM": "dumb"}
        environment.update(PYSHIP_CACHE_DIR=str(cache))
        environment.update(program.env)
        return outcome.run([*command, *program.args], program.shell, program.stdin, environment, work)


def write_wheel(wheel, programs):
    info = "beside-1.0.dist-info"
    files = {program.main.name: program.main.read_bytes() for program in programs}
    files[f"{info}/METADATA"] = b"Metadata-Version: 2.1\nName: beside\nVersion: 1.0\n"
    files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: beside\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    scripts = "".join(f"{each.name} = {each.name}:main\n" for each in programs if "console" in each.kinds)
    files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{scripts}".encode()
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip('=')},{len(data)}\n"
        for name, data in files.items()
    )
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data)


def digest(*parts):
    whole = hashlib.sha256()
    for part in parts:
        whole.update(Path(part).read_bytes())
    return whole.hexdigest()


def call(*command, **environment):
    """Runs a command to its end; what it wrote."""
    environment = {**os.environ, **environment}
    done = subprocess.run(
        [os.fspath(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"failed to run {' '.join(map(str, command))}:\n{os.fsdecode(done.stdout)}")
    return os.fsdecode(done.stdout)
