#!/usr/bin/env python3
# gunicorn's own application class in a program, with its name for processes.
# packages: web
# shell: "$@" 2>&1 | grep -v -E '^\[|^$'
import os
import threading
import time
import urllib.request

from gunicorn.app.base import BaseApplication


def application(environ, start_response):
    start_response("200 OK", [])
    return [b"answer"]


class Server(BaseApplication):
    def load_config(self):
        self.cfg.set("bind", "unix:socket")
        self.cfg.set("worker_tmp_dir", "/dev/shm")
        self.cfg.set("when_ready", lambda server: print("ready", server.cfg.proc_name, flush=True))
        self.cfg.set("post_worker_init", lambda worker: os.kill(os.getppid(), 15))

    def load(self):
        print("loads", flush=True)
        return application


Server().run()
