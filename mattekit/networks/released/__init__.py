"""Other projects' checkpoints: which network and configuration they are, and how their names map to ours."""

from collections.abc import Callable
from typing import NamedTuple

from mattekit.networks.released import a2u, fba, gca, indexnet, lsa, matteformer, mmagic, vitmatte
from mattekit.networks.state import State


class Family(NamedTuple):
    """Checkpoints of one origin.

    Attributes
    ----------
    name : str
    recognises : function
        Whether a state is of this family.
    configuration : function
        Of a state: a name in `networks.NETWORKS` and the arguments to change.
    rename : function
        Of a state: the same weights under our names.
    """

    name: str
    recognises: Callable[[State], bool]
    configuration: Callable[[State], tuple[str, dict]]
    rename: Callable[[State], State]


FAMILIES = [
    Family("IndexNet, released", indexnet.recognises, indexnet.configuration, indexnet.rename),
    Family("A2U, released", a2u.recognises, lambda state: ("a2u", a2u.configuration(state)), a2u.rename),
    Family("LSA, released", lsa.recognises, lambda state: ("lsa", lsa.configuration(state)), lsa.rename),
    Family("GCA, released", gca.recognises, lambda state: ("gca", {}), gca.rename),
    Family("FBA, released", fba.recognises, lambda state: ("fba", {}), fba.rename),
    Family("MatteFormer, released", matteformer.recognises, lambda state: ("matteformer", {}), matteformer.rename),
    Family("mmagic's IndexNet", mmagic.recognises_indexnet, mmagic.indexnet_configuration, mmagic.rename_indexnet),
    Family("ViTMatte, released", vitmatte.recognises, vitmatte.configuration, vitmatte.rename),
    Family("mmagic's DIM", mmagic.recognises_dim, mmagic.dim_configuration, mmagic.rename_dim),
]
