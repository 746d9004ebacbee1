"""Which numbers a network computes with: what was asked for, and unasked only what was measured to be near enough."""

import pytest

from mattekit.errors import InputError
from mattekit.inference.device import CHOICES, FASTER, MOST, PRECISIONS, choose_precision
from mattekit.networks import NETWORKS


@pytest.mark.parametrize("device", ["cpu", "cuda", "cuda:1", "mps"])
@pytest.mark.parametrize("network", NETWORKS)
def test_auto_never_changes_more_than_one_level_on_average(network, device):
    chosen = choose_precision("auto", network, device)
    assert chosen == "fp32" or (
        chosen in FASTER[device.partition(":")[0]] and NETWORKS[network].rounding[chosen] <= MOST
    )


def test_auto_takes_a_faster_one_where_it_was_measured_to_be_near_enough(monkeypatch):
    def measured(**changes):
        monkeypatch.setitem(NETWORKS, "a2u", NETWORKS["a2u"]._replace(rounding=changes))

    measured(bf16=0.4, fp16=1.1)
    assert choose_precision("auto", "a2u", "cpu") == choose_precision("auto", "a2u", "cuda:0") == "bf16"
    measured(bf16=1.1, fp16=0.4)
    assert [choose_precision("auto", "a2u", device) for device in ("cpu", "cuda", "mps")] == ["fp32", "fp16", "fp16"]


def test_networks_that_were_not_measured_keep_all_digits():
    assert not NETWORKS["indexnet-b5"].rounding
    assert choose_precision("auto", "indexnet-b5", "cuda") == "fp32"


@pytest.mark.parametrize("name", PRECISIONS)
def test_what_is_asked_for_is_taken(name):
    assert choose_precision(name, "indexnet", "cpu") == name


def test_rows_name_precisions_that_exist():
    assert all(row.rounding.keys() < set(CHOICES) for row in NETWORKS.values())
    assert sum(bool(row.rounding) for row in NETWORKS.values()) > 5


def test_other_names_are_refused():
    with pytest.raises(InputError, match="precision: 'int8', wanted one of auto, fp32, bf16, fp16"):
        choose_precision("int8", "a2u", "cpu")
