"""Many starts at the same instant, with one cache."""

from ..running import Failed, together
from ..turns import remove

NUMBER = 64


def at_once(file, cache, rounds, env):
    """Seconds of one first start, of 64 at once, and of 64 warm ones; looks at what they leave."""
    found = {f"{NUMBER} first starts": [], "one first start": [], f"{NUMBER} warm starts": []}
    one, first, warm = found["one first start"], found[f"{NUMBER} first starts"], found[f"{NUMBER} warm starts"]
    words, env = [str(file)], {**env, "PYSHIP_CACHE_DIR": str(cache)}
    layers = None
    for _ in range(rounds):
        remove(cache)
        one.append(together(words, env, 1))
        layers = layers or sorted(path.name for path in cache.glob("v*/layers/*"))
        remove(cache)
        first.append(together(words, env, NUMBER))
        left = sorted(path.name for path in cache.glob("v*/layers/*")), list(cache.glob("v*/tmp/*"))
        if not layers or left != (layers, []):
            raise Failed(f"{NUMBER} first starts at once left {left}, and one left the layers {layers}")
        warm.append(together(words, env, NUMBER))
        remove(cache)
    return found
