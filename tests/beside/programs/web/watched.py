#!/usr/bin/env python3
# watchdog sees changes below the working directory.
# packages: tools
import time

from watchdog.events import FileSystemEventHandler
from watchdog.observers import Observer

seen = set()


class Handler(FileSystemEventHandler):
    def on_created(self, event):
        seen.add(event.src_path)


observer = Observer()
observer.schedule(Handler(), ".")
observer.start()
open("new", "w").close()
for _ in range(100):
    if seen:
        break
    time.sleep(0.05)
observer.stop()
observer.join()
print(sorted(seen), type(observer).__name__)
