// Mouse, pen and fingers on the panes: strokes, boxes, moving, zooming.

import { Stroke } from "./brush.js";

const PINCH = 2; // fingers

export class Pointers {
  // hands: { tool(), size(), begin(), stroke(stroke), end(stroke), place(x, y), fill(x, y), box(box) | null }
  constructor(view, hands) {
    Object.assign(this, { view, hands, down: new Map(), stroke: null, moving: null, space: false, asking: null });
    for (const canvas of view.panes) {
      canvas.addEventListener("pointerdown", (event) => this.press(canvas, event));
      canvas.addEventListener("pointermove", (event) => this.move(canvas, event));
      canvas.addEventListener("pointerup", (event) => this.lift(event));
      canvas.addEventListener("pointercancel", (event) => this.lift(event));
      canvas.addEventListener("pointerleave", () => { if (!this.stroke) { view.cursor = null; view.draw(); } });
      canvas.addEventListener("wheel", (event) => this.wheel(canvas, event), { passive: false });
      canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    }
  }

  at(canvas, event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  press(canvas, event) {
    if (!this.view.picture) return;
    canvas.setPointerCapture(event.pointerId);
    this.down.set(event.pointerId, this.at(canvas, event));
    if (this.down.size === PINCH) return this.pinch();
    const [x, y] = this.at(canvas, event), place = this.view.place(x, y);
    if (event.button === 1 || this.space || (this.hands.tool() === "hand" && !this.asking) || event.button === 2) {
      this.moving = [x, y];
      canvas.classList.add("held");
    } else if (this.asking) {
      this.corner = place;
    } else if (this.hands.tool() === "fill") {
      this.hands.fill(...place);
    } else if (event.button === 0) {
      this.stroke = new Stroke(this.view.picture, this.hands.tool(), this.hands.size());
      this.stroke.to(...place, pressure(event));
      this.hands.stroke(this.stroke);
    }
  }

  // A second finger: what the first one drew is taken back.
  pinch() {
    if (this.stroke) this.hands.end(this.stroke, true);
    this.stroke = this.moving = null;
    this.spread = this.fingers();
  }

  fingers() {
    const [[x0, y0], [x1, y1]] = [...this.down.values()];
    return { x: (x0 + x1) / 2, y: (y0 + y1) / 2, apart: Math.hypot(x1 - x0, y1 - y0) };
  }

  move(canvas, event) {
    if (!this.view.picture) return;
    const [x, y] = this.at(canvas, event);
    if (this.down.has(event.pointerId)) this.down.set(event.pointerId, [x, y]);
    if (this.down.size === PINCH && this.spread) {
      const now = this.fingers();
      this.view.pan(now.x - this.spread.x, now.y - this.spread.y);
      if (this.spread.apart) this.view.zoom(now.apart / this.spread.apart, [now.x, now.y]);
      this.spread = now;
      return;
    }
    const place = this.view.place(x, y);
    this.view.cursor = this.asking || this.hands.tool() === "hand" ? null : place;
    if (this.moving) {
      this.view.pan(x - this.moving[0], y - this.moving[1]);
      this.moving = [x, y];
    } else if (this.corner) {
      this.view.box = this.boxed(place);
    } else if (this.stroke) {
      const events = event.getCoalescedEvents?.() || [];
      for (const each of events.length ? events : [event]) this.stroke.to(...this.view.place(...this.at(canvas, each)), pressure(each));
      this.hands.stroke(this.stroke);
    }
    this.hands.place(...place);
    this.view.draw();
  }

  lift(event) {
    this.down.delete(event.pointerId);
    for (const canvas of this.view.panes) canvas.classList.remove("held");
    if (this.stroke) this.hands.end(this.stroke, false);
    if (this.corner && this.view.box) {
      const { asking } = this;
      this.ask(null);
      asking(this.boxedPixels);
    }
    this.stroke = this.moving = this.corner = this.view.box = null;
    if (!this.down.size) this.spread = null;
    this.view.draw();
  }

  // Let the next drag be a box, given to a function.
  ask(asking) {
    this.asking = asking;
    for (const canvas of this.view.panes) canvas.classList.toggle("box", Boolean(asking));
  }

  boxed([x1, y1]) {
    const { width, height } = this.view.picture, [x0, y0] = this.corner;
    const left = Math.max(0, Math.floor(Math.min(x0, x1))), top = Math.max(0, Math.floor(Math.min(y0, y1)));
    const right = Math.min(width, Math.ceil(Math.max(x0, x1))), bottom = Math.min(height, Math.ceil(Math.max(y0, y1)));
    this.boxedPixels = { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
    return this.boxedPixels;
  }

  wheel(canvas, event) {
    if (!this.view.picture) return;
    event.preventDefault();
    const amount = Math.max(-1, Math.min(1, -(event.deltaY || event.deltaX) / 100));
    if (event.shiftKey) this.hands.resize(1.15 ** amount);
    else this.view.zoom(1.25 ** amount, this.at(canvas, event));
  }
}

// A pen's pressure; a mouse has none.
const pressure = (event) => (event.pointerType === "pen" ? event.pressure : 1);
