"""Waits for a sample that takes minutes, until it is killed: python endless_loader.py FOLDER."""

import os
import sys
import time
from pathlib import Path

from torch.utils.data import Dataset

from mattekit.samples.loader import loader


class Endless(Dataset):
    """Notes the process that is asked for a sample, and keeps it busy."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def __getitem__(self, key):
        (self.folder / f"{os.getpid()}.begun").touch()
        time.sleep(600)


if __name__ == "__main__":
    next(loader(Endless(sys.argv[1]), batch=1, steps_per_epoch=2, workers=2))
