"""Uses requests against a server of its own, and as much of PyMySQL as needs no database."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import version

import pymysql
import requests


class Echo(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"path": self.path, "agent": self.headers["User-Agent"]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        """Says nothing."""


def ask() -> None:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session = requests.Session()
        session.trust_env = False
        answer = session.get(f"http://127.0.0.1:{server.server_port}/hello", params={"a": "1"}, timeout=10)
        server.shutdown()
    print(f"GET {answer.json()['path']}: {answer.status_code}")


def main() -> None:
    # The versions that the packages say of themselves, and those of their metadata.
    print(f"requests {requests.__version__}, metadata {version('requests')}")
    print(f"pymysql {pymysql.__version__}, metadata {version('pymysql')}")
    ask()
    print(f"escaped: {pymysql.converters.escape_item(chr(39) + 'quoted' + chr(39), 'utf8mb4')}")
    try:
        pymysql.connect(host="127.0.0.1", port=1, connect_timeout=2)
    except pymysql.err.OperationalError as error:
        print(f"no database: error {error.args[0]}")


if __name__ == "__main__":
    main()
