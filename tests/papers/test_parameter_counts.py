"""Sizes the papers print, to every digit: parameters of the rows of A2U Table 2, Table 5 and supplement Table 1."""

import pytest
import torch

from mattekit.networks import build, count
from mattekit.operators import make


def on_paper(name, **changes):
    """The network without memory: shapes are all that counts."""
    with torch.device("meta"):
        return build(name, **changes)


def printed(number, unit):
    """As the tables print it: two digits of millions, whole thousands."""
    return f"{number / 1e6:.2f}M" if unit == "M" else f"{number / 1e3:.0f}K"


BASE = 8_049_003

# Row: exact difference to the baseline, and what Table 2 prints.
A2U_TABLE_2 = {
    "nearest": (0, "8.05M"),
    "bilinear": (0, "8.05M"),
    "carafe": (263_824, "0.26M"),
    "indexnet": (12_263_424, "12.26M"),
    "static-pw-cw": (102_436, "0.10M"),
    "static-cw": (25_744, "26K"),
    "hybrid-cw": (44_176, "44K"),
    "hybrid-cs": (18_776, "19K"),
    "dynamic-cw": (199_824, "0.20M"),
    "dynamic-cs": (19_608, "20K"),
    "dynamic-cs-d": (38_184, "38K"),
    # The table prints +38K once more: it does not count the 2,048 scales and shifts of the dagger's GroupNorm.
    "dynamic-cs-d-dagger": (40_232, "40K"),
}


@pytest.mark.parametrize("row", A2U_TABLE_2)
def test_a2u_table_2(row):
    added, text = A2U_TABLE_2[row]
    total = count.parameters(on_paper(f"a2u-{row}"))
    assert total - BASE == added
    assert printed(total if added == 0 else added, text[-1]) == text


@pytest.mark.parametrize(("row", "text"), [("hybrid-cw", "8.09M"), ("dynamic-cs", "8.07M"), ("dynamic-cs-d", "8.09M")])
def test_a2u_table_5(row, text):
    assert printed(count.parameters(on_paper(f"a2u-{row}")), "M") == text


@pytest.mark.parametrize(("name", "total"), [("a2u", 8_089_235), ("a2u-unshare", 8_269_451)])
def test_released_a2u_configurations(name, total):
    assert count.parameters(on_paper(name)) == total


def test_multiply_accumulates_of_a2u():
    """Recorded from the authors' model at 224x224; the paper prints none."""
    assert f"{count.macs(on_paper('a2u')) / count.GIGA:.3f}" == "9.370"


# A2U supplement, Table 1: s = 3, k = 5; weights alone, without the biases of what predicts weights.
FORMULAS = {
    "static-cw": lambda s, k, c: 4 * s * s + 2 * k * k * c,
    "static-cs": lambda s, k, c: 4 * s * s + 2 * k * k,
    "hybrid-cw": lambda s, k, c: 4 * s * s * c + 2 * k * k * c,
    "hybrid-cs": lambda s, k, c: 4 * s * s * c + 2 * k * k,
    "dynamic-cw": lambda s, k, c: 4 * s * s * c + 2 * c * c,
    "dynamic-cs": lambda s, k, c: 4 * s * s * c + 2 * c,
}


@pytest.mark.parametrize(("s", "k", "c"), [(3, 5, 64), (5, 4, 128)])
@pytest.mark.parametrize("row", FORMULAS)
def test_a2u_supplement_table_1(row, s, k, c):
    operator = make(f"a2u-{row}", c, k_up=s, k_en=k)
    weights = sum(p.numel() for name, p in operator.named_parameters() if not name.endswith("bias"))
    assert weights == FORMULAS[row](s, k, c)


INDEXNET_CHANNELS = (32, 24, 32, 64, 160)
INDEXNET_TABLE_2 = {  # added to B11, and what Table 2 prints
    "hin-linear": (4_992, "4.99K"),
    "hin-linear-context": (19_968, "19.97K"),
    "hin-nonlinear": (262_304, "0.26M"),
    "hin-nonlinear-context": (1_037_984, "1.04M"),
    "o2o-linear": (4_992, "4.99K"),
    "o2o-linear-context": (19_968, "19.97K"),
    "o2o-nonlinear": (17_472, "17.47K"),
    "o2o-nonlinear-context": (47_424, "47.42K"),
    "m2o-linear": (517_120, "0.52M"),
    "m2o-linear-context": (2_068_480, "2.07M"),
    "m2o-nonlinear": (1_297_792, "1.30M"),
    "m2o-nonlinear-context": (4_400_512, "4.40M"),
}


@pytest.mark.parametrize("row", INDEXNET_TABLE_2)
def test_index_networks_of_indexnet_table_2(row):
    added, text = INDEXNET_TABLE_2[row]
    total = sum(count.parameters(make(f"indexnet-{row}", c)) for c in INDEXNET_CHANNELS)
    assert total == added
    assert (f"{total / 1e6:.2f}M" if text[-1] == "M" else f"{total / 1e3:.2f}K") == text
