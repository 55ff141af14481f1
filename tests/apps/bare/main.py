"""What a program asks of a system that may have next to nothing; the tests look at the answers."""

import json
import os
import socket
import subprocess
import sys


def child(code, *arguments, **options):
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, **options).stdout.decode()


def failure(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return [type(error).__name__, error.errno]
    return "no failure"


def talks_to_localhost():
    """Bind and connect look names up in C, each by itself."""
    with socket.socket() as server:
        server.bind(("localhost", 0))
        server.listen(1)
        port = server.getsockname()[1]
        with socket.socket() as client:
            client.connect(("localhost", port))
        with socket.socket() as client:
            return [client.connect_ex(("localhost", port)), server.getsockname()[0]]


def names():
    addresses = socket.getaddrinfo("localhost", 80, type=socket.SOCK_STREAM)
    return {
        "localhost": sorted({address[4][0] for address in addresses}),
        "inet": sorted({info[4][0] for info in socket.getaddrinfo("localhost", 80, socket.AF_INET)}),
        "gethostbyname": [socket.gethostbyname("localhost"), socket.gethostbyname_ex("localhost")[2][0]],
        "talks": talks_to_localhost(),
        "number": failure(socket.getaddrinfo, "localhost", 80, 0, 0, 0, socket.AI_NUMERICHOST),
        "service": failure(socket.getaddrinfo, "localhost", "no-such-service"),
        "other": failure(socket.gethostbyname, "no-such-name.invalid"),
        "services": [socket.getservbyname("http"), socket.getservbyname("https", "tcp"), socket.getservbyport(443)],
        "no_service": failure(socket.getservbyname, "no-such-service"),
        "protocols": [socket.getprotobyname("tcp"), socket.getprotobyname("udp")],
        "no_protocol": failure(socket.getprotobyname, "no-such-protocol"),
        "connect": failure(socket.socket().connect, ("no-such-name.invalid", 80)),
    }


TERMINAL = """
import curses, os, sys
curses.setupterm(sys.argv[1], 1)
print(curses.tigetstr("cup") is not None, "TERMINFO_DIRS" in os.environ, os.environb.get(b"TERMINFO"), end=" ")
print(os.popen("echo ${TERMINFO_DIRS-none}").read() if os.path.exists("/bin/sh") else "none")
"""


def system():
    import locale
    import sqlite3
    import zoneinfo
    from datetime import datetime

    before = dict(os.environ)
    noon = datetime(2024, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Lisbon"))
    base = sqlite3.connect(":memory:")
    report = {
        "names": names(),
        "locale": locale.setlocale(locale.LC_ALL, "C.UTF-8"),
        "no_locale": failure_of_locale(locale),
        "offset": noon.utcoffset().total_seconds(),
        "sqlite": base.execute("select json_extract('[6, 7]', '$[1]') * 6").fetchone()[0],
        "terminals": {name: child(TERMINAL, name).split() for name in ("xterm", "linux", "screen", "tmux", "vt100")},
        "no_terminal": subprocess.run([sys.executable, "-c", TERMINAL, "no-such"], stderr=subprocess.PIPE).returncode,
    }
    after = json.loads(child("import json, os; print(json.dumps(dict(os.environ)))"))
    # CPython itself sets LC_CTYPE in the C locale (PEP 538).
    changed = {name for name in {*before, *after} if before.get(name) != after.get(name)} - {"LC_CTYPE"}
    report["leaked"] = sorted(changed)
    return report


def failure_of_locale(locale):
    try:
        locale.setlocale(locale.LC_ALL, "xx_XX.UTF-8")
    except locale.Error as error:
        return str(error)


def user():
    import getpass

    return {
        "HOME": os.environ.get("HOME"),
        "home": os.path.expanduser("~"),
        "child": child("import os; print(os.path.expanduser('~'))").strip(),
        "user": getpass.getuser(),
    }


def screen():
    """Needs a terminal."""
    import curses

    def inside(window):
        window.addstr(0, 0, "in the screen")
        window.refresh()
        return curses.COLORS

    print("colors", curses.wrapper(inside), "TERMINFO_DIRS" in os.environ)


def https(certificate):
    """A server of its own, asked the way everybody asks."""
    import http.server
    import ssl
    import threading
    import urllib.request

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"over TLS")

        def log_message(self, *arguments):
            pass

        def handle(self):
            try:
                super().handle()
            except OSError:
                pass  # The client didn't trust us.

    class Server(http.server.ThreadingHTTPServer):
        def handle_error(self, request, address):
            pass

    server = Server(("localhost", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        answer = urllib.request.urlopen(f"https://localhost:{server.server_port}/").read().decode()
    except OSError as error:
        answer = "not trusted" if "CERTIFICATE_VERIFY_FAILED" in str(error) else str(error)
    count = ssl.create_default_context().cert_store_stats()["x509_ca"]
    return {"answer": answer, "count": count, "cafile": ssl.get_default_verify_paths().cafile}


def library():
    """Which C library this process runs with."""
    with open("/proc/self/maps") as maps:
        found = {line.split()[-1] for line in maps if "/libc.so.6" in line or "/libc-2." in line}
    return "carried" if any("/layers/" in path for path in found) else "host"


def loaded():
    """Says that it runs, where there may be no /proc to ask."""
    return os.path.basename(sys.argv[0])


def same_prefix(*command, **options):
    code = "import os, sys; print(sys.prefix, os.path.isfile(sys.executable), sys.version_info[:2])"
    said = subprocess.run([*command, "-c", code], stdout=subprocess.PIPE, check=True, **options).stdout.decode()
    wanted = f"{sys.prefix} True {sys.version_info[:2]}\n"
    return True if said == wanted else [said, wanted]


def executable():
    """Every way to call `sys.executable`."""
    link = "/tmp/link-to-python"
    os.symlink(sys.executable, link)
    directory = os.path.dirname(sys.executable)
    up = os.path.relpath(sys.executable, "/tmp")
    return {
        "absolute": same_prefix(sys.executable, env={}),
        "here": same_prefix("./python3", cwd=directory),
        "below": same_prefix("bin/python", cwd=sys.prefix),
        "up": same_prefix(up, cwd="/tmp"),
        "link": same_prefix(link),
        "relative link": same_prefix("./link-to-python", cwd="/tmp"),
        "path": same_prefix("python3", env={"PATH": directory}),
    }


def become():
    os.execv(sys.executable, [sys.executable, "-c", "import sys; print(sys.prefix, sys.argv)", "x"])


if __name__ == "__main__":
    result = globals()[sys.argv[1]](*sys.argv[2:])
    if result is not None:
        print(json.dumps(result))
