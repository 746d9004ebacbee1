// Starts of a trimap: from a file, a box, the strokes so far, a screen, or nothing.

import { BG, FG, UNKNOWN } from "./picture.js";

const GRID = 36; // cells along the longer side, of each of which one point is taken
const MOST = 400; // points

export function form(entries) {
  const body = new FormData();
  for (const [name, value] of Object.entries(entries)) body.set(name, value);
  return body;
}

// Points of the strokes, "+x,y -x,y ...": for each cell of a grid, the known pixels of a class nearest to its middle.
export function points({ levels, width, height }) {
  const cell = Math.ceil(Math.max(width, height) / GRID), found = [];
  for (let top = 0; top < height; top += cell) {
    for (let left = 0; left < width; left += cell) {
      for (const [sign, value] of [["+", FG], ["-", BG]]) {
        const place = nearest(levels, width, height, left, top, cell, value);
        if (place) found.push(`${sign}${place[0]},${place[1]}`);
      }
    }
  }
  const step = Math.max(1, found.length / MOST);
  return found.filter((_, i) => Math.floor(i / step) !== Math.floor((i - 1) / step)).join(" ");
}

function nearest(levels, width, height, left, top, cell, value) {
  let best = Infinity, place = null;
  for (let y = top; y < Math.min(height, top + cell); y += 2) {
    for (let x = left; x < Math.min(width, left + cell); x += 2) {
      if (levels[y * width + x] !== value) continue;
      const distance = Math.hypot(x - left - cell / 2, y - top - cell / 2);
      if (distance < best) [best, place] = [distance, [x, y]];
    }
  }
  return place;
}

export const nothing = ({ levels }) => new Uint8Array(levels.length).fill(UNKNOWN);
