"""Runs two workers that sleep over three items, until it is killed or told to end."""

import signal
import sys
from pathlib import Path

import parallel_work

from mattekit import parallel

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # as the command line does
    list(parallel.run(parallel_work.sleepy, [(name, folder) for name in ("one", "two", "three")], 2))
