"""How much memory there is, and how much a computation takes."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

UNKNOWN = 4 << 30  # bytes that a system is taken to have if it does not tell
LARGE = 1 << 22  # pixels; larger images may not take all memory of a CPU: other programs need some, too
LENT = 0.5  # of the memory that is there, that they may take
SMALL = 4096  # bytes; smaller tensors are not counted
WASTE = 1.5  # what kernels need beside the tensors, which is not counted
CGROUPS = {  # limit -> usage, of a container; version 2, then 1
    Path("/sys/fs/cgroup/memory.max"): Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"): Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
}


def available(device: str) -> int:
    """Bytes that can still be had on a device: of the system, within the limits of a container or the process."""
    kind, _, _ = device.partition(":")
    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if kind == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return max(0, min([_system(), *_containers(), *_process()]))


def allowed(device: str, pixels: int) -> int:
    """Bytes that a computation on so many pixels may take."""
    there = available(device)
    return int(LENT * there) if device == "cpu" and pixels > LARGE else there


def _system() -> int:
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    try:  # macOS tells what is built in, of which half may be in use
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):
        return UNKNOWN


def _containers() -> list[int]:
    found = []
    for limit, usage in CGROUPS.items():
        try:
            found.append(int(limit.read_text()) - int(usage.read_text()))
        except (OSError, ValueError):  # none, or "max"
            continue
    return found


def _process() -> list[int]:
    """What `ulimit -v` leaves."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return []
        return [limit - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()]
    except (ImportError, OSError):
        return []


def peak_bytes(run: Callable[[], object]) -> int:
    """Most bytes of tensors alive at once that were made while running, without what kernels need inside.

    The smallest tensors are left out.
    """
    with _Peak() as peak:
        run()
    return peak.bytes


def bytes_per_pixel(run: Callable[[], object], pixels: int) -> int:
    """What running on so many pixels takes for each of them, kernels included."""
    return int(WASTE * peak_bytes(run) / pixels)


class _Peak(TorchDispatchMode):
    """Watches tensors come and go; looks for those gone only when there may be more than ever before."""

    def __init__(self):
        super().__init__()
        self.bytes, self.noted, self.alive = 0, 0, {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().nbytes() >= SMALL:
                storage = tensor.untyped_storage()
                _, before = self.alive.get(storage._cdata, (None, 0))
                self.alive[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
                self.noted += storage.nbytes() - before
        if self.noted > self.bytes:
            self.alive = {key: entry for key, entry in self.alive.items() if not entry[0].expired()}
            self.noted = sum(size for _, size in self.alive.values())
            self.bytes = max(self.bytes, self.noted)
        return result
