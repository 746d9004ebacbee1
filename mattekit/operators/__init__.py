"""Up-sampling operators behind one protocol: `guide` before resolution is lost, `down`, and `up` on the way back.

    operator = make("a2u-dynamic-cs", 64)       # or OPERATORS["a2u-dynamic-cs"](64)
    guide = operator.guide(x)                   # x (N, 64, H, W)
    smaller = operator.down(x, guide)           # (N, 64, H/2, W/2)
    larger = operator.up(smaller, guide)        # (N, 64, H, W)

A row of a paper's table is a row of a dictionary here. To try another, `make("a2u", 64, k_up=5)`, or add a row.
"""

from collections.abc import Callable
from difflib import get_close_matches
from functools import partial
from inspect import Parameter, signature

from mattekit.errors import InputError
from mattekit.operators.a2u import A2U
from mattekit.operators.base import Guide, Keep, Resampler
from mattekit.operators.carafe import CARAFE
from mattekit.operators.fixed_kernels import Deconvolution, Interpolate, PixelShuffle
from mattekit.operators.indexnet import IndexNet
from mattekit.operators.reassemble import gather, spread
from mattekit.operators.unpool import HMI, MaxUnpool
from mattekit.plugins import Table

__all__ = [
    "A2U_ROWS",
    "INDEXNET_ROWS",
    "OPERATORS",
    "Guide",
    "Keep",
    "Resampler",
    "gather",
    "make",
    "options",
    "spread",
]

A2U_ROWS = {  # A2U Tables 2, 3, 4 and 8
    "static-pw-cw": dict(kind="static", pointwise=True, shared=False),
    "static-cw": dict(kind="static", shared=False),
    "static-cs": dict(kind="static"),
    "hybrid-cw": dict(kind="hybrid", shared=False),
    "hybrid-cs": dict(kind="hybrid"),
    "dynamic-cw": dict(kind="dynamic", shared=False),
    "dynamic-cs": dict(kind="dynamic"),
    "dynamic-cs-d": dict(kind="dynamic", paired=True),
    "dynamic-cs-d-dagger": dict(kind="dynamic", paired=True, dagger=True),
    "hybrid-cw-k1": dict(kind="hybrid", shared=False, k_up=1),
    "hybrid-cw-k5": dict(kind="hybrid", shared=False, k_up=5),
    "dynamic-cs-k1": dict(kind="dynamic", k_up=1),
    "dynamic-cs-k5": dict(kind="dynamic", k_up=5),
    "hybrid-cw-softmax": dict(kind="hybrid", shared=False, normalisation="softmax"),
    "dynamic-cs-softmax": dict(kind="dynamic", normalisation="softmax"),
    # The two configurations with published weights, under the released names.
    "share": dict(kind="dynamic", paired=True, dagger=True, k_en=6),
    "unshare": dict(kind="dynamic", shared=False, paired=True, dagger=True, k_en=6),
}

INDEXNET_ROWS = {  # IndexNet Table 2
    "hin-linear": dict(kind="hin", nonlinear=False, context=False),
    "hin-linear-context": dict(kind="hin", nonlinear=False, context=True),
    "hin-nonlinear": dict(kind="hin", nonlinear=True, context=False),
    "hin-nonlinear-context": dict(kind="hin", nonlinear=True, context=True),
    "o2o-linear": dict(kind="o2o", nonlinear=False, context=False),
    "o2o-linear-context": dict(kind="o2o", nonlinear=False, context=True),
    "o2o-nonlinear": dict(kind="o2o", nonlinear=True, context=False),
    "o2o-nonlinear-context": dict(kind="o2o", nonlinear=True, context=True),
    "m2o-linear": dict(kind="m2o", nonlinear=False, context=False),
    "m2o-linear-context": dict(kind="m2o", nonlinear=False, context=True),
    "m2o-nonlinear": dict(kind="m2o", nonlinear=True, context=False),
    "m2o-nonlinear-context": dict(kind="m2o", nonlinear=True, context=True),
}

OWN: dict[str, Callable[..., Resampler]] = {
    "nearest": Interpolate,
    "bilinear": partial(Interpolate, mode="bilinear"),
    "bicubic": partial(Interpolate, mode="bicubic"),
    "deconvolution": Deconvolution,
    "pixel-shuffle": PixelShuffle,
    "max-unpool": MaxUnpool,
    "hmi": HMI,
    "carafe": CARAFE,
    "indexnet": IndexNet,
    "a2u": A2U,
    **{f"indexnet-{row}": partial(IndexNet, **arguments) for row, arguments in INDEXNET_ROWS.items()},
    **{f"a2u-{row}": partial(A2U, **arguments) for row, arguments in A2U_ROWS.items()},
}
OPERATORS = Table(OWN, "mattekit.operators")


def make(name: str, channels: int, incoming: int | None = None, **changes) -> Resampler:
    """Build an operator by name.

    Parameters
    ----------
    name : str
        A key of `OPERATORS`.
    channels, incoming : int
        Channels of the guiding feature, and of the decoder's feature if they differ.
    **changes
        Arguments of the operator, in place of those of the row.

    Raises
    ------
    InputError
        If the name or an argument is unknown, or the channels do not fit.
    """
    known = options(name)
    for key in changes.keys() - known.keys():
        raise InputError(f"operator {name}: unknown argument {key!r}; it takes {', '.join(known) or 'none'}.")
    return OPERATORS[name](channels, incoming, **changes)


def options(name: str) -> dict[str, Parameter]:
    """Return the arguments of an operator by name, each with its type and its value in the row.

    Raises
    ------
    InputError
        If the operator is unknown.
    """
    if name not in OPERATORS:
        near = get_close_matches(str(name), OPERATORS, 3) or OPERATORS
        raise InputError(f"operator: unknown {name!r}; nearest: {', '.join(near)}.")
    parameters = signature(OPERATORS[name]).parameters
    return {key: parameter for key, parameter in parameters.items() if parameter.kind is Parameter.KEYWORD_ONLY}
