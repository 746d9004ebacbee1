"""A trial of a network by OpenCV in a process of its own, as damaged files can kill the one that reads them."""

import subprocess
import sys
from pathlib import Path

from mattekit.errors import WeightsError

SECONDS = 120  # for the largest network on a slow computer
CODE = """
import sys
import cv2
import numpy as np
path, channels_last, *size = sys.argv[1:]
shape = [1, *map(int, size), 3] if int(channels_last) else [1, 3, *map(int, size)]
try:
    read = cv2.dnn.readNetFromTFLite if path.lower().endswith(".tflite") else cv2.dnn.readNetFromONNX
    network = read(path)
    network.setInput(np.zeros(shape, np.float32))
    network.forward(network.getUnconnectedOutLayersNames())
except cv2.error:
    pass  # raised again where it can be told
"""


def require_survivors(path: Path, size: tuple[int, int], channels_last: bool) -> None:
    """Raise WeightsError if a process that reads and runs the network on a picture of (height, width) dies of it."""
    words = [str(path), str(int(channels_last)), *map(str, size)]
    try:
        # -P: nothing of the current folder is imported
        command = [sys.executable, "-P", "-", *words]
        done = subprocess.run(command, input=CODE.encode(), capture_output=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise WeightsError(f"{path}: not read within {SECONDS} s by OpenCV. Export or download it anew.") from None
    if done.returncode < 0:
        raise WeightsError(f"{path}: damaged: it kills the process that reads it. Export or download it anew.")
