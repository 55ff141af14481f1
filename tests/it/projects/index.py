"""A private index on 127.0.0.1 for tests: wheels of a directory, for whoever knows the password.

    index.py DIRECTORY USER:PASSWORD

The first line on standard output is the port.
"""

import base64
import http.server
import pathlib
import sys

DIRECTORY = pathlib.Path(sys.argv[1])
WANTED = "Basic " + base64.b64encode(sys.argv[2].encode()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.headers.get("Authorization") != WANTED:
            self.answer(401, b"", "text/plain")
            return
        parts = self.path.strip("/").split("/")
        if parts[0] == "simple":
            names = [path.name for path in DIRECTORY.glob("*.whl") if path.name.startswith(parts[1].replace("-", "_") + "-")]
            links = "".join(f'<a href="/files/{name}">{name}</a>\n' for name in names)
            self.answer(200 if names else 404, links.encode(), "text/html")
        else:
            self.answer(200, (DIRECTORY / parts[1]).read_bytes(), "application/octet-stream")

    do_HEAD = do_GET

    def answer(self, status, body, kind):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="private"')
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
