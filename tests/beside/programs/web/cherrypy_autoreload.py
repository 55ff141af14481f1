#!/usr/bin/env python3
# CherryPy's autoreloader replaces the process when a file of the program changes.
# as: script module console
# packages: web
# args: --one "t w o"
import os
import sys

import cherrypy


def main():
    print(sys.argv[1:], os.environ.get("AGAIN"), flush=True)
    if "AGAIN" in os.environ:
        return
    os.environ["AGAIN"] = "1"
    cherrypy.config.update({"server.socket_port": 0, "log.screen": False, "engine.autoreload.on": False})
    cherrypy.server.unsubscribe()
    cherrypy.engine.signals.subscribe()
    cherrypy.engine.start()
    cherrypy.engine.restart()
    cherrypy.engine.block()


if __name__ == "__main__":
    main()
