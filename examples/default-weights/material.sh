#!/bin/bash
# bash material.sh SHARED/data/train OUT [SIDE]: a copy of the material of 100 MiB, with photographs of at most
# SIDE pixels (640) high or wide, whichever is less, and no cut-out of more than 300 kB. The photographs, 56 MiB, and the
# rest can be sent apart. Photographs for validation stay behind.
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$2"/{renders,cutouts,foliage-smoke,photos,backgrounds}
cp "$1"/renders/*.*p* "$2/renders"
find "$1/cutouts" "$1/foliage-smoke" -name '*.*p*' -size -300k | while read -r file; do
    cp "$file" "$2/$(basename "$(dirname "$file")")"
done
PYTHONPATH=$here/../..:$here python - "$1" "$2" "${3:-640}" << 'END'
import sys
from pathlib import Path

import cv2
from material import image, photographs

data, out, side = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
for path in photographs(data, held_out=False):
    pixels = image.__wrapped__(path)
    scale = min(1, side / min(pixels.shape[:2]))
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    name = out / path.parent.name / f"{path.stem}.webp"
    cv2.imwrite(str(name), small[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 80])
END
du -sm "$2"
