// The two panes: zoom and pan, which they share, and what each draws.

const STEPS = 1.25;
const MOST = 64; // screen pixels for a pixel

function checkerboard() {
  const tile = new OffscreenCanvas(24, 24), context = tile.getContext("2d");
  context.fillStyle = "#cdcdd1";
  context.fillRect(0, 0, 24, 24);
  context.fillStyle = "#98989e";
  context.fillRect(0, 0, 12, 12);
  context.fillRect(12, 12, 12, 12);
  return tile;
}

export class View {
  constructor(panes, drawn) {
    Object.assign(this, { panes, drawn, picture: null, scale: 1, x: 0, y: 0, cursor: null, box: null, due: false });
    Object.assign(this, { left: "overlay", right: "cutout", tint: 0.8, tinted: true, behind: "checker", scene: null, size: 40 });
    this.checker = checkerboard();
    new ResizeObserver(() => this.resize()).observe(panes[0]);
    new ResizeObserver(() => this.resize()).observe(panes[1]);
  }

  open(picture) {
    this.picture = picture;
    this.fitted = true;
    this.fit();
  }

  resize() {
    for (const canvas of this.panes) {
      const ratio = devicePixelRatio || 1, box = canvas.getBoundingClientRect();
      const width = Math.max(1, Math.round(box.width * ratio)), height = Math.max(1, Math.round(box.height * ratio));
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    if (this.fitted) this.fit();
    this.draw();
  }

  fit() {
    if (!this.picture) return;
    const { width, height } = this.panes[0].getBoundingClientRect(), margin = width > 500 ? 24 : 6;
    this.scale = Math.min((width - 2 * margin) / this.picture.width, (height - 2 * margin) / this.picture.height);
    this.x = (width - this.picture.width * this.scale) / 2;
    this.y = (height - this.picture.height * this.scale) / 2;
    this.fitted = true;
    this.draw();
  }

  // Zoom by a factor about a place of a pane, its middle unless given.
  zoom(factor, at) {
    const { width, height } = this.panes[0].getBoundingClientRect(), [cx, cy] = at || [width / 2, height / 2];
    const least = Math.min(1, width / this.picture.width, height / this.picture.height) / 4;
    const scale = Math.min(MOST, Math.max(least, this.scale * factor)), ratio = scale / this.scale;
    this.x = cx - (cx - this.x) * ratio;
    this.y = cy - (cy - this.y) * ratio;
    this.scale = scale;
    this.fitted = false;
    this.draw();
  }

  step(direction) { this.zoom(STEPS ** direction); }

  // One pixel of the picture to one of the screen.
  actual() { this.zoom(1 / (devicePixelRatio || 1) / this.scale); }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
    this.draw();
  }

  // Place in pixels of the picture of a place in a pane.
  place(x, y) { return [(x - this.x) / this.scale, (y - this.y) / this.scale]; }

  draw() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      if (!this.picture) return;
      this.panes.forEach((canvas, index) => this.paint(canvas, index === 0));
      this.drawn();
    });
  }

  paint(canvas, left) {
    const context = canvas.getContext("2d"), ratio = devicePixelRatio || 1, { picture } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, canvas.width, canvas.height);
    const scale = this.scale * ratio, x = Math.round(this.x * ratio), y = Math.round(this.y * ratio);
    const width = Math.round(picture.width * scale), height = Math.round(picture.height * scale);
    context.imageSmoothingEnabled = scale < 2;
    context.imageSmoothingQuality = scale < 0.5 ? "high" : "low";
    const show = (source) => context.drawImage(source, x, y, width, height);
    if (left) this.paintTrimap(context, show);
    else this.paintResult(context, show, { x, y, width, height });
    this.paintCursor(context, ratio);
  }

  paintTrimap(context, show) {
    if (this.left === "trimap") return show(this.picture.grey.canvas);
    show(this.picture.image);
    if (this.left === "overlay" && this.tinted) {
      context.globalAlpha = this.tint;
      show(this.picture.tint.canvas);
      context.globalAlpha = 1;
    }
  }

  paintResult(context, show, box) {
    if (this.right === "alpha") return show(this.picture.alpha.canvas);
    context.save();
    context.beginPath();
    context.rect(box.x, box.y, box.width, box.height);
    context.clip();
    if (this.behind === "picture" && this.scene) {
      const scale = Math.max(box.width / this.scene.width, box.height / this.scene.height);
      const width = this.scene.width * scale, height = this.scene.height * scale;
      context.drawImage(this.scene, box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height);
    } else {
      const pattern = this.behind === "checker" || this.behind === "picture" ? context.createPattern(this.checker, "repeat") : this.behind;
      context.fillStyle = pattern;
      context.fillRect(box.x, box.y, box.width, box.height);
    }
    context.restore();
    show(this.picture.cutout.canvas);
  }

  paintCursor(context, ratio) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const lines = (path) => {
      for (const [colour, width] of [["rgb(0 0 0 / 65%)", 3], ["#fff", 1.2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        path();
        context.stroke();
      }
    };
    if (this.box) {
      const { x, y, width, height } = this.box;
      lines(() => context.rect(x * this.scale + this.x, y * this.scale + this.y, width * this.scale, height * this.scale));
    }
    if (!this.cursor) return;
    const [x, y] = [this.cursor[0] * this.scale + this.x, this.cursor[1] * this.scale + this.y];
    lines(() => context.arc(x, y, Math.max(2, (this.size / 2) * this.scale), 0, 2 * Math.PI));
  }
}
