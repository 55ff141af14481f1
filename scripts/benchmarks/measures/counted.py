"""What can be counted instead of timed: system calls, and what a first start writes."""

from .. import strace
from ..running import Failed, once
from ..trees import files_and_bytes
from ..turns import remove


def calls(contestants):
    """System calls of a warm start before the execve, by name; without those that don't end with an execve."""
    found = {}
    for contestant in contestants:
        once(contestant.words, contestant.env)
        number = strace.before_execve(strace.record(contestant.words, contestant.env))
        if number is not None:
            found[contestant.name] = number
    return found


def written(contestants):
    """Files made and bytes written by one run of each, by name, and what then lies in the directory it had to fill."""
    found, there = {}, {}
    for contestant in contestants:
        if contestant.fresh:
            remove(contestant.fresh)
        traced = f"trace={strace.OPENS},{strace.LINKS},{strace.WRITES}"
        files, size = strace.written(strace.record(contestant.words, contestant.env, "-e", traced))
        found[contestant.name] = files, size
        if contestant.fresh:
            there[contestant.name] = files_and_bytes(contestant.fresh)
            remove(contestant.fresh)
            if files < there[contestant.name][0] * 0.9:
                left = there[contestant.name][0]
                raise Failed(f"strace saw {contestant.name} make {files} files, and {left} are there")
    return found, there
