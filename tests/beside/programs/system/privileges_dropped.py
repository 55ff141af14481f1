#!/usr/bin/env python3
# A program that starts as root and becomes somebody else imports later.
# shell: if [ $(id -u) = 0 ]; then chmod 755 "$PWD" "$PWD/.."; "$@"; else echo "needs root"; fi
import os

os.setgroups([])
os.setgid(65534)
os.setuid(65534)
try:
    import xmlrpc.server

    print("imported", xmlrpc.server.__name__)
except ImportError as error:
    print(type(error).__name__, error)
print(os.getuid(), os.access(__file__, os.R_OK))
