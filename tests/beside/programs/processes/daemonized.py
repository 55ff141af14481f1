#!/usr/bin/env python3
# A daemon that closes all descriptors, leaves its session and imports later.
import os
import sys
import time

result = os.path.abspath("result")
sys.stdout.flush()
if os.fork():
    for _ in range(200):
        if os.path.exists(result + ".done"):
            break
        time.sleep(0.05)
    print(open(result).read())
    sys.exit()
os.setsid()
if os.fork():
    os._exit(0)
os.chdir("/")
os.umask(0)
os.closerange(0, 256)
for _ in range(3):
    os.open(os.devnull, os.O_RDWR)
import email.mime.text
import sqlite3
import xml.dom.minidom

with open(result, "w") as file:
    print(email.mime.text.MIMEText("x").get_content_type(), sqlite3.connect(":memory:").execute("select 1").fetchall(), file=file)
    print(xml.dom.minidom.parseString("<a/>").documentElement.tagName, os.getcwd(), file=file)
os.rename(result, result + ".tmp")
os.link(result + ".tmp", result)
open(result + ".done", "w").close()
