"""The check of a network's header, before its weights are read."""

from mattekit.baselines.priors import PRIORS, Prior
from mattekit.errors import InputError, WeightsError
from mattekit.inference.preparation import preparation
from mattekit.networks import find, prior_name
from mattekit.networks.header import Header


def matting_prior(path: object, header: Header) -> Prior | None:
    """Check that a header names a matting network and a preparation that exist; return the estimates it takes.

    Raises
    ------
    InputError
        If the network is known, and takes no image with a trimap.
    WeightsError
        If the network, its estimates or its preparation are unknown.
    """
    try:
        preparation(header.preparation)
        task = find(header.network).task
        prior = prior_name(header.network, header.arguments)
    except InputError as error:
        raise WeightsError(f"{path}: {error}") from error
    if task != "matting":
        raise InputError(f"{path}: {header.network}, which is no matting network.")
    if prior is None:
        return None
    if not isinstance(prior, str) or prior not in PRIORS:
        raise WeightsError(f"{path}: unknown estimates {prior!r}, wanted one of {', '.join(PRIORS)}.")
    return PRIORS[prior]
