#!/usr/bin/env python3
# A home that doesn't exist, and none.
# shell: HOME=/nonexistent "$@"; env -u HOME "$@"; HOME= "$@"
import os
import site

print(os.environ.get("HOME"), os.path.expanduser("~/x"), site.ENABLE_USER_SITE)
