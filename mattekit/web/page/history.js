// Undo and redo: what each change was, before and after, within a bound of memory.

import { cut, paste } from "./rectangles.js";

const MOST = 256 << 20; // bytes

export class History {
  constructor(picture) {
    Object.assign(this, { picture, done: [], undone: [], bytes: 0 });
  }

  // Remember a change of the trimap in a rectangle; return whether there was one.
  commit(box) {
    const { levels, shadow, width } = this.picture;
    const before = cut(shadow, width, box), after = cut(levels, width, box);
    if (before.every((value, i) => value === after[i])) return false;
    paste(shadow, width, box, after);
    this.done.push({ box, before, after });
    this.undone = [];
    this.bytes += 2 * before.length;
    while (this.bytes > MOST && this.done.length > 1) this.bytes -= 2 * this.done.shift().before.length;
    return true;
  }

  // Undo or redo the last change; return its rectangle, null if there is none.
  undo() { return this.move(this.done, this.undone, "before"); }
  redo() { return this.move(this.undone, this.done, "after"); }

  move(from, to, side) {
    const change = from.pop();
    if (!change) return null;
    to.push(change);
    const { levels, shadow, width } = this.picture;
    for (const bytes of [levels, shadow]) paste(bytes, width, change.box, change[side]);
    return change.box;
  }
}
