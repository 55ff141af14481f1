#!/usr/bin/env python3
# The traceback of a connection that is refused.
import socket

with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
try:
    socket.create_connection(("localhost", port))
except OSError as error:
    print(type(error).__name__)
socket.socket().connect(("127.0.0.1", port))
