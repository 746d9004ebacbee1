"""Node pack for ComfyUI: copy this folder into its custom_nodes/, with mattekit installed in ComfyUI's Python."""

from .nodes import Composite, Foreground, Matte, Trimap

NODE_CLASS_MAPPINGS = {
    "MattekitMatte": Matte,
    "MattekitTrimap": Trimap,
    "MattekitForeground": Foreground,
    "MattekitComposite": Composite,
}
NODE_DISPLAY_NAME_MAPPINGS = {
    "MattekitMatte": "Matte (mattekit)",
    "MattekitTrimap": "Trimap of a Mask (mattekit)",
    "MattekitForeground": "Foreground Colours (mattekit)",
    "MattekitComposite": "Composite (mattekit)",
}
__all__ = ["NODE_CLASS_MAPPINGS", "NODE_DISPLAY_NAME_MAPPINGS"]
