"""Says what a program sees of its process and its interpreter; the tests compare that with plain Python."""

import json
import os
import signal
import subprocess
import sys

import beside


def text(value):
    """Bytes as text, one character a byte: JSON has no bytes."""
    return os.fsencode(value).decode("latin-1")


def status(*names):
    with open("/proc/self/status", errors="replace") as lines:
        pairs = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    return {name: pairs[name] for name in names}


def signals():
    """Blocked, ignored and caught ones, less the two that glibc keeps to itself (32 and 33)."""
    own = 1 << 31 | 1 << 32
    return {name: f"{int(mask, 16) & ~own:x}" for name, mask in status("SigBlk", "SigIgn", "SigCgt").items()}


def report():
    umask = os.umask(0o22)
    os.umask(umask)
    with open("/proc/self/comm", "rb") as file:
        comm = file.read().rstrip(b"\n")
    return {
        "pid": os.getpid(),
        "argv": [text(argument) for argument in sys.argv],
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "version": sys.version,
        "path": sys.path,
        "flags": {name: getattr(sys.flags, name) for name in dir(sys.flags) if isinstance(getattr(sys.flags, name), int)},
        "warnoptions": sys.warnoptions,
        "xoptions": {key: value for key, value in sys._xoptions.items()},
        "dont_write_bytecode": sys.dont_write_bytecode,
        "environment": {text(key): text(value) for key, value in os.environb.items()},
        "file": __file__,
        "name": __name__,
        "docstring": __doc__,
        "names": sorted(name for name in globals() if name[0] == "_"),
        "beside": beside.__file__,
        "comm": comm.decode("latin-1"),
        "cwd": text(os.getcwdb()),
        "umask": umask,
        "signals": signals(),
        "groups": status("Uid", "Gid", "Groups"),
        "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:-1],
        "limits": status("Seccomp", "NoNewPrivs"),
        "encodings": [sys.getfilesystemencoding(), sys.stdout.encoding, sys.stdin.encoding, sys.stderr.errors],
        "builtins": [callable(value) for value in (exit, quit, help)] + [str(copyright)[:9]],
        "stdio": [stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)],
    }


def child(arguments, **options):
    return subprocess.run(arguments, stdout=subprocess.PIPE, check=True, **options).stdout.decode("latin-1")


def tool_report():
    print(json.dumps(report()))


def tool_exit(code):
    sys.exit(int(code))


def tool_message(words):
    sys.exit(words)


def tool_raise():
    raise ValueError("on purpose")


def tool_kill(number):
    os.kill(os.getpid(), int(number))


def tool_echo():
    while block := sys.stdin.buffer.read(65536):
        sys.stdout.buffer.write(block)
    print("done", file=sys.stderr)


def tool_sleep():
    print(os.getpid(), flush=True)
    signal.pause()


def tool_pipe():
    """A child is ended by SIGPIPE, as one of a shell would be, though Python itself ignores the signal."""
    print(subprocess.run(["/bin/sh", "-c", "kill -PIPE $$; echo survived"], env={}).returncode)


def tool_descriptor(number):
    os.write(int(number), b"written to it\n")


def tool_environment_of_child(*command):
    """The environment as children get it: by Python's own dict and by C's."""
    by_python = child(["/usr/bin/env", "-0"], env=dict(os.environb))
    by_c = child(["/usr/bin/env", "-0"])
    assert sorted(by_python.split("\0")) == sorted(by_c.split("\0")), (by_python, by_c)
    print(json.dumps(by_c.split("\0")[:-1]))


def tool_path_of_child():
    code = "import json, sys; print(json.dumps(sys.path))"
    print(json.dumps({"own": sys.path, "child": json.loads(child([sys.executable, "-c", code], env={}))}))


def tool_run(*command):
    print(child(command), end="")


def tool_pyship():
    import _pyship

    print(json.dumps({name: getattr(_pyship, name) for name in ("file", "name", "version")}))


def tool_resource():
    import package
    from importlib import resources

    print(package.HERE, len(resources.files("package").joinpath("data.txt").read_text()))


def tool_site():
    import site

    print(site.ENABLE_USER_SITE, len(site.getsitepackages()), site.getsitepackages()[0] in sys.path)


if __name__ == "__main__":
    globals()["tool_" + sys.argv[1]](*sys.argv[2:])
