// A picture that is open: its pixels, its trimap, the result, and canvases that show them.

import { cut, whole } from "./rectangles.js";

export const BG = 0, UNKNOWN = 128, FG = 255;
// Tints over the picture: background darkened, unknown blue, foreground almost as it is. Little-endian ABGR.
const TINTS = { [BG]: 0xb8140f0d, [UNKNOWN]: 0x85ff8a3c, [FG]: 0x1c66e0ff };

function sheet(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  return canvas.getContext("2d", { willReadFrequently: false });
}

export class Picture {
  constructor(about, image, levels, server) {
    Object.assign(this, about, { image, levels, server });
    this.shadow = levels.slice(); // the trimap before the stroke that is being drawn
    this.first = levels.slice(); // what the eraser brings back
    this.cutout = sheet(this.width, this.height);
    this.alpha = sheet(this.width, this.height);
    this.tint = sheet(this.width, this.height);
    this.grey = sheet(this.width, this.height);
    this.alphas = new Uint8Array(this.width * this.height);
    this.applied = 0;
    this.showTrimap(whole(this));
  }

  // Colour the trimap's canvases anew in a rectangle.
  showTrimap(rectangle) {
    const { x, y, width, height } = rectangle;
    const tint = new ImageData(width, height), grey = new ImageData(width, height);
    const tints = new Uint32Array(tint.data.buffer), greys = new Uint32Array(grey.data.buffer);
    const levels = cut(this.levels, this.width, rectangle);
    for (let i = 0; i < levels.length; i++) {
      tints[i] = TINTS[levels[i]];
      greys[i] = 0xff000000 | (levels[i] * 0x10101);
    }
    this.tint.putImageData(tint, x, y);
    this.grey.putImageData(grey, x, y);
  }

  // Take a patch of the result; return whether it is newer than all that was taken.
  take({ x, y, width, height, pixels, order }) {
    if (order < this.applied) return false;
    this.applied = order;
    this.cutout.putImageData(new ImageData(pixels, width, height), x, y);
    const shown = new ImageData(width, height), words = new Uint32Array(shown.data.buffer);
    for (let row = 0, i = 0; row < height; row++) {
      const start = (y + row) * this.width + x;
      for (let column = 0; column < width; column++, i++) {
        const value = pixels[4 * i + 3];
        words[i] = 0xff000000 | (value * 0x10101);
        this.alphas[start + column] = value;
      }
    }
    this.alpha.putImageData(shown, x, y);
    return true;
  }

  // Forget the canvases' memory: browsers keep it long.
  close() {
    for (const context of [this.cutout, this.alpha, this.tint, this.grey]) context.canvas.width = 0;
    this.image.close();
  }
}
