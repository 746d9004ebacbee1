"""Sizes the papers print, to every digit: rows of A2U's Tables 2, 5 and S1 and of IndexNet's Table 2."""

import pytest
import torch

from mattekit.networks import build, summary
from mattekit.operators import make


def build_without_memory(name, **changes):
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
    total = summary.count_parameters(build_without_memory(f"a2u-{row}"))
    assert total - BASE == added
    assert printed(total if added == 0 else added, text[-1]) == text


@pytest.mark.parametrize(("row", "text"), [("hybrid-cw", "8.09M"), ("dynamic-cs", "8.07M"), ("dynamic-cs-d", "8.09M")])
def test_a2u_table_5(row, text):
    assert printed(summary.count_parameters(build_without_memory(f"a2u-{row}")), "M") == text


@pytest.mark.parametrize(("name", "total"), [("a2u", 8_089_235), ("a2u-unshare", 8_269_451)])
def test_released_a2u_configurations(name, total):
    assert summary.count_parameters(build_without_memory(name)) == total


# Positions under U and V, summed over the four stages: channels times output positions at 224x224.
HALVED = 64 * 112**2 + 64 * 56**2 + 128 * 28**2 + 256 * 14**2


@pytest.mark.parametrize(
    ("name", "layers", "filters"),
    [
        ("a2u-nearest", "8.6075", 0),
        ("a2u-static-cs", "8.6075", 2 * 5**2),
        ("a2u-static-cw", "8.6075", 2 * 5**2),
        ("a2u-static-pw-cw", "8.6075", 2 * 5**2 * 4),
        ("a2u-hybrid-cw", "8.6076", 2 * 5**2),  # P is predicted by 1x1 convolutions of one position
        ("a2u", "9.3703", 2 * 6**2),  # the layers' are recorded from the authors' model
    ],
)
def test_multiply_accumulates_of_a2u_are_those_of_its_layers_and_of_u_and_v(name, layers, filters):
    """U and V are convolutions without a layer of their own; the paper prints no figures."""
    rest = summary.count_macs(build_without_memory(name)) - filters * HALVED
    assert f"{rest / summary.GIGA:.4f}" == layers


@pytest.mark.parametrize(
    ("name", "giga"), [("a2u-static-pw-cw", "8.8225"), ("a2u-static-cw", "8.6613"), ("a2u-hybrid-cw", "8.6613")]
)
def test_recorded_multiply_accumulates_of_a2u(name, giga):
    assert f"{summary.count_macs(build_without_memory(name)) / summary.GIGA:.4f}" == giga


def test_multiply_accumulates_count_every_image_and_transposed_convolutions_by_their_input():
    network = torch.nn.Sequential(
        torch.nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), torch.nn.ConvTranspose2d(6, 2, 4, 2, 1)
    )
    assert summary.count_macs(network, (8, 10)) == 4 * 5 * 6 * 2 * 9 + 4 * 5 * 6 * 2 * 16


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


B11 = 3_753_259

# Row: parameters beyond B11's, multiply-accumulates / 2**30, and what Table 2 prints of the two.
INDEXNET_TABLE_2 = {
    "b3": (130_545_345 - B11, "32.3387", "130.55M", "32.34"),
    "b11": (0, "4.0808", "3.75M", "4.08"),
    "hmi": (0, "4.0808", "3.75M", "4.08"),
    "hin-linear": (4_992, "4.0886", "+4.99K", "4.09"),
    "hin-linear-context": (19_968, "4.1119", "+19.97K", "4.11"),
    "hin-nonlinear": (262_304, "4.2152", "+0.26M", "4.22"),
    "hin-nonlinear-context": (1_037_984, "4.6066", "+1.04M", "4.61"),
    "o2o-linear": (4_992, "4.0886", "+4.99K", "4.09"),
    "o2o-linear-context": (19_968, "4.1119", "+19.97K", "4.11"),
    "o2o-nonlinear": (17_472, "4.1003", "+17.47K", "4.10"),
    "o2o-nonlinear-context": (47_424, "4.1470", "+47.42K", "4.15"),
    "m2o-linear": (517_120, "4.3418", "+0.52M", "4.34"),
    "m2o-linear-context": (2_068_480, "5.1246", "+2.07M", "5.12"),
    "m2o-nonlinear": (1_297_792, "4.7332", "+1.30M", "4.73"),
    "m2o-nonlinear-context": (4_400_512, "6.2988", "+4.40M", "6.30"),
}


@pytest.mark.parametrize("row", INDEXNET_TABLE_2)
def test_indexnet_table_2(row):
    added, exact, size, work = INDEXNET_TABLE_2[row]
    network = build_without_memory(f"indexnet-{row}")
    total, giga = summary.count_parameters(network), summary.count_macs(network) / summary.GIGA
    assert total - B11 == added
    assert f"{giga:.4f}" == exact
    counted, unit = (added, "+") if size[0] == "+" else (total, "")
    assert unit + (f"{counted / 1e6:.2f}M" if size[-1] == "M" else f"{counted / 1e3:.2f}K") == size
    assert f"{giga:.2f}" == work


def test_the_best_index_network_has_8_15_million_parameters():
    """A2U Table 5 quotes it: hidden layers are 2 C wide there; in the released weights they are C wide."""
    assert printed(summary.count_parameters(build_without_memory("indexnet-m2o-nonlinear-context")), "M") == "8.15M"
    assert printed(summary.count_parameters(build_without_memory("indexnet")), "M") == "5.95M"


@pytest.mark.xfail(
    strict=True,
    reason="no rule tried gives 8.86M and 7.61: widths rounded down, to the nearest or to multiples of 8, in encoder, "
    "decoder or both; ASPP of 160 to 640 channels, separable or not. The authors' code gives 7.25M and 7.67.",
)
def test_indexnet_table_2_with_width_1_4():
    network = build_without_memory("indexnet-b11-1.4")
    assert printed(summary.count_parameters(network), "M") == "8.86M"
    assert f"{summary.count_macs(network) / summary.GIGA:.2f}" == "7.61"


# Not printed by the paper: recorded from the authors' code, or, for B5 to B9 which it lacks, from their descriptions.
RECORDED = {  # name, side of the input, arguments: parameters, multiply-accumulates / 2**30
    ("indexnet-b1", 225, ()): (6_149_443, "11.545"),
    ("indexnet-b1", 225, (("kernel", 3),)): (3_855_683, "4.6045"),
    ("indexnet-b2", 225, ()): (3_254_587, "1.5327"),
    ("indexnet-b4", 224, ()): (130_545_345, "32.3387"),
    ("indexnet-b5", 224, ()): (2_520_939, "2.409"),
    ("indexnet-b6", 224, ()): (2_520_939, "2.409"),
    ("indexnet-b7", 224, ()): (3_097_259, "2.431"),
    ("indexnet-b8", 224, ()): (2_520_939, "2.409"),
    ("indexnet-b9", 224, ()): (3_097_259, "2.431"),
    ("indexnet-b10", 224, ()): (3_176_939, "4.0584"),
    ("indexnet-b11", 224, (("depthwise", True),)): (2_516_731, "1.0226"),
    ("indexnet-b11-1.4", 224, ()): (7_254_215, "7.6733"),
    ("indexnet", 224, ()): (5_953_515, "5.1898"),
    ("indexnet-m2o-nonlinear", 224, (("hidden", 1),)): (B11 + 648_896, "4.4070"),
    ("indexnet-o2o-nonlinear", 224, (("hidden", 1),)): (B11 + 8_736, "4.0905"),
    ("indexnet-o2o-nonlinear-context", 224, (("hidden", 1),)): (B11 + 23_712, "4.1139"),
}


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case[0]}{dict(case[2]) or ''}")
def test_recorded_sizes_of_indexnet(case):
    name, side, changes = case
    network = build_without_memory(name, **dict(changes))
    total, giga = RECORDED[case]
    assert summary.count_parameters(network) == total
    digits = len(giga.partition(".")[2])
    assert f"{summary.count_macs(network, (side, side)) / summary.GIGA:.{digits}f}" == giga
