"""What strace sees: the execve that a launcher ends with, the system calls until then, what is written."""

import os
import re
import tempfile
from pathlib import Path

from .running import Exec, step

WRITES = "write,pwrite64,writev,pwritev,pwritev2,sendfile,copy_file_range,splice"
OPENS = "open,openat,creat"
LINKS = "link,linkat"


def record(words, env, *arguments):
    """The lines that strace writes about a start and all its children."""
    with tempfile.TemporaryDirectory() as place:
        output = Path(place) / "record"
        step(["strace", "-f", *arguments, "-o", output, *words], env={"PATH": os.environ.get("PATH", ""), **env})
        return output.read_text(errors="replace").splitlines()


def final_execve(words, env):
    """Argument list and environment of the first execve after the program's own, as a warm start ends with it."""
    # -xx writes every string as \x escapes, so nothing in them can be mistaken; -v gives the environment.
    lines = record(words, env, "-v", "-xx", "-s", "1000000", "-e", "trace=execve")
    return parse_execve(successful_execves(lines)[1], set(env))


def parse_execve(call, keep=()):
    """An execve line in hexadecimal escapes; strace's own PATH is left out unless the caller gave one."""
    match = re.fullmatch(r'execve\("([^"]*)", \[(.*?)\], \[(.*?)\]\)\s+= 0', call)
    program = _strings(f'"{match[1]}"')[0]
    pairs = [pair for pair in _strings(match[3]) if "PATH" in keep or not pair.startswith(b"PATH=")]
    return Exec(program, _strings(match[2])), dict(pair.partition(b"=")[::2] for pair in pairs)


def _strings(text):
    return [bytes.fromhex(found.replace(r"\x", "")) for found in re.findall(r'"([^"]*)"', text)]


def calls(lines):
    """The calls without process ids, signals and exits; one that was interrupted by another process counts once."""
    for line in lines:
        line = re.sub(r"^\d+\s+", "", line)
        if line and not line.startswith(("+++", "---", "<...")):
            yield line


def successful_execves(lines):
    """All execve lines that succeeded, without process ids."""
    return [line for line in calls(lines) if line.startswith("execve(") and re.search(r"= 0$", line)]


def before_execve(lines):
    """How many calls a program makes before the execve that replaces it, its own loading and that one not counted.

    None when it does not end with an execve.
    """
    count, started = 0, False
    for line in calls(lines):
        # Of one that is interrupted ("<unfinished ...>") the result comes later: it is taken for a success.
        if line.startswith("execve(") and re.search(r"= 0$|<unfinished", line):
            if started:
                return count
            started = True
        elif started:
            count += 1
    return None


def written(lines):
    """How many files were made, and how many bytes were written to whatever it was."""
    files, total = 0, 0
    unfinished = {}
    for line in lines:
        pid, _, rest = line.partition(" ") if line[:1].isdigit() else ("", "", line)
        rest = rest.strip()
        if rest.endswith("<unfinished ...>"):
            unfinished[pid] = rest[: -len("<unfinished ...>")]
            continue
        resumed = re.match(r"<\.\.\. \w+ resumed>", rest)
        if resumed:
            rest = unfinished.pop(pid, "") + rest[resumed.end() :]
        match = re.match(r"(\w+)\((.*)\)\s+= (\d+)", rest)
        if not match:
            continue
        name, arguments, result = match[1], match[2], int(match[3])
        if name in OPENS.split(","):
            files += ("O_CREAT" in arguments or name == "creat") and '"/dev/null"' not in arguments
        elif name in LINKS.split(","):
            files += 1
        elif name in WRITES.split(","):
            total += result
    return files, total
