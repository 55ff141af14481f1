#!/usr/bin/env python3
# What site says of its directories.
# as: script console
import site
import sys


def main():
    print(site.getsitepackages(), site.ENABLE_USER_SITE, site.PREFIXES)
    print(site.getusersitepackages(), site.getuserbase(), site.USER_SITE)
    before = list(sys.path)
    import os

    os.mkdir("added")
    with open("added/x.pth", "w") as file:
        file.write("import sys; sys.pth_line_ran = 1\nsub\n")
    os.mkdir("added/sub")
    site.addsitedir("added")
    print([path for path in sys.path if path not in before], sys.pth_line_ran)
    print(quit, exit, copyright, help)


if __name__ == "__main__":
    main()
