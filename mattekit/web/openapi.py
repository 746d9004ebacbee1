"""The description of the API in OpenAPI 3.1."""

from collections.abc import Sequence
from typing import Any

from mattekit import __version__
from mattekit.imaging.codecs.encode import CHOICES
from mattekit.web.answers import FORMATS, MEDIA
from mattekit.web.body import Limits
from mattekit.web.matting import ANSWERS, FOREGROUNDS, SAVES, TTA

ABOUT = (
    "Alpha mattes of pictures. The paths under /paint are the page's own: they change with it, keep pictures between "
    "requests, and are not for other programs."
)
FILE = {"type": "string", "contentMediaType": "application/octet-stream", "format": "binary"}
FILES = {
    "image": "The picture to matte: PNG, JPEG, TIFF, WebP, BMP or EXR.",
    "trimap": "Its trimap: 0 background, 255 foreground, other values unknown. One source of a trimap is wanted.",
    "mask": "Or a rough mask, or the alpha of a cut-out, that the trimap follows.",
    "clean_plate": "Or the same view without the subject.",
    "scribbles": "Or strokes: white foreground, black background.",
    "background_image": "A picture behind the composite.",
}
STATUS = {
    "400": "The request cannot be answered.",
    "401": "The token is missing or wrong.",
    "403": "The request comes from another site's page.",
    "404": "There is no such thing.",
    "405": "The path takes other methods.",
    "408": "The body came too slowly.",
    "413": "The body has too many bytes, or a picture too many pixels.",
    "421": "The Host header names another server.",
    "422": "A field or a file cannot be used; the error says why.",
    "501": "A format needs a package that the server has not.",
    "503": "Too much is waiting; the header Retry-After tells for how many seconds.",
}


def description(models: Sequence[str], limits: Limits) -> dict[str, Any]:
    """Return the description of a server with these models and limits, as JSON has it."""
    get = {
        "/v1/models": ("models", "The models that requests may choose, the default first.", _json("Models")),
        "/health": ("health", "Whether the server works.", _json("Health")),
        "/metrics": ("metrics", "Counters in the text format of Prometheus.", {"text/plain": {"schema": _TEXT}}),
        "/openapi.json": ("openapi", "This description.", {"application/json": {"schema": {"type": "object"}}}),
    }
    paths: dict[str, Any] = {
        path: {"get": _operation(name, told, content, ("401", "403", "421"))}
        for path, (name, told, content) in get.items()
    }
    told = f"Matte a picture. At most {limits.megabytes:g} MB, and {limits.megapixels:g} megapixels for each picture."
    pictures = {media: {"schema": FILE} for media in MEDIA.values()}
    content = {**pictures, **_json("Matte"), "text/event-stream": {"schema": _TEXT}}
    errors = ("400", "401", "403", "408", "413", "421", "422", "501", "503")
    paths["/v1/matte"] = {"post": {**_operation("matte", told, content, errors), "requestBody": _body(models)}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "mattekit", "version": __version__, "description": ABOUT},
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
        "security": [{}, {"token": []}],
    }


def _body(models: Sequence[str]) -> dict[str, Any]:
    fields = {name: {**FILE, "description": told} for name, told in FILES.items()}
    fields |= {
        "box": _text("Or a box that holds the subject, X,Y,WIDTH,HEIGHT in pixels.", r"^\d{1,6}(,\d{1,6}){3}$"),
        "points": _text(
            'Or points: "+X,Y" on the subject, "-X,Y" off it.', r"^[+-]?\d{1,6},\d{1,6}( [+-]?\d{1,6},\d{1,6})*$"
        ),
        "screen": _text("Or a screen behind it: auto, green, blue or a colour.", None),
        "band": _text("Width of the unknown band of mask, clean_plate, box and points: auto, pixels or percent.", None),
        "fit": _one_of(("true", "false"), "Resize masks and plates of another size."),
        "model": _one_of(models, "The model."),
        "save": _text(
            f"What to answer, one or more of {', '.join(SAVES)} with commas between.",
            rf"^ *({'|'.join(SAVES)}) *(, *({'|'.join(SAVES)}) *)*$",
        ),
        "format": _one_of(tuple(FORMATS), "The format of pictures."),
        "depth": _one_of(CHOICES, "Bits of their channels; auto is the image's."),
        "answer": _one_of(ANSWERS, "One picture alone, JSON with pictures in base64, or events with the progress."),
        "tta": _one_of(TTA, "Views that are averaged."),
        "max_size": {"type": "integer", "minimum": 16, "maximum": 100000, "description": "Longest side for the model."},
        "foreground_method": _one_of(FOREGROUNDS, "How colours of the foreground are estimated."),
        "background": _text("A colour behind the composite.", None),
    }
    schema = {"type": "object", "required": ["image"], "properties": fields, "additionalProperties": False}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _operation(name: str, told: str, content: dict[str, Any], errors: Sequence[str]) -> dict[str, Any]:
    refused = {status: {"description": STATUS[status], "content": _json("Error")} for status in errors}
    return {
        "operationId": name,
        "summary": told,
        "responses": {"200": {"description": "Done.", "content": content}, **refused},
    }


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}


def _text(told: str, pattern: str | None) -> dict[str, Any]:
    return {"type": "string", "description": told, **({"pattern": pattern} if pattern else {})}


def _one_of(values: Sequence[str], told: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values), "description": told}


_TEXT = {"type": "string"}
_NUMBER, _WHOLE = {"type": "number"}, {"type": "integer"}
_SCHEMAS: dict[str, Any] = {
    "Error": {"type": "object", "required": ["error"], "properties": {"error": _TEXT}},
    "Health": {
        "type": "object",
        "required": ["status", "version"],
        "properties": {"status": {"const": "ok"}, "version": _TEXT},
    },
    "Models": {
        "type": "object",
        "required": ["models"],
        "properties": {
            "models": {"type": "array", "items": {"type": "object", "properties": {"name": _TEXT, "kind": _TEXT}}}
        },
    },
    "Matte": {
        "type": "object",
        "required": ["outputs", "width", "height", "model", "seconds"],
        "properties": {
            "outputs": {
                "type": "object",
                "description": "Pictures by what was asked for.",
                "additionalProperties": {
                    "type": "object",
                    "required": ["type", "data"],
                    "properties": {"type": _TEXT, "data": {"type": "string", "contentEncoding": "base64"}},
                },
            },
            "width": _WHOLE,
            "height": _WHOLE,
            "model": _TEXT,
            "seconds": _NUMBER,
            "trimap": {"type": "object", "description": "How the source made the trimap."},
        },
    },
}
