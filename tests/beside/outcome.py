"""One run of a program: its exit code and what it wrote, with what can't be the same replaced."""

import difflib
import os
import re
import signal
import subprocess

LIMIT = 60


def run(command, shell, stdin, environment, directory):
    """Exit code, standard output and standard error."""
    if shell:
        command = ["/bin/bash", "-c", shell, "bash", *command]
    process = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        cwd=directory,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, LIMIT)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        code = f"none after {LIMIT} s"
    return code, os.fsdecode(out), os.fsdecode(err)


def text(done, places):
    """The run as lines; `places` are paths and the words that stand for them."""
    code, out, err = done
    lines = [f"exit code {code}", "stdout:", *out.splitlines(), "stderr:", *err.splitlines()]
    return [plain(line, places) for line in lines]


def plain(line, places):
    for place, word in sorted(places, key=lambda pair: -len(pair[0])):
        line = line.replace(place, word)
    # Installers write scripts of different lengths for entry points.
    line = re.sub(r'(File "<PREFIX>/bin/[^"]*", line )[0-9]+', r"\1N", line)
    return re.sub(r"\b0x[0-9a-f]{6,}", "0x...", line)


def difference(expected, found):
    """The lines of either that the other hasn't."""
    lines = difflib.unified_diff(expected, found, lineterm="", n=0)
    return [f"{line[0]} {line[1:]}" for line in list(lines)[2:] if line[0] in "+-"]
