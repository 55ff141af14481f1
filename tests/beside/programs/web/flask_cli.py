#!/usr/bin/env python3
# Flask's command line with an app in the working directory.
# packages: web
import os
import subprocess
import sys

with open("wsgi.py", "w") as file:
    file.write("from flask import Flask\napp = Flask(__name__)\n@app.cli.command()\ndef hello():\n    print('hello from', app.name)\n")
for arguments in (["hello"], ["routes"], ["--help"]):
    done = subprocess.run([sys.executable, "-m", "flask", *arguments], capture_output=True, text=True)
    print(done.returncode, done.stdout, done.stderr)
