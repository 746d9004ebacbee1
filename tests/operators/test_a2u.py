"""A2U gives the authors' kernels and features, and its variants are what the paper says of them."""

import numpy as np
import pytest
import torch

from mattekit.errors import InputError
from mattekit.networks.released.a2u import rename_operator
from mattekit.operators import make
from mattekit.operators.a2u import A2U
from mattekit.operators.kernels import Fixed, _gpconv_shared, gpconv, gpconv_pair

OFFICIAL = [f"{share}_s{s}_k{k}" for share in ("cs", "cw") for s in (1, 3, 5) for k in (5, 6)]
DERIVED = ["static-cw", "static-cs", "hybrid-cw", "hybrid-cs", "dynamic-cw", "dynamic-cs", "static-pw-cw"]


def flat(guide_part):
    return guide_part.squeeze(1).detach().numpy()


@pytest.mark.parametrize("case", OFFICIAL)
def test_equals_the_released_operator(shared, case):
    """a2u_operator.npz: kernels and features of the authors' module, paired, dynamic, with normalisation."""
    data = np.load(shared / "oracle/networks/a2u_operator.npz")
    state = {key.split("/p/")[1]: torch.from_numpy(data[key]) for key in data.files if key.startswith(f"{case}/p/")}
    share, s, k = case.split("_")
    operator = A2U(32, shared=share == "cs", paired=True, dagger=True, k_up=int(s[1:]), k_en=int(k[1:]))
    operator.load_state_dict(rename_operator(state))
    x, low = torch.from_numpy(data["x"]), torch.from_numpy(data["low"])
    with torch.no_grad():
        guide = operator.guide(x)
        got = {
            "k_down": flat(guide.down),
            "k_up": flat(guide.up),
            "down": operator.down(x, guide).numpy(),
            "up": operator.up(low, guide).numpy(),
        }
    for name, array in got.items():
        np.testing.assert_allclose(array, data[f"{case}/{name}"], rtol=0, atol=1e-5, err_msg=name)


def derived_state(data, name):
    """Loops' arrays under our names: rows of P are taps, its columns the four positions."""
    array = {key.split("/")[1]: torch.from_numpy(data[key]) for key in data.files if key.startswith(f"{name}/")}
    if "U_weight" in array:
        weight = torch.cat([array["U_weight"], array["V_weight"]])[..., None, None]
        state = {"UV.conv.weight": weight, "UV.conv.bias": torch.cat([array["U_bias"], array["V_bias"]])}
    else:
        state = {"UV.weight": torch.cat([array["U"].reshape(-1, 5, 5), array["V"].reshape(-1, 5, 5)])}
    if "P_weight" in array:
        return state | {"P.conv.weight": array["P_weight"][..., None, None], "P.conv.bias": array["P_bias"]}
    return state | {"P.weight": array["P"].reshape(-1, 1, 1)}


@pytest.mark.parametrize("name", DERIVED)
def test_equals_the_formulas_run_in_loops(shared, name):
    """a2u_variants_derived.npz: the variants without public code, Eq. (4) as loops in float64."""
    data = np.load(shared / "oracle/networks/a2u_variants_derived.npz")
    x, low = torch.from_numpy(data["x"])[None], torch.from_numpy(data["low"])[None]
    for normalisation, key in (("sigmoid+softmax", "k_up_sig_softmax"), ("softmax", "k_up_softmax")):
        operator = make(f"a2u-{name}", 4, normalisation=normalisation).double()
        operator.load_state_dict(derived_state(data, name))
        with torch.no_grad():
            guide = operator.guide(x)
            np.testing.assert_allclose(guide.up[0, 0].numpy(), data[f"{name}/{key}"], rtol=0, atol=1e-10)
            if normalisation == "sigmoid+softmax":
                np.testing.assert_allclose(operator.up(low, guide)[0].numpy(), data[f"{name}/up"], rtol=0, atol=1e-10)


def test_static_pointwise_with_ones_from_u_is_the_linear_holistic_index():
    """A2U section 5: the same as IndexNet's HIN if the convolution results of U are all ones, P being one."""
    a2u = make("a2u-static-pw-cw", 6, k_up=1, k_en=4, scaled=False)
    hin = make("indexnet-hin-linear-context", 6)
    with torch.no_grad():
        a2u.UV.weight[24:] = hin.index[0].weight.flatten(0, 1)
        a2u.P.weight.fill_(1)
    x, y = torch.randn(2, 6, 8, 12), torch.randn(2, 6, 4, 6)
    v = gpconv(a2u.UV(x).unflatten(1, (2, 4, 6))[:, 1], x)
    a2u.affinity = lambda x: (torch.ones_like(v) * v).sum(2)
    torch.testing.assert_close(a2u.up(y, a2u.guide(x)), hin.up(y, hin.guide(x)))


@pytest.mark.parametrize("name", DERIVED)
def test_kernels_sum_to_one(name):
    kernel = make(f"a2u-{name}", 8).guide(torch.randn(2, 8, 6, 10)).up
    torch.testing.assert_close(kernel.sum(2), torch.ones(2, 1, 6, 10))


def test_unscaled_affinity_is_larger_by_the_root_of_the_channels():
    operator, x = make("a2u-hybrid-cs", 16), torch.randn(1, 16, 6, 6)
    scaled = operator.affinity(x)
    operator.scale = 1.0
    torch.testing.assert_close(operator.affinity(x), 4 * scaled)


def test_squash_bounds_what_u_contributes():
    """With a sigmoid after U and V = 0 nothing is left; with U = 0 half of V is."""
    operator, x = make("a2u-static-cw", 4, squash=True, scaled=False), torch.randn(1, 4, 6, 6)
    with torch.no_grad():
        operator.UV.weight[:4] = 0
    v = gpconv(operator.UV.weight[None, 4:].unsqueeze(1), x)
    torch.testing.assert_close(operator.affinity(x), 0.5 * v.sum(2))


def test_fixed_weights_serve_a_batch_as_each_image():
    x, weight = torch.randn(3, 4, 6, 6), Fixed(4, 4, 5)(None).unflatten(1, (1, 4))
    torch.testing.assert_close(gpconv(weight, x), gpconv(weight.expand(3, -1, -1, -1, -1), x))


@pytest.mark.parametrize("images", [1, 3])
@pytest.mark.parametrize("k", [5, 6])
def test_channels_taken_for_images_give_the_same_and_so_do_gradients(images, k):
    """In float64, where only a mistake could differ; then as training takes it, U and V in bfloat16."""
    x, weight = (torch.randn(s, dtype=torch.double, requires_grad=True) for s in ((3, 4, 8, 6), (images, 2, 1, k, k)))
    wanted, found = gpconv(weight, x), _gpconv_shared(weight, x)
    torch.testing.assert_close(found, wanted)
    grad = torch.randn_like(wanted)
    for one, other in zip(*(torch.autograd.grad(y, (x, weight), grad) for y in (wanted, found)), strict=True):
        torch.testing.assert_close(one, other)
    half, pair = x.detach().bfloat16().requires_grad_(), weight.bfloat16().unsqueeze(2)
    for one, own in zip(gpconv_pair(pair, half), pair.unbind(1), strict=True):
        torch.testing.assert_close(one, gpconv(own, half), rtol=0.05, atol=0.1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (dict(kind="fluid"), "'fluid', wanted one of static, hybrid, dynamic"),
        (dict(normalisation="tanh"), "'tanh', wanted one of sigmoid"),
        (dict(k_up=4), "k_up 4, wanted an odd number"),
        (dict(dagger=True), "no multiple of 32"),
        (dict(pointwise=True, paired=True), "pointwise and paired"),
    ],
)
def test_impossible_arguments_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        A2U(8, **arguments)
