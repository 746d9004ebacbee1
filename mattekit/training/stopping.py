"""Requests to stop a run before its end, on which all its processes agree."""

import signal
import threading
import time
from types import FrameType

import torch
from lightning_fabric import Fabric

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Context that records Ctrl-C and SIGTERM instead of obeying them, and watches a time limit.

    A second signal ends the run at once.

    Parameters
    ----------
    fabric : Fabric
    max_minutes : float, optional
    """

    def __init__(self, fabric: Fabric, max_minutes: float | None = None):
        self.fabric, self.signal = fabric, 0
        self.until = None if max_minutes is None else time.monotonic() + 60 * max_minutes
        self._before: dict[int, object] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._record) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def requested(self) -> bool:
        """Whether to stop now: a process got a signal, or the time limit of the first one has passed."""
        late = self.until is not None and self.fabric.global_rank == 0 and time.monotonic() > self.until
        requests = torch.tensor([self.signal, int(late)], device=self.fabric.device)
        if self.fabric.world_size > 1:
            requests = self.fabric.all_reduce(requests, reduce_op="max")
        self.signal = int(requests[0])
        return bool(requests.any())

    def raise_signal(self) -> None:
        """Raise the exception of the recorded signal, if there is one."""
        if self.signal == signal.SIGTERM:
            raise SystemExit(143)
        if self.signal:
            raise KeyboardInterrupt

    def _record(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
