"""Rows of the table: what another operator or argument makes of them."""

import pytest
import torch

from mattekit.errors import InputError
from mattekit.networks import NETWORKS, EncoderDecoder, Row, build
from mattekit.networks.layers import ConvNorm
from mattekit.networks.safetensors_file import header_of, load_network, save_network
from mattekit.networks.summary import count_parameters, summary
from mattekit.operators import INDEXNET_ROWS, OPERATORS, make, options


def build_without_memory(name, **changes):
    with torch.device("meta"):
        return build(name, **changes)


@pytest.mark.parametrize("row", INDEXNET_ROWS)
def test_another_index_network_in_the_released_row_is_the_tables(row):
    """The released row has hidden layers of C; those of Table 2 have 2 C."""
    if row != "m2o-nonlinear-context":
        changed = count_parameters(build_without_memory("indexnet", resampler=f"indexnet-{row}"))
        assert changed == count_parameters(build_without_memory(f"indexnet-{row}"))
    assert count_parameters(build_without_memory("indexnet", resampler="indexnet-hin-nonlinear")) == 4_015_563


@pytest.mark.parametrize("name", ["indexnet", "a2u", "a2u-indexnet", "lsa", "reconstruction-a2u", "mixing"])
@pytest.mark.parametrize("operator", ["max-unpool", "carafe", "bicubic", "indexnet-hin-linear", "a2u-static-cs"])
def test_every_operator_takes_the_place_of_a_rows_own(name, operator):
    """What belonged to the row's operator goes with it."""
    network = build_without_memory(name, resampler=operator)
    kind = type(OPERATORS[operator](32))
    assert any(type(module) is kind for module in network.modules())


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("indexnet", dict(resampler="max-unpool", hidden=1), "unknown argument 'hidden'; it takes resampler, fusion"),
        ("a2u", dict(resampler="carafe", kind="static"), "unknown argument 'kind'; it takes .*compressed"),
        ("lsa", dict(k_up=3), "unknown argument 'k_up'"),
        ("indexnet-b1", dict(resampler="carafe"), "unknown argument 'resampler'; it takes kernel"),
        ("indexnet", dict(resampler="carafee", k_up=3), "operator: unknown 'carafee'; nearest: carafe"),
        ("indexnets", {}, "network: unknown 'indexnets'; nearest: indexnet"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(name, changes, message):
    with pytest.raises(InputError, match=message):
        build(name, **changes)


@pytest.mark.parametrize(
    ("name", "changes", "source"),
    [
        ("a2u-static-cw", {}, "A2U Table 2, static-cw"),
        ("a2u-static-cw", dict(resampler="a2u-static-cs"), "A2U Table 8, static-cs"),
        ("a2u-static-cw", dict(shared=True), "A2U Table 8, static-cs"),
        ("indexnet", dict(hidden=2), "IndexNet Table 2, m2o-nonlinear-context"),
        ("indexnet", dict(hidden=3), "IndexNet, released, with hidden=3"),
        ("indexnet", dict(resampler="indexnet-m2o-nonlinear"), "IndexNet Table 2, m2o-nonlinear"),
        ("indexnet-b11", dict(width=1.4), "IndexNet Table 2, b11-1.4"),
        ("a2u-nearest", dict(resampler="bilinear", fusion="add"), "A2U Table 2, bilinear"),
    ],
)
def test_a_changed_row_is_labelled_as_what_it_is(name, changes, source):
    assert summary(name, changes)["source"] == source


def test_every_row_has_the_values_of_its_own_operator():
    for row in NETWORKS.values():
        values = row.values({})
        assert row.arguments.items() <= values.items()
        if values.get("resampler"):
            assert options(values["resampler"]).keys() <= values.keys()


class OneStage(torch.nn.Module):
    """An encoder that halves once."""

    def __init__(self, channels):
        super().__init__()
        self.fine, self.coarse = ConvNorm(4, channels), ConvNorm(channels, channels)

    def forward(self, x, halve):
        x, skip = halve(self.fine(x))
        return [skip, self.coarse(x)]


def tiny(resampler: str = "bilinear", *, width: int = 8, **options) -> EncoderDecoder:
    """A network of one's own: one file, were it not in a test."""
    return EncoderDecoder(
        encoder=OneStage(width),
        context=torch.nn.Identity(),
        laterals=[torch.nn.Identity()],
        resamplers=[make(resampler, width, **options)],
        blocks=[ConvNorm(width, width)],
        head=torch.nn.Conv2d(width, 1, 1),
        fusion="add",
        strided=False,
        stride=2,
    )


def test_a_network_is_added_by_one_function_and_one_row(monkeypatch, tmp_path):
    """Files, sizes, arguments, prediction and refinement follow from its row."""
    from mattekit.inference.network import network_predictor
    from mattekit.networks import parse_arguments
    from mattekit.networks.inference_copy import halo

    row = Row(tiny, {"width": 12}, "a test", preparation="reflect-32", rounding={"bf16": 0.5})
    monkeypatch.setitem(NETWORKS, "tiny", row)
    torch.manual_seed(1)
    made = build("tiny", **parse_arguments("tiny", ["resampler=a2u", "k_up=5"])).eval()
    assert made.resamplers[0].k_up == 5 and made.encoder.fine.conv.out_channels == 12
    save_network(tmp_path / "tiny.safetensors", made, header_of(made, licence="CC0"))
    network = load_network(tmp_path / "tiny.safetensors")
    assert network.header.preparation == "reflect-32" and network.parts().keys() == {"encoder", "decoder"}
    assert summary("tiny", {"resampler": "a2u"})["source"] == "a test, with resampler=a2u"
    assert halo(network.blocks[0]) == 1
    image = torch.rand(30, 40, 3).numpy()
    trimap = torch.full((30, 40), 0.5).numpy()
    alpha = network_predictor(network, "reflect-32")(image, trimap)
    assert alpha.shape == (30, 40) and alpha.std() > 0
