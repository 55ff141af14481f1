#!/usr/bin/env python3
# Flask's development server with its reloader, which a change of a file restarts once.
# as: script module console
# packages: web
# shell: "$@" >out 2>err; echo $?; sort out; grep -c 'Restarting with stat' err; grep -c -i traceback err
import os
import signal
import threading
import time
import urllib.request

from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "answer"


def ask():
    """Runs in the reloader's child: asks for the page, then ends the parent and with it the child."""
    print("child", flush=True)
    for _ in range(200):
        try:
            port = int(os.environ["BESIDE_PORT"])
            text = urllib.request.urlopen(f"http://127.0.0.1:{port}/").read()
            print(text, app.import_name, os.path.basename(app.root_path) != "", flush=True)
            break
        except OSError:
            time.sleep(0.05)
    os._exit(0)


def main():
    if os.environ.get("WERKZEUG_RUN_MAIN"):
        threading.Thread(target=ask, daemon=True).start()
    elif "BESIDE_PORT" not in os.environ:
        import socket

        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            os.environ["BESIDE_PORT"] = str(free.getsockname()[1])
        print("parent", flush=True)
    app.run(port=int(os.environ["BESIDE_PORT"]), debug=True, use_reloader=True)


if __name__ == "__main__":
    main()
