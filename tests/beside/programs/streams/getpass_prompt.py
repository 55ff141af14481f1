#!/usr/bin/env python3
# getpass without a terminal, and the user's name.
# stdin: secret\n
import getpass
import os
import pwd

print(getpass.getuser(), pwd.getpwuid(os.getuid()).pw_name)
print(getpass.getpass("word: "))
