#!/usr/bin/env python3
# asyncio's run_in_executor with processes.
import asyncio
import concurrent.futures
import multiprocessing


def work(x):
    return x + 1


async def main():
    loop = asyncio.get_running_loop()
    with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        print(await asyncio.gather(*(loop.run_in_executor(pool, work, x) for x in range(3))))


if __name__ == "__main__":
    asyncio.run(main())
