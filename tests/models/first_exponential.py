"""Prints how many different results the first exponentials of processes have: one, if a seed is to give the same bits.

python tests/models/first_exponential.py [--processes 1000] [--unprepared]

So with logarithms and what else MKL sets up at its first call.

Each process is a fork of this one, which has computed nothing yet, and has two threads.
"""

import argparse
import hashlib
import os

import torch

from recore.models.device import SET_UP_AT_FIRST, prepare


def first(unprepared: bool) -> bytes:
    if unprepared:
        torch.set_num_threads(2)
    else:
        prepare("cpu", 2)
    rows, columns = (torch.randn(n, 100, generator=torch.Generator().manual_seed(n)) for n in (297, 256))
    scores = torch.mm(rows, columns.T).div_(10)
    found = hashlib.sha256()
    for function in SET_UP_AT_FIRST:
        found.update(function(scores.abs()).numpy())
    return found.digest()


def main() -> None:
    parser = argparse.ArgumentParser(description="Compares the first exponentials of many processes.")
    parser.add_argument("--processes", type=int, default=1000)
    parser.add_argument("--unprepared", action="store_true", help="without recore's set-up of the process")
    args = parser.parse_args()
    found = set()
    for _ in range(args.processes):
        read, write = os.pipe()
        if not os.fork():
            os.write(write, first(args.unprepared))
            os._exit(0)
        os.close(write)
        found.add(os.read(read, 32))
        os.close(read)
        os.wait()
    print(len(found))


if __name__ == "__main__":
    main()
