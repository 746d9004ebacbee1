"""A network of two layers, which shows all that mattekit needs to know of one."""

from torch import Tensor, nn

from mattekit.networks import Network, Row


class Tiny(Network):
    """One convolution at half the resolution, and one back.

    Parameters
    ----------
    width : int
        Channels between the two; `mattekit models example-tiny --set width=16` changes it.
    """

    stride = 2

    def __init__(self, *, width: int = 8):
        super().__init__()
        self.encoder = nn.Conv2d(4, width, 4, 2, 1)
        self.decoder = nn.ConvTranspose2d(width, 1, 4, 2, 1)

    def encode(self, x: Tensor) -> Tensor:
        """Encode normalised RGB and trimap (N, 4, H, W), of even sides."""
        return self.encoder(x).relu()

    def decode(self, encoded: Tensor, adjust=None) -> Tensor:
        """Decode to alpha (N, 1, H, W); refinement changes features by `adjust`."""
        return self.decoder(encoded if adjust is None else adjust(1, encoded))

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 4, H, W) to (N, 1, H, W)."""
        return self.decode(self.encode(x))


ROW = Row(Tiny, {}, "an example", preparation="reflect-16")
