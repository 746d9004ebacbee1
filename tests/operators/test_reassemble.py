"""Kernels are applied as the authors' own code applies them, in every type, and gradients follow."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from mattekit.errors import InputError
from mattekit.operators import gather, spread, threads
from mattekit.operators.reassemble import _gather_traced, _spread_traced


@pytest.fixture(params=["threads", "rows", "images", "batch"])
def band(request, monkeypatch):
    """Bands of one row must give what whole images give, and those what a whole batch gives, as on a GPU."""
    monkeypatch.setattr(threads, "BAND", 1 if request.param in ("threads", "rows") else 1 << 30)
    if request.param == "batch":
        monkeypatch.setattr(threads, "bands", lambda n, rows, *_: [(slice(0, n), 0, rows)])
    if request.param == "threads":
        monkeypatch.setattr(threads, "SMALL", 0)
        torch.set_num_threads(2)
    yield
    torch.set_num_threads(1)


def random_case(direction, k, groups, size=(5, 7), dtype=torch.float64, seed=0):
    draw = torch.Generator().manual_seed(seed)
    (h, w), (h_out, w_out) = size, (2 * size[0], 2 * size[1])
    if direction == "up":
        feature = torch.randn(2, 4, h, w, generator=draw, dtype=torch.float64)
        kernel = torch.randn(2, groups, k * k, h_out, w_out, generator=draw, dtype=torch.float64)
    else:
        feature = torch.randn(2, 4, h_out, w_out, generator=draw, dtype=torch.float64)
        kernel = torch.randn(2, groups, k * k, h, w, generator=draw, dtype=torch.float64)
    return feature.to(dtype), kernel.to(dtype)


def unfolded(direction, feature, kernel):
    """The definition, with every neighbourhood copied out."""
    n, groups, taps, h, w = kernel.shape
    k = round(taps**0.5)
    if direction == "up":
        z = F.unfold(feature, k, padding=k // 2).unflatten(2, feature.shape[-2:])
        z = F.interpolate(z, scale_factor=2, mode="nearest")
    else:
        z = F.unfold(feature, k, padding=k // 2 - 1, stride=2).unflatten(2, (h, w))
    z = z.view(n, groups, -1, taps, h, w)
    return (z * kernel.unsqueeze(2)).sum(3).flatten(1, 2)


APPLY = {"up": spread, "down": gather}
CASES = [("up", 1), ("up", 3), ("up", 5), ("down", 2), ("down", 6), ("down", 10)]


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("direction", "k"), CASES)
def test_equals_the_released_kernels(shared, band, direction, k, groups):
    """a2u_reassembly_kernels.npz holds outputs of the authors' CUDA source, run in float64 on a CPU."""
    data = np.load(shared / "oracle/networks/a2u_reassembly_kernels.npz")
    feature = torch.from_numpy(data["feat"])
    mask = torch.from_numpy(data[f"{direction}_k{k}_g{groups}/mask"])
    out = APPLY[direction](feature, mask.unflatten(1, (groups, k * k)))
    np.testing.assert_allclose(out.numpy(), data[f"{direction}_k{k}_g{groups}/out"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("groups", [1, 2, 4])
@pytest.mark.parametrize(("direction", "k"), CASES)
def test_equals_unfold_multiply_sum(band, direction, k, groups):
    feature, kernel = random_case(direction, k, groups)
    torch.testing.assert_close(APPLY[direction](feature, kernel), unfolded(direction, feature, kernel))


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize(("direction", "k"), [("up", 1), ("up", 3), ("down", 2), ("down", 6)])
def test_gradients_are_those_of_finite_differences(band, direction, k, groups):
    case = random_case(direction, k, groups, size=(2, 3))
    assert torch.autograd.gradcheck(APPLY[direction], [tensor.requires_grad_() for tensor in case], fast_mode=True)


@pytest.mark.parametrize("wanted", [0, 1])
@pytest.mark.parametrize("direction", ["up", "down"])
def test_either_input_alone_may_want_a_gradient(direction, wanted):
    case = random_case(direction, 3 if direction == "up" else 6, 1)
    alone = [tensor.clone().requires_grad_(i == wanted) for i, tensor in enumerate(case)]
    both = [tensor.clone().requires_grad_() for tensor in case]
    for tensors in (alone, both):
        APPLY[direction](*tensors).square().sum().backward()
    torch.testing.assert_close(alone[wanted].grad, both[wanted].grad)


@pytest.mark.parametrize(("direction", "k"), CASES)
@pytest.mark.parametrize("groups", [1, 4])
def test_a_recorded_graph_computes_the_same(direction, k, groups):
    """What ONNX and torch.compile see has no bands and no custom gradient."""
    traced = {"up": _spread_traced, "down": _gather_traced}[direction]
    feature, kernel = random_case(direction, k, groups)
    torch.testing.assert_close(traced(feature, kernel), APPLY[direction](feature, kernel))


@pytest.mark.filterwarnings("ignore")  # torch.export's own
def test_exported_programs_take_any_even_size():
    """One program, recorded at one size and run at another; ONNX export starts from the same program."""

    class Pair(torch.nn.Module):
        def forward(self, x, down, up):
            return spread(gather(x, down), up)

    def case(h, w):
        return random_case("down", 2, 1, (h, w))[0], *(
            random_case(d, k, 1, (h, w))[1] for d, k in (("down", 2), ("up", 3))
        )

    h, w = torch.export.Dim("h", min=2), torch.export.Dim("w", min=2)
    full, half = {2: 2 * h, 3: 2 * w}, {3: h, 4: w}
    sizes = {"x": full, "down": half, "up": {3: 2 * h, 4: 2 * w}}
    program = torch.export.export(Pair(), case(4, 6), dynamic_shapes=sizes).module()
    torch.testing.assert_close(program(*case(5, 3)), Pair()(*case(5, 3)))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize(("direction", "k"), [("up", 5), ("down", 10)])
def test_half_precision_sums_in_single_precision(band, dtype, direction, k):
    """The result is off by the rounding of the output alone, and gradients have the inputs' types."""
    feature, kernel = random_case(direction, k, 1, dtype=dtype)
    tensors = [feature.requires_grad_(), kernel.requires_grad_()]
    out = APPLY[direction](*tensors)
    exact = APPLY[direction](feature.detach().double(), kernel.detach().double())
    assert out.dtype == dtype
    assert ((out - exact).abs() <= torch.finfo(dtype).eps * exact.abs() + 1e-4).all()
    out.sum().backward()
    assert [tensor.grad.dtype for tensor in tensors] == [dtype, dtype]


def test_a_kernel_may_have_a_wider_type_than_the_feature():
    """Under autocast softmax gives float32 and convolutions bfloat16."""
    feature, kernel = random_case("up", 3, 1)
    out = spread(feature.bfloat16(), kernel.float())
    assert out.dtype == torch.bfloat16
    torch.testing.assert_close(out.double(), spread(feature, kernel), rtol=0.05, atol=0.1)


@pytest.mark.parametrize(("direction", "k"), [("up", 3), ("down", 6)])
def test_channels_last_features_and_permuted_kernels_give_the_same(direction, k):
    plain = random_case(direction, k, 2)
    other = plain[0].to(memory_format=torch.channels_last), plain[1].transpose(1, 2).contiguous().transpose(1, 2)
    results = []
    for case in (plain, other):
        case = [tensor.detach().requires_grad_() for tensor in case]
        out = APPLY[direction](*case)
        out.square().sum().backward()
        results.append([out, *(tensor.grad for tensor in case)])
    for one, two in zip(*results, strict=True):
        torch.testing.assert_close(one, two)


def test_nearest_is_a_kernel_of_ones():
    y = torch.randn(2, 3, 4, 5)
    assert spread(y, torch.ones(2, 1, 1, 8, 10)).equal(F.interpolate(y, scale_factor=2, mode="nearest"))


def test_average_pooling_is_a_kernel_of_quarters():
    x = torch.randn(2, 3, 8, 10)
    torch.testing.assert_close(gather(x, torch.full((2, 1, 4, 4, 5), 0.25)), F.avg_pool2d(x, 2))


def test_bilinear_is_a_kernel_of_distances():
    """Weights 9, 3, 3, 1 of 16 at each position; the border differs, since outside is 0."""
    y = torch.randn(1, 2, 6, 7)
    near = torch.tensor([[0.25, 0.75, 0.0], [0.0, 0.75, 0.25]])  # the two positions' weights along one axis
    weights = torch.einsum("pi,qj->ijpq", near, near).reshape(9, 2, 2)  # taps x positions
    out = spread(y, weights.repeat(1, 6, 7)[None, None])
    torch.testing.assert_close(out[..., 1:-1, 1:-1], F.interpolate(y, scale_factor=2, mode="bilinear")[..., 1:-1, 1:-1])


@pytest.mark.parametrize(
    ("feature", "kernel", "message"),
    [
        ((1, 4, 3, 3), (1, 1, 4, 6, 6), "4 taps, wanted the square of 1, 3, 5 and so on"),
        ((1, 4, 3, 3), (1, 3, 9, 6, 6), "3 groups, which do not divide 4 channels"),
        ((1, 4, 3, 3), (1, 1, 9, 6, 8), r"does not fit features of \(1, 4, 3, 3\)"),
    ],
)
def test_a_kernel_that_does_not_fit_is_refused(feature, kernel, message):
    with pytest.raises(InputError, match=message):
        spread(torch.zeros(feature), torch.zeros(kernel))


def test_odd_sizes_do_not_halve():
    with pytest.raises(InputError, match="even"):
        gather(torch.zeros(1, 4, 7, 8), torch.zeros(1, 1, 4, 3, 4))


@pytest.mark.parametrize(("direction", "k"), [("up", 3), ("down", 2), ("down", 6)])
@pytest.mark.parametrize("groups", [1, 2])
def test_second_derivatives_are_exact(direction, k, groups):
    """For penalties on gradients, and whatever else differentiates a gradient."""
    feature, kernel = (tensor[:1].requires_grad_() for tensor in random_case(direction, k, groups, size=(2, 3)))
    assert torch.autograd.gradgradcheck(APPLY[direction], (feature, kernel))
