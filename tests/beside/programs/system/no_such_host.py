#!/usr/bin/env python3
# The traceback of a name that is not known.
import socket

print(socket.gethostbyname("localhost"), socket.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM))
socket.getaddrinfo("host.invalid", "no-such-service")
