#!/usr/bin/env python3
# http.server as a module, of the working directory.
import re
import subprocess
import sys
import urllib.request

with open("page.txt", "w") as file:
    file.write("page")
server = subprocess.Popen([sys.executable, "-u", "-m", "http.server", "0", "--bind", "127.0.0.1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
url = re.search(r"http://\S+/", server.stdout.readline())[0]
print(urllib.request.urlopen(url + "page.txt").read())
server.terminate()
print(server.wait())
