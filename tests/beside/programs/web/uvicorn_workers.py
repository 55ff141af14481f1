#!/usr/bin/env python3
# uvicorn with two spawned workers.
# packages: web
import re
import signal
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
with open("log", "w") as log:
    command = [sys.executable, "-m", "uvicorn", "--workers", "2", "--port", "0", "--lifespan", "off", "site_app:app"]
    server = subprocess.Popen(command, stderr=log)
for _ in range(600):
    found = re.search(r"running on (http://127.0.0.1:\d+)", open("log").read())
    if found:
        break
    time.sleep(0.05)
print(urllib.request.urlopen(found[1], timeout=60).read())
server.send_signal(signal.SIGINT)
server.wait(60)
print(len(re.findall(r"Started server process", open("log").read())), "Traceback" in open("log").read())
