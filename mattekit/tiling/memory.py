"""Available memory, and the memory that a computation takes."""

import os
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

UNKNOWN = 4 << 30  # bytes assumed where a system does not tell
LARGE = 1 << 22  # pixels; larger images may not take all memory of a CPU: other programs need some, too
LARGE_SHARE = 0.5  # of the available memory, that they may take
SMALL = 4096  # bytes; smaller tensors are not counted
WASTE = 1.5  # factor for the memory that kernels need beside tensors, which is not measured
CGROUPS = {  # limit -> usage, of a container; version 2, then 1
    Path("/sys/fs/cgroup/memory.max"): Path("/sys/fs/cgroup/memory.current"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"): Path("/sys/fs/cgroup/memory/memory.usage_in_bytes"),
}


def available(device: str) -> int:
    """Return the bytes available on a device: of the system, within the limits of a container or the process."""
    kind, _, _ = device.partition(":")
    if kind == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    if kind == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return max(0, min([_system(), *_containers(), *_process()]))


def allowed(device: str, pixels: int) -> int:
    """Return the bytes that a computation on so many pixels may take."""
    free = available(device)
    return int(LARGE_SHARE * free) if device == "cpu" and pixels > LARGE else free


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
    limits = []
    for limit, usage in CGROUPS.items():
        try:
            limits.append(int(limit.read_text()) - int(usage.read_text()))
        except (OSError, ValueError):  # none, or "max"
            continue
    return limits


def _process() -> list[int]:
    """Return the bytes that the limit on address space leaves."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit == resource.RLIM_INFINITY:
            return []
        return [limit - int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()]
    except (ImportError, OSError):
        return []


def peak_bytes(run: Callable[[], object]) -> int:
    """Return the largest number of bytes of tensors alive at once while running, without kernels' own memory.

    The smallest tensors are left out.
    """
    with _Peak() as peak:
        run()
    return peak.bytes


def bytes_per_pixel(run: Callable[[], object], pixels: int) -> int:
    """Return the bytes that running on so many pixels takes for each of them, kernels included."""
    return int(WASTE * peak_bytes(run) / pixels)


class _Peak(TorchDispatchMode):
    """Counts tensors as they are made; looks for freed ones only when the count may be a new maximum."""

    def __init__(self):
        super().__init__()
        self.bytes, self.counted, self.alive = 0, 0, {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor) and tensor.untyped_storage().nbytes() >= SMALL:
                storage = tensor.untyped_storage()
                _, before = self.alive.get(storage._cdata, (None, 0))
                self.alive[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())
                self.counted += storage.nbytes() - before
        if self.counted > self.bytes:
            self.alive = {key: entry for key, entry in self.alive.items() if not entry[0].expired()}
            self.counted = sum(size for _, size in self.alive.values())
            self.bytes = max(self.bytes, self.counted)
        return result
