"""Share of the work of this process, where a launcher (torchrun, srun, mpirun) started several.

Ranks never talk to each other: every one makes the same list of items and takes its own part of it.
"""

import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mattekit.errors import InputError

T = TypeVar("T")

# Rank, number of ranks, rank on its computer. The innermost launcher comes first: mpirun and torchrun are often
# started by srun, whose variables stay visible. SLURM_NTASKS is not asked: the one process of a batch script has it
# too, with SLURM_PROCID 0; the STEP's number of tasks is there under srun alone.
LAUNCHERS = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),  # torchrun and its kin
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("MV2_COMM_WORLD_RANK", "MV2_COMM_WORLD_SIZE", "MV2_COMM_WORLD_LOCAL_RANK"),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),  # MPICH, Intel MPI
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_LOCALID"),
)


@dataclass(frozen=True)
class Rank:
    """One of `count` processes, counted from 0; `local` counts those of one computer. As text: "rank 1 of 4"."""

    index: int = 0
    count: int = 1
    local: int = 0

    def __str__(self) -> str:
        return f"rank {self.index + 1} of {self.count}"

    def share(self, items: Sequence[T], together: Callable[[T], Hashable] | None = None) -> list[T]:
        """Return every `count`-th item, starting with its `index`-th: a partition that depends on the list alone.

        Items for which `together` gives the same answer go to one rank, unless there are more ranks than answers.
        """
        keys = list(dict.fromkeys(map(together, items))) if together else []
        if not together or len(keys) < self.count:
            return list(items[self.index :: self.count])
        mine = set(keys[self.index :: self.count])
        return [item for item in items if together(item) in mine]


def here(environment: Mapping[str, str] = os.environ) -> Rank:
    """Return the rank that a launcher gave this process; the only one if there is no launcher.

    Raises InputError if the launcher's variables contradict each other.
    """
    for names in LAUNCHERS:
        index, count, local = (environment.get(name, "") for name in names)
        if index and count:
            if not (index.isdecimal() and count.isdecimal() and int(index) < int(count)):
                found = f"{names[0]}={index} with {names[1]}={count}"
                raise InputError(f"{found}: wanted a rank below the number of ranks. Unset them, or set them right.")
            return Rank(int(index), int(count), int(local if local.isdecimal() else index))
    return Rank()


def parse(text: str) -> Rank:
    """Return the rank that a text such as "1/4" or "4/4" names; InputError for anything else."""
    match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text.strip())
    index, count = map(int, match.groups()) if match else (0, 0)
    if not 1 <= index <= count:
        raise InputError(f"{text}: wanted I/N with I from 1 to N, such as 1/4 to 4/4.")
    return Rank(index - 1, count, here().local)
