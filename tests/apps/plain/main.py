"""Says who it is, then does what its arguments say; for tests that start it under hostile circumstances."""

import os
import subprocess
import sys

OURS = ("PYTHON", "PYSHIP", "_PYSHIP", "LD_", "TMPDIR", "GLIBC_TUNABLES")


def main():
    names = sorted(name for name in os.environ if name.startswith(OURS))
    print("plain", os.geteuid(), sys.prefix.rsplit("/v1/", 1)[0], *names, flush=True)
    for argument in sys.argv[1:]:
        if argument == "wait":
            sys.stdin.readline()
        elif argument == "child":
            code = "import email.message, json; print('child')"
            subprocess.run([sys.executable, "-c", code], check=True)
        elif argument == "capabilities":
            code = "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('CapEff')), flush=True)"
            exec(code)
            subprocess.run([sys.executable, "-c", code], check=True)
        elif argument == "argv0":
            print(sys.argv[0])


main()
