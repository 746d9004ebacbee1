"""Shares of ranks are a partition, and only a real launcher makes a rank."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mattekit.errors import InputError
from mattekit.ranks import Rank, here, parse

SLURM_BATCH = {"SLURM_PROCID": "0", "SLURM_NTASKS": "4", "SLURM_NPROCS": "4", "SLURM_LOCALID": "0"}


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 9), st.booleans())
def test_shares_are_a_partition_in_order(groups, count, grouped):
    items = list(enumerate(groups))
    shares = [Rank(i, count).share(items, (lambda item: item[1]) if grouped else None) for i in range(count)]
    assert sorted(item for share in shares for item in share) == items
    assert all(share == sorted(share) for share in shares)
    if grouped and len(set(groups)) >= count:
        for group in set(groups):
            assert sum(group in {item[1] for item in share} for share in shares) == 1
    else:
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@pytest.mark.parametrize(
    ("environment", "rank"),
    [
        ({}, Rank()),
        ({"RANK": "5", "WORLD_SIZE": "8", "LOCAL_RANK": "1"}, Rank(5, 8, 1)),
        ({"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}, Rank()),
        ({"WORLD_SIZE": "8"}, Rank()),
        ({"RANK": "captain"}, Rank()),
        (
            {"OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "1"},
            Rank(3, 4, 1),
        ),
        ({"PMI_RANK": "2", "PMI_SIZE": "3"}, Rank(2, 3, 2)),
        ({"PMI_RANK": "2", "PMI_SIZE": "3", "MPI_LOCALRANKID": "0"}, Rank(2, 3, 0)),
        ({**SLURM_BATCH, "SLURM_PROCID": "3", "SLURM_LOCALID": "1", "SLURM_STEP_NUM_TASKS": "4"}, Rank(3, 4, 1)),
    ],
)
def test_launchers_name_their_ranks_in_their_own_words(environment, rank):
    assert here(environment) == rank


def test_the_shell_of_a_slurm_job_is_no_rank():
    """A batch script carries SLURM_NTASKS and SLURM_PROCID 0; an interactive shell is a step of one task."""
    assert here(SLURM_BATCH) == Rank()
    assert here({**SLURM_BATCH, "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"}) == Rank()


def test_the_innermost_launcher_counts():
    """One daemon of mpirun, or one torchrun, is started by srun on each computer; these start the ranks."""
    daemon = {"SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "2", "SLURM_LOCALID": "0"}
    assert here({**daemon, "OMPI_COMM_WORLD_RANK": "7", "OMPI_COMM_WORLD_SIZE": "16"}).count == 16
    assert here({**daemon, "RANK": "3", "WORLD_SIZE": "16", "LOCAL_RANK": "3"}) == Rank(3, 16, 3)


def test_contradictions_are_told_and_not_guessed_at():
    for index in ("4", "captain", "-1"):
        with pytest.raises(InputError, match=f"RANK={index} with WORLD_SIZE=4: wanted a rank below"):
            here({"RANK": index, "WORLD_SIZE": "4"})


def test_shards_are_counted_from_one():
    assert [parse(f"{i}/3") for i in (1, 2, 3)] == [Rank(i, 3) for i in range(3)]
    assert str(parse("2/3")) == "rank 2 of 3"
    for text in ("0/3", "4/3", "1", "1/0", "a/b", "-1/3", "1/3/3"):
        with pytest.raises(InputError, match=r"wanted I/N with I from 1 to N"):
            parse(text)
