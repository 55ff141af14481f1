#!/usr/bin/env python3
# requests against a server of the same process, and its certificates.
# packages: web
import http.server
import os
import threading

import certifi
import requests


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.headers["User-Agent"].encode())

    def log_message(self, *_):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(requests.get(f"http://127.0.0.1:{server.server_port}/").text)
print(certifi.where(), os.path.getsize(certifi.where()) > 100000, requests.certs.where() == certifi.where())
