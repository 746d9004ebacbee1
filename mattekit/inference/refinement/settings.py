"""Settings of refinement."""

import math
from dataclasses import dataclass

from mattekit.errors import InputError
from mattekit.inference.refinement.cost import RULES
from mattekit.inference.refinement.optimisers import OPTIMISERS

FINEST = 2  # level; LSA refines its levels 5 to 2, and so do we those that a network has


@dataclass(frozen=True)
class RefinementSettings:
    """Settings of one refinement: the optimiser, its steps, and the cost that it minimises.

    Attributes
    ----------
    steps : int, optional
        Upper limit of cost evaluations; the first is of the network's own alpha, so that 1 changes nothing. The
        released code counts likewise: its 100 steps are 99 changes. Unless given, the optimiser's own number.
    optimiser : a name of `OPTIMISERS`
    learning_rate : float, optional
        In place of the optimiser's own.
    rule : "released" or "paper"
        See `cost.RULES`.
    padding : bool
        Padding counts as part of the image, as in the released code: wherever unknown pixels touch the frame, the
        background that LSA's preparation puts around it is taken for the trimap's.
    finest : int
        The finest level that is refined; 0 is full resolution.
    stop : bool
        End early when the cost no longer falls.

    Raises
    ------
    InputError
        If a value is out of range or names nothing.
    """

    steps: int | None = None
    optimiser: str = "lbfgs"
    learning_rate: float | None = None
    rule: str = "released"
    padding: bool = False
    finest: int = FINEST
    stop: bool = True

    def __post_init__(self) -> None:
        for what, value, table in (("optimiser", self.optimiser, OPTIMISERS), ("rule", self.rule, RULES)):
            if value not in table:
                raise InputError(f"refinement: {what} {value!r}, wanted one of {', '.join(table)}.")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"refinement: {self.steps} steps, wanted at least 1.")
        if self.learning_rate is not None and not 0 < self.learning_rate < math.inf:
            raise InputError(f"refinement: learning rate {self.learning_rate}, wanted more than 0.")
