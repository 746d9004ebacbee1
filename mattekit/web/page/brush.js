// Brushes: what a dab does to the trimap. A stroke is a row of dabs close enough to look like a line.

import { edgeMap } from "./edges.js";
import { BG, FG, UNKNOWN } from "./picture.js";
import { around, join } from "./rectangles.js";

export const CLASSES = { fg: FG, bg: BG, unknown: UNKNOWN };
const CORE = 0.4; // of the band brush's radius: unknown in any case
const EDGE = [45, 150]; // strength of edges that it takes in, at its core and at its rim
const SPACING = 0.25; // of the radius, between dabs
const LIGHTEST = 0.25; // of the radius, without pressure of a pen

export class Stroke {
  constructor(picture, tool, size) {
    Object.assign(this, { picture, tool, radius: Math.max(0.5, size / 2), dirty: null, unsent: null, last: null });
    if (tool === "band") picture.edges ??= edgeMap(picture.image, picture.width, picture.height);
  }

  // Go on to a place in pixels of the picture, with a pen's pressure 0..1.
  to(x, y, pressure = 1) {
    const radius = Math.max(0.5, this.radius * (LIGHTEST + (1 - LIGHTEST) * pressure));
    if (!this.last) {
      this.dab(x, y, radius);
    } else {
      const { x: x0, y: y0, radius: r0 } = this.last;
      const steps = Math.max(1, Math.ceil(Math.hypot(x - x0, y - y0) / Math.max(0.5, SPACING * radius)));
      for (let i = 1; i <= steps; i++) {
        const share = i / steps;
        this.dab(x0 + (x - x0) * share, y0 + (y - y0) * share, r0 + (radius - r0) * share);
      }
    }
    this.last = { x, y, radius };
  }

  dab(x, y, radius) {
    const { levels, first, edges, width } = this.picture, box = around(x, y, radius, this.picture);
    if (!box) return;
    const square = radius * radius, value = CLASSES[this.tool];
    for (let row = box.y; row < box.y + box.height; row++) {
      for (let column = box.x; column < box.x + box.width; column++) {
        const dx = column + 0.5 - x, dy = row + 0.5 - y, distance = dx * dx + dy * dy;
        if (distance > square && !(radius < 1 && distance < 0.5)) continue;
        const i = row * width + column;
        if (this.tool === "eraser") levels[i] = first[i];
        else if (this.tool === "band") {
          const share = (Math.sqrt(distance) / radius - CORE) / (1 - CORE);
          if (share <= 0 || edges[i] > EDGE[0] + (EDGE[1] - EDGE[0]) * share) levels[i] = UNKNOWN;
        } else levels[i] = value;
      }
    }
    this.dirty = join(this.dirty, box);
    this.unsent = join(this.unsent, box);
  }
}
