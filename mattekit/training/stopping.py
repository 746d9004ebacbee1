"""Reasons to stop a run before its end, on which all its processes agree."""

import signal
import threading
import time
from types import FrameType

import torch
from lightning_fabric import Fabric

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Notes Ctrl-C and SIGTERM, and the time that has passed; a second signal ends at once.

    Used as a context, within which signals are noted instead of obeyed.

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
            self._before = {number: signal.signal(number, self._note) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def asked(self) -> bool:
        """Whether to stop now: any process was told to, or the time of the first one is up."""
        late = self.until is not None and self.fabric.global_rank == 0 and time.monotonic() > self.until
        asked = torch.tensor([self.signal, int(late)], device=self.fabric.device)
        if self.fabric.world_size > 1:
            asked = self.fabric.all_reduce(asked, reduce_op="max")
        self.signal = int(asked[0])
        return bool(asked.any())

    def obey(self) -> None:
        """Do what the signal that was noted asks for, if there was one."""
        if self.signal == signal.SIGTERM:
            raise SystemExit(143)
        if self.signal:
            raise KeyboardInterrupt

    def _note(self, number: int, _: FrameType | None) -> None:
        if self.signal:
            raise KeyboardInterrupt
        self.signal = number
