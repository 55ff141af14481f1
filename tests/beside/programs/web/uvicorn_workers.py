#!/usr/bin/env python3
# uvicorn with two spawned workers.
# packages: web
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request

with open("site_app.py", "w") as file:
    file.write(
        "async def app(scope, receive, send):\n"
        "    if scope['type'] != 'http':\n        return\n"
        "    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n"
        "    await send({'type': 'http.response.body', 'body': b'answer'})\n"
    )
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = str(free.getsockname()[1])
with open("log", "w") as log:
    command = [sys.executable, "-m", "uvicorn", "--workers", "2", "--port", port, "--lifespan", "off", "site_app:app"]
    server = subprocess.Popen(command, stdout=log, stderr=log)
for _ in range(600):
    found = re.search(r"Application startup complete|Started server process", open("log").read())
    if found:
        break
    time.sleep(0.05)
for _ in range(200):
    try:
        print(urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=30).read())
        break
    except OSError:
        time.sleep(0.05)
server.send_signal(signal.SIGINT)
server.wait(60)
print("Traceback" in open("log").read())
