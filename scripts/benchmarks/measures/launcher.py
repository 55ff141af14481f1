"""The launcher's own share of a start."""

from .. import strace
from ..running import once
from ..summary import differences
from ..turns import Contestant, in_turn


def shares(files, env, rounds):
    """What each of several files takes more than the execve it ends with; `files` maps names to files that end at once.

    Gives by name the share, and the whole starts. All run in the same rounds.
    """
    contestants = []
    for name, file in files.items():
        once([str(file)], env)  # fills the cache
        words, environment = strace.final_execve([file], env)
        contestants += [Contestant(f"{name} whole", [file], env), Contestant(f"{name} direct", words, environment)]
    times = in_turn(contestants, rounds, warm_ups=2)
    share = {name: differences(times[f"{name} whole"], times[f"{name} direct"]) for name in files}
    return share, {name: times[f"{name} whole"] for name in files}
