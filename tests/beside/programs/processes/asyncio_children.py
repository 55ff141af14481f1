#!/usr/bin/env python3
# asyncio's subprocesses.
import asyncio
import sys


async def main():
    code = "import sys; print(sys.stdin.read().upper()); sys.exit(3)"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate(b"text")
    print(out, process.returncode)
    process = await asyncio.create_subprocess_shell("echo $0; exit 4", stdout=asyncio.subprocess.PIPE)
    print(await process.communicate(), process.returncode)


asyncio.run(main())
