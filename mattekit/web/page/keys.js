// Keys: tools, sizes, undo, zoom, pictures; and a brush that arrows move.

const TOOLS = { f: "fg", b: "bg", u: "unknown", n: "band", e: "eraser", g: "fill", h: "hand" };

// acts: functions by name, see main.js.
export function listen(view, pointers, acts) {
  addEventListener("keydown", (event) => {
    if (event.target.matches("input:not([type=range], [type=radio]), select") || document.querySelector("dialog[open]")) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const act = (event.ctrlKey || event.metaKey ? withControl : plain)(key, event, view, pointers, acts);
    if (!act) return;
    event.preventDefault();
    act();
  });
  addEventListener("keyup", (event) => {
    if (event.key === " ") hold(view, pointers, false);
  });
  addEventListener("blur", () => hold(view, pointers, false));
}

function hold(view, pointers, held) {
  pointers.space = held;
  for (const canvas of view.panes) canvas.classList.toggle("hand", held || pointers.hands.tool() === "hand");
}

function withControl(key, event, view, pointers, acts) {
  if (key === "z") return event.shiftKey ? acts.redo : acts.undo;
  return key === "y" ? acts.redo : null;
}

function plain(key, event, view, pointers, acts) {
  const onCanvas = event.target instanceof HTMLCanvasElement;
  if (event.altKey) return null;
  if (TOOLS[key]) return () => acts.choose(TOOLS[key]);
  if (event.shiftKey && key === "Enter") return acts.finish;
  if (onCanvas && key.startsWith("Arrow")) return () => moveBrush(key, event.shiftKey, view, acts);
  if (onCanvas && key === "Enter") return acts.dab;
  if (key === " ") return event.target.matches("button, summary") ? null : () => hold(view, pointers, true);
  if (key === "Escape") return () => acts.escape();
  return {
    "[": () => acts.resize(1 / 1.15), "]": () => acts.resize(1.15),
    "+": () => view.step(1), "=": () => view.step(1), "-": () => view.step(-1), 0: () => view.fit(), 1: () => view.actual(),
    v: acts.turnRight, l: acts.turnLeft, t: acts.toggleTint,
    PageUp: () => acts.turn(-1), PageDown: () => acts.turn(1), "?": acts.help,
  }[key] || null;
}

function moveBrush(key, byPixel, view, acts) {
  if (!view.picture) return;
  const step = byPixel ? 1 : Math.max(1, view.size / 2);
  const [x, y] = view.cursor || [view.picture.width / 2, view.picture.height / 2];
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  view.cursor = [
    Math.min(view.picture.width - 0.5, Math.max(0.5, x + dx * step)),
    Math.min(view.picture.height - 0.5, Math.max(0.5, y + dy * step)),
  ];
  acts.place(...view.cursor);
  view.draw();
}
