"""Pairs of mattes with the values of the official scorer."""

import csv
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest

DATA = Path(__file__).resolve().parent.parent / "data" / "metrics"


class Case(NamedTuple):
    name: str
    alpha: np.ndarray
    truth: np.ndarray
    unknown: np.ndarray | None
    official: dict[str, float]


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def case(row, alpha, truth, trimap, *, whole):
    official = {key: float(value) for key, value in row.items() if key not in ("name", "region") and value != ""}
    return Case(row["name"], alpha, truth, None if whole else trimap == 128, official)


@pytest.fixture(scope="session")
def generated():
    """Every generated pair over its unknown region and over the whole image."""
    pairs = np.load(DATA / "pairs.npz")
    return [case(row, *pairs[row["name"]], whole=row["region"] == "all") for row in rows(DATA / "official.csv")]


@pytest.fixture(scope="session")
def real(shared):
    """The same for real mattes."""
    folder = shared / "oracle" / "metrics"

    def read(name, kind):
        return cv2.imread(str(folder / "pairs" / f"{name}_{kind}.png"), cv2.IMREAD_UNCHANGED)

    return [
        case(row, *(read(row["name"], kind) for kind in ("pred", "gt", "trimap")), whole=whole)
        for file, whole in (("official_octave.csv", False), ("official_octave_whole_image.csv", True))
        for row in rows(folder / file)
    ]
