"""The recipes' augmentation as one would write it first: whole float pictures, files decoded every time.

The reference of `bench_loader.py`; the same steps with the same distributions, on OpenCV's own functions.
"""

from pathlib import Path

import cv2
import numpy as np
import torch

WIDTHS = {"a2u": 29, "lsa": 24, "indexnet": 19}


class PlainSamples(torch.utils.data.Dataset):
    """Samples of a folder with fg, alpha and bg; `size` is the side of the patch."""

    def __init__(self, root: Path, recipe: str, size: int) -> None:
        self.foregrounds = sorted((root / "fg").iterdir())
        self.backgrounds = sorted((root / "bg").iterdir())
        self.recipe, self.size = recipe, size

    def __len__(self) -> int:
        return 100_000

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        rng = np.random.default_rng(index)
        fg, alpha = self.foreground(rng)
        path = self.backgrounds[rng.integers(len(self.backgrounds))]
        bg = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB).astype(np.float32) / 255
        fg, bg, alpha, trimap = getattr(self, self.recipe)(rng, fg, bg, alpha)
        image = alpha[..., None] * fg + (1 - alpha[..., None]) * bg
        pictures = {"image": image, "fg": fg, "bg": bg}
        tensors = {name: torch.from_numpy(each.transpose(2, 0, 1).copy()) for name, each in pictures.items()}
        planes = {"alpha": alpha, "trimap": trimap}
        return tensors | {
            name: torch.from_numpy(np.ascontiguousarray(each, np.float32))[None] for name, each in planes.items()
        }

    def foreground(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        path = self.foregrounds[rng.integers(len(self.foregrounds))]
        fg = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        alpha = cv2.imread(str(path.parent.parent / "alpha" / path.name), cv2.IMREAD_GRAYSCALE)
        return fg.astype(np.float32) / 255, alpha.astype(np.float32) / 255

    def a2u(self, rng, fg, bg, alpha):
        if rng.random() < 0.5:
            fg2, alpha2 = self.foreground(rng)
            size = alpha.shape[::-1]
            fg2, alpha2 = (cv2.resize(each, size, interpolation=cv2.INTER_NEAREST) for each in (fg2, alpha2))
            joined = 1 - (1 - alpha) * (1 - alpha2)
            if (joined < 1).any():
                front, back = alpha[..., None], ((1 - alpha) * alpha2)[..., None]
                fg, alpha = (fg * front + fg2 * back) / (joined[..., None] + 1e-5), joined
        if rng.random() < 0.25:
            fg, alpha = (cv2.resize(each, (640, 640), interpolation=cv2.INTER_NEAREST) for each in (fg, alpha))
        fg, alpha = self.affine(rng, fg, alpha)
        if rng.random() < 0.5:
            fg, alpha = fg[:, ::-1], alpha[:, ::-1]
        trimap = self.eroded(rng, alpha)
        height, width = alpha.shape
        ratio = max(height / bg.shape[0], width / bg.shape[1])
        if ratio > 1:
            size = int(np.ceil(bg.shape[1] * ratio)), int(np.ceil(bg.shape[0] * ratio))
            bg = cv2.resize(bg, size, interpolation=cv2.INTER_CUBIC)
        half = self.size // 2
        rows, columns = np.nonzero(trimap[half : height - half, half : width - half] == 0.5)
        if len(rows) < 10:
            top, left = rng.integers(height - self.size + 1), rng.integers(width - self.size + 1)
        else:
            chosen = rng.integers(len(rows))
            top, left = rows[chosen], columns[chosen]
        box = slice(top, top + self.size), slice(left, left + self.size)
        fg, bg, alpha, trimap = fg[box], bg[box], alpha[box], trimap[box]
        return self.hsv(rng, fg, alpha), bg.clip(0, 1), alpha, trimap

    def affine(self, rng, fg, alpha):
        height, width = alpha.shape
        turn = rng.uniform(-30, 30) if max(height, width) >= 1024 else 0
        lean, factors = rng.uniform(-10, 10), rng.uniform(0.8, 1.25, 2) * rng.choice([-1, 1], 2)
        turn, lean = np.radians(turn), np.radians(lean)
        linear = np.array([[np.cos(turn), np.sin(turn + lean)], [-np.sin(turn), np.cos(turn + lean)]])
        linear *= factors[:, None]
        centre = np.array([(width - 1) / 2, (height - 1) / 2])
        matrix = np.column_stack([linear, centre - linear @ centre])
        flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        return tuple(cv2.warpAffine(each, matrix, (width, height), flags=flags) for each in (fg, alpha))

    def eroded(self, rng, alpha):
        kernels = [cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)) for side in rng.integers(1, 30, 2)]
        fg = cv2.erode((alpha >= 1 - 1e-5).astype(np.uint8), kernels[0])
        bg = cv2.erode((alpha <= 1e-5).astype(np.uint8), kernels[1])
        return np.where(fg == 1, 1, np.where(bg == 1, 0, 0.5))

    def hsv(self, rng, fg, alpha):
        values = cv2.cvtColor(np.ascontiguousarray(fg), cv2.COLOR_RGB2HSV)
        values[..., 0] = (values[..., 0] + rng.integers(-40, 41)) % 360
        for channel in (1, 2):
            mean = values[..., channel][alpha > 0].mean() if (alpha > 0).any() else 0
            shifted = np.abs(values[..., channel] + rng.uniform(-0.1, 0.1) * (1.1 - mean))
            values[..., channel] = np.where(shifted > 1, 2 - shifted, shifted)
        return cv2.cvtColor(values, cv2.COLOR_HSV2RGB)

    def lsa(self, rng, fg, bg, alpha):
        height, width = alpha.shape
        bg = cv2.resize(bg, (width, height), interpolation=cv2.INTER_CUBIC)
        if rng.random() < 0.5:
            fg, alpha = self.rotated(rng, fg, alpha)
            (bg,) = self.rotated(rng, bg)
        side = 2 * (int(rng.integers(self.size * 3 // 4, self.size * 5 // 4 + 1)) // 2)
        rows, columns = np.nonzero(alpha > 0)
        soft = (alpha > 0) & (alpha < 1)
        for _ in range(5):
            chosen = rng.integers(len(rows))
            top = min(max(rows[chosen] - side // 2, 0), height - side)
            left = min(max(columns[chosen] - side // 2, 0), width - side)
            box = slice(top, top + side), slice(left, left + side)
            if soft[box].mean() >= 0.8 * soft.mean():
                break
        flips = [-1 if rng.random() < 0.5 else 1 for _ in range(2)]
        fg, alpha, bg = fg[box][:, :: flips[0]], alpha[box][:, :: flips[0]], bg[box][:, :: flips[1]]
        size = (self.size, self.size)
        fg, alpha, bg = (cv2.resize(each, size, interpolation=cv2.INTER_CUBIC).clip(0, 1) for each in (fg, alpha, bg))
        if rng.random() < 0.3:
            gamma = rng.uniform(0.5, 1) if rng.random() < 0.5 else rng.uniform(1, 2)
            alpha = alpha**gamma if rng.random() < 0.5 else 1 - (1 - alpha) ** gamma
        if rng.random() < 0.3:
            weight = rng.random()
            fg = weight * fg + (1 - weight) * rng.random(3, np.float32)
        if rng.random() < 0.3:
            fg = 1 - fg
        if rng.random() < 0.3:
            fg = fg[..., rng.permutation(3)]
        return *(np.float32(each) for each in (fg, bg, alpha)), self.dilated(alpha, *rng.integers(1, 25, 2))

    def rotated(self, rng, *pictures):
        height, width = pictures[0].shape[:2]
        centre = width / 2 + rng.integers(-10, 11), height / 2 + rng.integers(-10, 11)
        matrix = cv2.getRotationMatrix2D(centre, int(rng.integers(-180, 181)), 1)
        return tuple(
            cv2.warpAffine(each, matrix, (width, height), flags=cv2.INTER_CUBIC).clip(0, 1) for each in pictures
        )

    def dilated(self, alpha, at_bg, at_fg):
        hard = ((alpha == 0) | (alpha == 1)).astype(np.uint8)
        distance = cv2.distanceTransform(hard, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        trimap = np.where(alpha == 1, 1, 0).astype(np.float32)
        trimap[(distance <= at_bg) & (alpha < 1)] = 0.5
        trimap[(distance <= at_fg) & (alpha == 1)] = 0.5
        return trimap

    def indexnet(self, rng, fg, bg, alpha):
        height, width = alpha.shape
        ratio = max(height / bg.shape[0], width / bg.shape[1])
        size = int(np.ceil(bg.shape[1] * ratio)), int(np.ceil(bg.shape[0] * ratio))
        bg = cv2.resize(bg, size, interpolation=cv2.INTER_CUBIC).clip(0, 1)[:height, :width]
        width_of_band = rng.integers(1, 20)
        trimap = self.dilated(alpha, width_of_band, width_of_band)
        side = int(rng.choice([each for each in (512, 768, 1024) if each < min(height, width)]))
        half = side // 2
        rows, columns = np.nonzero(trimap[half : height - half, half : width - half] == 0.5)
        top, left = (0, 0) if not len(rows) else (each[rng.integers(len(rows))] for each in (rows, columns))
        box = slice(top, top + side), slice(left, left + side)
        fg, bg, alpha = (
            cv2.resize(each[box], (self.size, self.size), interpolation=cv2.INTER_CUBIC).clip(0, 1)
            for each in (fg, bg, alpha)
        )
        trimap = cv2.resize(trimap[box], (self.size, self.size), interpolation=cv2.INTER_NEAREST)
        if rng.random() < 0.5:
            fg, bg, alpha, trimap = fg[:, ::-1], bg[:, ::-1], alpha[:, ::-1], trimap[:, ::-1]
        return fg, bg, alpha, trimap
