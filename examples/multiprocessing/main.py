"""Starts Python again in every way that programs do; a line for each, exit 1 when any of them fails."""

import multiprocessing
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor

import work


def in_main(number: int) -> int:
    """A function of the main module: a spawned child has to find that again by itself."""
    return number * number


def start(method: str) -> str:
    context = multiprocessing.get_context(method)
    with context.Pool(2) as pool:
        assert pool.map(in_main, range(5)) == [0, 1, 4, 9, 16]
        assert pool.map(work.double, range(5)) == [0, 2, 4, 6, 8]
    queue = context.Queue()
    process = context.Process(target=work.report, args=(queue, "argument"))
    process.start()
    assert queue.get(timeout=60) == "argument"
    process.join()
    assert process.exitcode == 0, process.exitcode
    return "pool, process and queue work"


def executor() -> str:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        total = sum(pool.map(in_main, range(10)))
    assert total == 285, total
    return f"sum of squares {total}"


def run(*arguments: str, **options: object) -> str:
    done = subprocess.run([sys.executable, *arguments], stdout=subprocess.PIPE, check=True, text=True, **options)
    return done.stdout.strip()


def child_command() -> str:
    assert run("-c", "import work; print(work.double(21))") == "42"
    return "sys.executable -c finds the app's modules"


def child_module() -> str:
    answer = run("-m", "work", "21")
    assert answer == "42", answer
    return "sys.executable -m runs the app's modules"


def child_without_environment() -> str:
    assert run("-c", "import work; print(work.double(21))", env={}) == "42"
    return "so does it with an empty environment"


def main() -> int:
    checks = {
        "fork": lambda: start("fork"),
        "spawn": lambda: start("spawn"),
        "forkserver": lambda: start("forkserver"),
        "executor": executor,
        "command": child_command,
        "module": child_module,
        "bare": child_without_environment,
    }
    failed = 0
    for name, check in checks.items():
        try:
            print(f"{name}: {check()}", flush=True)
        except Exception as error:
            failed += 1
            print(f"{name}: failed: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
