// Connected regions of a trimap: filling one, and filling those that are small and enclosed.

import { BG, FG } from "./picture.js";
import { join } from "./rectangles.js";

// Give the region of one class at a place another class; return the rectangle that changed.
export function fill({ levels, width, height }, x, y, value) {
  const start = Math.floor(y) * width + Math.floor(x), from = levels[start];
  if (from === value) return null;
  return flood(levels, width, height, start, (i) => levels[i] === from, (i) => { levels[i] = value; }).box;
}

// Give regions that are not foreground, smaller than `area` and inside the foreground, its class; likewise for the
// background. Return the rectangle that changed.
export function fillHoles({ levels, width, height }, area) {
  let changed = null;
  for (const value of [FG, BG]) {
    const seen = new Uint8Array(levels.length);
    for (let start = 0; start < levels.length; start++) {
      if (seen[start] || levels[start] === value) continue;
      const { box, pixels, border } = flood(
        levels, width, height, start, (i) => !seen[i] && levels[i] !== value, (i) => { seen[i] = 1; }, area,
      );
      if (border || pixels.length > area) continue;
      for (const i of pixels) levels[i] = value;
      changed = join(changed, box);
    }
  }
  return changed;
}

// Visit a 4-connected region row by row; remember its pixels up to `most`, its box, and whether it meets the border.
function flood(levels, width, height, start, belongs, visit, most = 0) {
  const stack = [start], pixels = [];
  let left = width, right = -1, top = height, bottom = -1;
  while (stack.length) {
    const seed = stack.pop();
    if (!belongs(seed)) continue;
    const y = Math.floor(seed / width), row = y * width;
    let from = seed, to = seed;
    while (from > row && belongs(from - 1)) from--;
    while (to < row + width - 1 && belongs(to + 1)) to++;
    for (let i = from; i <= to; i++) {
      visit(i);
      if (pixels.length <= most) pixels.push(i);
    }
    for (const next of [y > 0 ? -width : 0, y < height - 1 ? width : 0]) {
      if (!next) continue;
      for (let i = from + next, open = false; i <= to + next; i++) {
        const inside = belongs(i);
        if (inside && !open) stack.push(i);
        open = inside;
      }
    }
    left = Math.min(left, from - row);
    right = Math.max(right, to - row);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  const border = left === 0 || top === 0 || right === width - 1 || bottom === height - 1;
  return { box: { x: left, y: top, width: right - left + 1, height: bottom - top + 1 }, pixels, border };
}
