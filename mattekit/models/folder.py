"""Networks in folders of Hugging Face's layout as models, run by PyTorch."""

from mattekit.models.torch import TorchModel
from mattekit.networks import Network, folder
from mattekit.networks.header import Header


class FolderModel(TorchModel):
    """A ViTMatte in a folder (`networks.folder`); parameters and errors as for `TorchModel`."""

    def read_header(self) -> Header:
        """Return what the folder says of its network."""
        return folder.read_header(self.path)

    def load_network(self) -> Network:
        """Build the network with its weights."""
        return folder.load_network(self.path)
