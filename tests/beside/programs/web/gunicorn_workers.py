#!/usr/bin/env python3
# gunicorn with two workers, of an app in the working directory; it ends by SIGTERM.
# packages: web
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request

with open("site_app.py", "w") as file:
    file.write("import os, sys\ndef app(environ, start):\n    start('200 OK', [])\n    return [b'pid %d' % os.getppid()]\n")
with open("log", "w") as log:
    server = subprocess.Popen([sys.executable, "-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "site_app:app"], stderr=log)
for _ in range(400):
    found = re.search(r"Listening at: (http://127.0.0.1:\d+)", open("log").read())
    if found:
        break
    time.sleep(0.05)
answers = {urllib.request.urlopen(found[1]).read() for _ in range(10)}
print(answers == {b"pid %d" % server.pid})
server.send_signal(signal.SIGTERM)
print(server.wait(30))
