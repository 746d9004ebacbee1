"""What the worker processes of test_parallel.py are asked to do; a module they can import."""

import gc
import logging
import os
import signal
import time

from mattekit import files, parallel
from mattekit.errors import InputError, MissingFileError


def square(item):
    return item**2


def process(item):
    time.sleep(0.05)
    return os.getpid()


class StubbornError(Exception):
    """Cannot be rebuilt from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} and {second}")


def fail(item):
    if item == "input":
        raise InputError("a.png: bad.")
    if item == "missing":
        raise MissingFileError("b.png: no such file.")
    if item == "odd":
        raise StubbornError(1, 2)
    return item


def unpicklable_value(item):
    return (lambda: None) if item == 1 else item


def kill_on_three(item):
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def speak(name):
    logging.getLogger("mattekit").warning("%s: a note", name)
    logging.getLogger("mattekit").info("%s: more", name)


def sleepy(item):
    name, folder = item
    (folder / f"{name}.begun").write_text(str(os.getpid()))
    if name != "quick":
        try:
            with files.replacing(folder / name) as part:
                part.write_bytes(b"half")
                time.sleep(300)
        finally:
            (folder / f"{name}.ended").touch()
    else:
        (folder / f"{name}.ended").touch()


def threads(item):
    return {name: os.environ.get(name) for name in parallel.THREAD_VARIABLES}


def threshold(_):
    """How many objects may be made before garbage is looked for."""
    return gc.get_threshold()[0]
