// One view for all panes: the picture's point in their middle, and how many screen pixels a picture's pixel takes.
const view = { x: 0, y: 0, scale: 1, fitted: true, cursor: null };
const show = {
  picture: null, pack: null, mode: 0, kind: 0, largest: DATA.range, checkers: true, behind: "#3a7d44", split: 0.5, sides: [],
};
const KINDS = ["alpha", "error", "composite"];
let panes = [];
let drawing = false;

function redraw() {
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    if (show.pack) panes.forEach(drawPane);
    byId("zoom").textContent = `${Math.round(view.scale * 100)} %`;
  });
}

// A pane shows one layer, or two with a divider between them.
function makePane(title, layers, note = "") {
  const canvas = make("canvas", { role: "img", "aria-label": [title, note].filter(Boolean).join(", ") });
  const reading = make("span", { class: "value" }, note);
  const element = make("figure", { class: "pane" },
    make("figcaption", {}, make("bdi", { title }, title), reading), make("div", { class: "view" }, canvas));
  const pane = { element, canvas, reading, note, layers };
  movable(pane);
  return pane;
}

function drawPane(pane) {
  const { canvas, layers } = pane;
  const ratio = devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingEnabled = view.scale * ratio < 2;
  context.imageSmoothingQuality = "high";
  layers.forEach(([kind, method], i) => {
    const split = layers.length > 1 ? width * show.split : null;
    context.save();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.beginPath();
    context.rect(i ? split : 0, 0, split === null ? width : i ? width - split : split, height);
    context.clip();
    drawLayer(context, kind, method, width, height);
    context.restore();
  });
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  if (view.cursor) drawCursor(context, width, height);
}

function drawLayer(context, kind, method, width, height) {
  const { pack } = show;
  const source = layer(pack, kind, method, show.largest);
  const [left, top] = [width / 2 - view.x * view.scale, height / 2 - view.y * view.scale];
  context.translate(left, top);
  if (kind === "composite" && source) drawBehind(context, pack.width * view.scale, pack.height * view.scale);
  if (!source) return;
  context.scale(view.scale, view.scale);
  context.drawImage(source, 0, 0);
}

function drawBehind(context, width, height) {
  context.fillStyle = show.checkers ? checkerboard(context) : show.behind;
  context.fillRect(0, 0, width, height);
}

function checkerboard(context) {
  const tile = new OffscreenCanvas(24, 24);
  const inner = tile.getContext("2d");
  for (const [colour, x, y] of [["#fff", 0, 0], ["#fff", 12, 12], ["#c4c4c4", 12, 0], ["#c4c4c4", 0, 12]]) {
    inner.fillStyle = colour;
    inner.fillRect(x, y, 12, 12);
  }
  return context.createPattern(tile, "repeat");
}

function drawCursor(context, width, height) {
  const x = width / 2 + (view.cursor.x + 0.5 - view.x) * view.scale;
  const y = height / 2 + (view.cursor.y + 0.5 - view.y) * view.scale;
  for (const [colour, line] of [["#000a", 3], ["#fff", 1]]) {
    context.strokeStyle = colour;
    context.lineWidth = line;
    context.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      const near = Math.max(4, view.scale / 2 + 2);
      context.moveTo(x + dx * near, y + dy * near);
      context.lineTo(x + dx * (near + 7), y + dy * (near + 7));
    }
    context.stroke();
  }
}

// Zooms by a factor about a point of a pane, given from its middle in screen pixels.
function zoomBy(factor, dx = 0, dy = 0) {
  const scale = Math.min(64, Math.max(0.02, view.scale * factor));
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  Object.assign(view, { scale, fitted: false });
  redraw();
}

function pan(dx, dy) {
  view.x -= dx / view.scale;
  view.y -= dy / view.scale;
  view.fitted = false;
  redraw();
}

function fit() {
  const canvas = panes[0]?.canvas;
  if (!canvas || !show.pack) return;
  const { width, height } = show.pack;
  const scale = Math.min(canvas.clientWidth / width, canvas.clientHeight / height) || 1;
  Object.assign(view, { x: width / 2, y: height / 2, scale: Math.min(scale, 8), fitted: true });
  redraw();
}

function fullSize() {
  zoomBy(1 / view.scale);
}

// Readings of all panes at the pixel under the pointer; their notes without one.
function point(pane, event) {
  const box = pane.canvas.getBoundingClientRect();
  const x = Math.floor(view.x + (event.clientX - box.left - box.width / 2) / view.scale);
  const y = Math.floor(view.y + (event.clientY - box.top - box.height / 2) / view.scale);
  const { pack } = show;
  const inside = pack && x >= 0 && y >= 0 && x < pack.width && y < pack.height;
  view.cursor = inside ? { x, y } : null;
  tellReadings();
}

function tellReadings() {
  for (const { reading: text, note, layers } of panes) {
    const words = view.cursor && layers.map(([kind, method]) => reading(show.pack, kind, method, view.cursor.x, view.cursor.y));
    text.textContent = words ? words.join(" | ") : note;
  }
  byId("viewer-note").textContent = view.cursor ? `x ${view.cursor.x}, y ${view.cursor.y}` : viewerNote();
  redraw();
}
