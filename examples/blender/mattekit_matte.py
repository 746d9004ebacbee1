"""Add-on for Blender: mattes an image, or what has been rendered, by another image that holds its trimap.

In the Image Editor, Image > Matte with mattekit; in scripts, `bpy.ops.image.mattekit(image="photo.png",
trimap="trimap.png")`. The alpha and the cut-out come back as the images `photo.png alpha` and `photo.png cutout`.
"""

import subprocess
import tempfile
from pathlib import Path

import bpy

bl_info = {
    "name": "Matte with mattekit",
    "author": "mattekit",
    "version": (1, 0, 0),
    "blender": (3, 4, 0),
    "location": "Image Editor > Image",
    "description": "Alpha and cut-out of an image and its trimap",
    "category": "Compositing",
}
KINDS = ("alpha", "cutout")


def write_rendered(image: bpy.types.Image, path: Path, scene: bpy.types.Scene) -> None:
    """Write a render as it is seen, in 16 bits; its pixels cannot be read otherwise."""
    settings = scene.render.image_settings
    wanted = {"file_format": "PNG", "color_mode": "RGB", "color_depth": "16"}
    before = {name: getattr(settings, name) for name in wanted}
    try:
        for name, value in wanted.items():
            setattr(settings, name, value)
        image.save_render(str(path), scene=scene)
    finally:
        for name, value in before.items():
            setattr(settings, name, value)


def write(image: bpy.types.Image, path: Path, scene: bpy.types.Scene) -> None:
    """Write an image as it is now, with what was painted since it was loaded; float ones are encoded as sRGB."""
    if image.type == "RENDER_RESULT":
        return write_rendered(image, path, scene)
    if not image.has_data and not len(image.pixels):
        raise OSError(f"{image.name}: no pixels. Check its file.")
    copy = bpy.data.images.new(path.stem, *image.size, alpha=False, float_buffer=image.is_float)
    try:
        copy.colorspace_settings.name = image.colorspace_settings.name
        copy.pixels = image.pixels[:]
        copy.file_format = "PNG"
        copy.filepath_raw = str(path)
        copy.save()
    finally:
        bpy.data.images.remove(copy)


def load(path: Path, name: str) -> bpy.types.Image:
    """Load a picture into the file that is open, in place of one of that name."""
    if name in bpy.data.images:
        bpy.data.images.remove(bpy.data.images[name])
    image = bpy.data.images.load(str(path))
    image.name = name
    if path.stem == "alpha":
        image.colorspace_settings.name = "Non-Color"
    image.pack()  # its file is temporary
    return image


class MattekitPreferences(bpy.types.AddonPreferences):
    """The place of the program, for where the search path has it not."""

    bl_idname = __name__
    command: bpy.props.StringProperty(name="Program", default="mattekit", subtype="FILE_PATH")

    def draw(self, context: bpy.types.Context) -> None:
        """Show the settings."""
        self.layout.prop(self, "command")


class IMAGE_OT_mattekit(bpy.types.Operator):
    """The operator that mattes one image by another."""

    bl_idname, bl_label, bl_options = "image.mattekit", "Matte with mattekit", {"REGISTER"}
    bl_description = "Find the alpha of an image by its trimap: white is foreground, black background, grey unknown"
    image: bpy.props.StringProperty(name="Image")
    trimap: bpy.props.StringProperty(name="Trimap")
    model: bpy.props.StringProperty(name="Model", default="default")

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Ask for the images, beginning with the one that is shown."""
        self.image = context.space_data.image.name if context.space_data.image else ""
        return context.window_manager.invoke_props_dialog(self)

    def draw(self, context: bpy.types.Context) -> None:
        """Show the settings, with the images that there are to choose from."""
        for name in ("image", "trimap"):
            self.layout.prop_search(self, name, bpy.data, "images")
        self.layout.prop(self, "model")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Matte, or report why not."""
        images = [bpy.data.images.get(name) for name in (self.image, self.trimap)]
        if None in images:
            self.report({"ERROR"}, f"Wanted two images, found {self.image or 'none'} and {self.trimap or 'none'}")
            return {"CANCELLED"}
        try:
            self.matte(*images, context)
        except subprocess.CalledProcessError as error:
            self.report({"ERROR"}, error.stderr.strip())
        except (OSError, RuntimeError) as error:
            self.report({"ERROR"}, str(error))
        else:
            return {"FINISHED"}
        return {"CANCELLED"}

    def matte(self, image: bpy.types.Image, trimap: bpy.types.Image, context: bpy.types.Context) -> None:
        """Call mattekit on two images, and load what it makes; CalledProcessError has what it says."""
        addon = context.preferences.addons.get(__name__)
        command = addon.preferences.command if addon else "mattekit"
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, "image.png"), Path(folder, "trimap.png")]
            for source, file in zip((image, trimap), files, strict=True):
                write(source, file, context.scene)
            made = [Path(folder, f"image_{kind}.png") for kind in KINDS]
            words = ["predict", *files, "--save", ",".join(KINDS), "-o", folder, "-m", self.model, "-q"]
            subprocess.run([command, *map(str, words)], check=True, capture_output=True, text=True)
            for kind, file in zip(KINDS, made, strict=True):
                load(file.rename(Path(folder, f"{kind}.png")), f"{image.name} {kind}")


def in_menu(menu: bpy.types.Menu, context: bpy.types.Context) -> None:
    """Add the operator to a menu."""
    menu.layout.operator("image.mattekit")


CLASSES = (MattekitPreferences, IMAGE_OT_mattekit)


def register() -> None:
    """Turn the add-on on, as Blender asks it to."""
    for each in CLASSES:
        bpy.utils.register_class(each)
    bpy.types.IMAGE_MT_image.append(in_menu)


def unregister() -> None:
    """Turn it off."""
    bpy.types.IMAGE_MT_image.remove(in_menu)
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
