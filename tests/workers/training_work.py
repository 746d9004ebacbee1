"""A run that kills itself: python training_work.py RECIPE OUTPUT STEP WORKERS [LARGEST FILE IN BYTES]."""

import os
import resource
import signal
import sys
from pathlib import Path

from mattekit.training import recipe
from mattekit.training.job import TrainingJob
from mattekit.training.loop import train
from mattekit.training.progress import Display


class Deadly(Display):
    """Ends the process after a step, without a word."""

    def on_step(self, step, loss):
        if step == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    if len(sys.argv) > 5:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[5]), int(sys.argv[5])))
    made = recipe.read(sys.argv[1])
    train(TrainingJob(made, Path(sys.argv[2]), device="cpu", threads=1, workers=int(sys.argv[4])), Deadly)
