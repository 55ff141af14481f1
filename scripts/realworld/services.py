"""Programs that an entry talks to, on 127.0.0.1, for as long as it runs."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

NOBODY = 65534


@contextlib.contextmanager
def service(name, place):
    """Runs the service; gives the variables that tell the program where it is."""
    with {"": nothing, "postgresql": postgresql}[name](place) as variables:
        yield variables


@contextlib.contextmanager
def nothing(_place):
    yield {}


@contextlib.contextmanager
def postgresql(place):
    """A PostgreSQL with an empty database `postgres` of the user `postgres`, who needs no password."""
    from .trial import Failed

    # Debian's are in no directory of PATH.
    places = [*map(str, Path("/usr/lib/postgresql").glob("*/bin")), os.environ["PATH"]]
    initdb = shutil.which("initdb", path=":".join(places))
    if not initdb:
        raise Failed("this machine lacks Debian's postgresql")
    programs = Path(os.path.realpath(initdb)).parent
    data = Path("/tmp") / f"pyship-postgresql-{os.getpid()}-{place.name}"
    data.mkdir(mode=0o700)
    user = {}
    if os.geteuid() == 0:
        # It refuses to run as root.
        os.chown(data, NOBODY, NOBODY)
        user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "cwd": "/", **user}
    try:
        made = subprocess.run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N"], **quiet)
        if made.returncode:
            raise Failed(f"initdb: {made.stderr.decode(errors='replace').strip()[-200:]}")
        port = free_port()
        options = ["-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
        server = subprocess.Popen([programs / "postgres", *options], **{**quiet, "stderr": subprocess.DEVNULL})
        try:
            wait_for(port)
            yield {"PGHOST": "127.0.0.1", "PGPORT": str(port), "PGUSER": "postgres", "PGDATABASE": "postgres"}
        finally:
            server.terminate()
            server.wait()
    finally:
        shutil.rmtree(data, ignore_errors=True)


def free_port():
    with socket.socket() as any_socket:
        any_socket.bind(("127.0.0.1", 0))
        return any_socket.getsockname()[1]


def wait_for(port):
    """Until something listens there, for half a minute at most."""
    for _ in range(300):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
