// The page: opens pictures and joins tools, panes, keys, history and server.

import * as api from "./api.js";
import { CLASSES, Stroke } from "./brush.js";
import { Follower } from "./follow.js";
import { History } from "./history.js";
import { listen } from "./keys.js";
import { Picture } from "./picture.js";
import { Pointers } from "./pointer.js";
import { cut, join, paste, whole } from "./rectangles.js";
import { fill, fillHoles } from "./regions.js";
import * as start from "./start.js";
import { View } from "./view.js";

const $ = (id) => document.getElementById(id);
const LIVE = 160; // milliseconds between parts of a stroke that are sent while it is drawn
const SIZES = 400; // steps of the size's slider, which is not even

let pictures = [], index = 0, picture = null, history = null, follower = null, opening = 0;
let tool = "unknown", painted = "unknown", size = 40, sent = 0;

const panes = [...document.querySelectorAll(".pane canvas")];
const view = new View(panes, () => { $("zoom-level").value = `${Math.round(view.scale * (devicePixelRatio || 1) * 100)} %`; });

function say(message) {
  $("toast").textContent = message;
  $("toast").hidden = false;
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { $("toast").hidden = true; }, 7000);
}

// Everything that is under way says so at its beginning and its end.
function busy(on) {
  busy.count = (busy.count || 0) + (on ? 1 : -1);
  $("progress").hidden = busy.count === 0;
  document.body.dataset.state = busy.count ? "busy" : "ready";
}

async function guarded(work) {
  busy(true);
  try {
    return await work();
  } catch (error) {
    say(error.message);
    return undefined;
  } finally {
    busy(false);
  }
}

// ---- pictures

async function open(id) {
  const turn = ++opening;
  await guarded(async () => {
    const server = api.picture(id);
    const [about, image, levels] = await Promise.all([server.about(), server.image(), server.levels()]);
    if (turn !== opening) return image.close();
    close();
    picture = new Picture(about, image, levels, server);
    history = new History(picture);
    follower = new Follower(picture, { busy, changed: () => view.draw(), saved: showSaved, failed: say, timed: (ms) => { document.body.dataset.stroke = Math.round(ms); } });
    $("drop").hidden = true;
    $("name").textContent = about.name;
    $("name").hidden = pictures.length > 0;
    document.title = `${about.name} – mattekit paint`;
    resize(Math.max(4, Math.round(Math.min(about.width, about.height) / 14)) / size);
    $("saved").textContent = [`${about.width} × ${about.height}`, about.depth === "8" ? "" : `${about.depth === "float" ? "float" : "16 bits"}`, about.note].filter(Boolean).join(" · ");
    $("saved").classList.remove("bad");
    showHistory();
    view.open(picture);
    if (levels.every((value) => value === levels[0])) say("Paint some foreground and some background, or start from a box or a mask.");
    const opened = follower;
    const patch = await server.result();
    if (patch && !opened.closed) {
      opened.take(patch);
      opened.refine();
    }
  });
}

function close() {
  follower?.close();
  view.picture = null;
  picture?.close();
}

function showPictures() {
  $("pager").hidden = !pictures.length;
  $("chooser").replaceChildren(...pictures.map(({ name, saved }, i) => new Option(`${name}${saved ? " ✓" : ""}`, i)));
  $("chooser").value = index;
  $("previous").disabled = index === 0;
  $("next").disabled = index === pictures.length - 1;
  for (const id of ["previous", "next"]) $(id).hidden = pictures.length < 2;
}

async function turn(by) {
  const next = Math.min(pictures.length - 1, Math.max(0, index + by));
  if (next === index || !pictures.length) return;
  index = next;
  showPictures();
  await open(pictures[index].id);
}

function showSaved({ done, error }) {
  $("saved").classList.toggle("bad", Boolean(error));
  $("saved").textContent = error ? `Not saved: ${error}` : done ? "Saved" : "Saving …";
  if (done && !error && pictures[index] && !pictures[index].saved) {
    pictures[index].saved = true;
    showPictures();
  }
}

// ---- painting

function showHistory() {
  $("undo").disabled = !history?.done.length;
  $("redo").disabled = !history?.undone.length;
}

// The trimap has changed in a rectangle: show and send it.
function changed(box) {
  picture.showTrimap(box);
  follower.changed(box);
  showHistory();
  if (pictures.length) showSaved({ done: false });
  view.draw();
}

// Make a change of a rectangle one step of the history.
function commit(box) {
  if (box && history.commit(box)) changed(box);
}

function travel(direction) {
  const box = picture && history[direction]();
  if (box) changed(box);
}

const hands = {
  tool: () => tool,
  size: () => size,
  place: showPlace,
  resize,
  fill: (x, y) => {
    if (x >= 0 && y >= 0 && x < picture.width && y < picture.height) commit(fill(picture, x, y, CLASSES[painted] ?? CLASSES.unknown));
  },
  stroke: (stroke) => {
    if (!stroke.unsent) return;
    picture.showTrimap(stroke.unsent);
    view.draw();
    stroke.waiting = join(stroke.waiting, stroke.unsent);
    stroke.unsent = null;
    if (performance.now() - sent < LIVE || follower.sending) return;
    sent = performance.now();
    follower.changed(stroke.waiting);
    stroke.waiting = null;
  },
  end: (stroke, taken) => {
    if (!stroke.dirty) return;
    if (taken) {
      paste(picture.levels, picture.width, stroke.dirty, cut(picture.shadow, picture.width, stroke.dirty));
      changed(stroke.dirty);
    } else commit(stroke.dirty);
  },
};

const pointers = new Pointers(view, hands);

function showPlace(x, y) {
  const inside = picture && x >= 0 && y >= 0 && x < picture.width && y < picture.height;
  const value = inside ? picture.alphas[Math.floor(y) * picture.width + Math.floor(x)] : 0;
  $("where").textContent = inside ? `${Math.floor(x)}, ${Math.floor(y)}   alpha ${(value / 255).toFixed(2)}` : "";
}

function choose(name) {
  tool = name;
  if (CLASSES[name] !== undefined) painted = name;
  for (const button of $("tool-group").children) {
    const chosen = button.dataset.tool === name;
    button.setAttribute("aria-checked", chosen);
    button.tabIndex = chosen ? 0 : -1;
  }
  for (const canvas of panes) canvas.classList.toggle("hand", name === "hand");
  view.draw();
}

// The brush's size in pixels of the picture; the slider's steps grow with it.
function resize(factor) {
  size = Math.min(4000, Math.max(1, size * factor));
  view.size = size;
  $("size").value = Math.round((SIZES * Math.log(size)) / Math.log(1000));
  $("size-out").value = `${size < 10 ? size.toFixed(1) : Math.round(size)} px`;
  view.draw();
}

// ---- starts, downloads

// Let the server make the trimap of a source, and take its result: there is no stroke whose answer brings it.
function begin(entries) {
  const of = picture, following = follower;
  return guarded(async () => {
    const levels = await of.server.start(start.form(entries));
    if (following.closed) return;
    use(levels);
    following.take(await of.server.result());
    following.refine();
    following.watch();
  });
}

const band = () => ({ band: $("band").value });

// Put a whole trimap in place of the present one; the eraser goes back to it.
function use(levels) {
  picture.levels.set(levels);
  picture.first.set(levels);
  if (!history.commit(whole(picture))) return;
  picture.showTrimap(whole(picture));
  showHistory();
  if (pictures.length) showSaved({ done: false });
}

const starts = {
  box: () => {
    say("Drag a box around the subject.");
    pointers.ask(({ x, y, width, height }) => begin({ box: [x, y, width, height].join(), ...band() }));
  },
  grow: () => {
    const points = start.points(picture);
    if (!points.includes("+")) return say("Paint some foreground first, and some background.");
    return begin({ points, ...band() });
  },
  screen: () => begin({ screen: "auto" }),
  clear: () => {
    use(start.nothing(picture));
    follower.changed(whole(picture));
  },
};

function chooseFile(name) {
  $("start-file").onchange = () => {
    const [file] = $("start-file").files;
    $("start-file").value = "";
    if (file) begin({ [name]: file, ...(name === "mask" ? band() : {}) });
  };
  $("start-file").click();
}

async function download(kind) {
  const format = $("format").value, of = picture;
  await guarded(async () => {
    const { name, blob } = await of.server.download(kind, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    const patch = kind === "trimap" || picture !== of ? null : await of.server.result();
    if (patch) follower.take(patch);
  });
}

const finish = () => picture && guarded(async () => {
  const patch = await picture.server.finish();
  if (patch) follower.take(patch);
});

// ---- what is on the page

function wire() {
  $("tool-group").addEventListener("click", (event) => { const button = event.target.closest("[data-tool]"); if (button) choose(button.dataset.tool); });
  $("tool-group").addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const buttons = [...$("tool-group").children], next = buttons.at((buttons.indexOf(event.target) + by) % buttons.length);
    choose(next.dataset.tool);
    next.focus();
  });
  $("undo").onclick = () => travel("undo");
  $("redo").onclick = () => travel("redo");
  $("previous").onclick = () => turn(-1);
  $("next").onclick = () => turn(1);
  $("chooser").onchange = () => turn(Number($("chooser").value) - index);
  $("size").oninput = () => resize(1000 ** ($("size").value / SIZES) / size);
  $("tint").oninput = () => { view.tint = $("tint").value / 100; view.draw(); };
  $("holes").onclick = () => picture && commit(fillHoles(picture, Math.PI * (size / 2) ** 2));
  $("finish").onclick = finish;
  $("zoom-in").onclick = () => view.step(1);
  $("zoom-out").onclick = () => view.step(-1);
  $("zoom-fit").onclick = () => view.fit();
  $("zoom-one").onclick = () => view.actual();
  $("help").onclick = () => $("keys").showModal();
  for (const side of ["left", "right"]) for (const input of document.getElementsByName(side)) input.onchange = () => { view[side] = input.value; view.draw(); };
  for (const menu of document.querySelectorAll(".menu")) {
    menu.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      menu.open = false;
      if (!picture) return;
      if (button.dataset.download) download(button.dataset.download);
      else if (starts[button.dataset.start]) starts[button.dataset.start]();
      else chooseFile(button.dataset.start);
    });
    menu.addEventListener("toggle", () => { if (menu.open) for (const other of document.querySelectorAll(".menu")) if (other !== menu) other.open = false; });
  }
  addEventListener("pointerdown", (event) => { for (const menu of document.querySelectorAll(".menu[open]")) if (!menu.contains(event.target)) menu.open = false; });
  wireBackdrops();
  wireUploads();
}

function wireBackdrops() {
  const show = (value) => {
    view.behind = value === "colour" ? $("colour").value : value;
    if (value === "picture" && !view.scene) $("behind-file").click();
    view.draw();
  };
  for (const input of document.getElementsByName("behind")) {
    input.onchange = () => show(input.value);
    input.onclick = () => { if (input.value === "picture" && view.scene) $("behind-file").click(); };
  }
  $("colour").oninput = () => { document.querySelector("[name=behind][value=colour]").checked = true; show("colour"); };
  $("behind-file").onchange = async () => {
    const [file] = $("behind-file").files;
    $("behind-file").value = "";
    if (!file) return;
    try {
      view.scene = await createImageBitmap(file);
      view.draw();
    } catch {
      say(`${file.name}: this browser cannot show it. Choose a JPEG, PNG or WebP.`);
    }
  };
}

function wireUploads() {
  const take = (file) => file && guarded(async () => {
    const { id } = await api.upload(file);
    await open(id);
  });
  $("upload").onchange = () => take($("upload").files[0]);
  addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
  addEventListener("dragleave", () => $("drop").classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
    if (!pictures.length) take(event.dataTransfer.files[0]);
  });
}

const pick = (name, by) => {
  const inputs = [...document.getElementsByName(name)], at = inputs.findIndex((input) => input.checked);
  const next = inputs[(at + by) % inputs.length];
  next.checked = true;
  view[name] = next.value;
  view.draw();
};

wire();
choose("unknown");
listen(view, pointers, {
  choose, resize, turn, finish, place: showPlace,
  undo: () => travel("undo"), redo: () => travel("redo"),
  turnLeft: () => pick("left", 1), turnRight: () => pick("right", 1),
  toggleTint: () => { view.tinted = !view.tinted; view.draw(); },
  help: () => $("keys").showModal(),
  escape: () => { pointers.ask(null); for (const menu of document.querySelectorAll(".menu[open]")) menu.open = false; },
  dab: () => {
    if (!view.cursor || !picture) return;
    if (tool === "fill") return hands.fill(...view.cursor);
    if (tool === "hand") return undefined;
    const stroke = new Stroke(picture, tool, size);
    stroke.to(...view.cursor);
    return hands.end(stroke, false);
  },
});

const listed = await guarded(api.list);
if (listed) {
  pictures = listed.pictures;
  showPictures();
  $("drop").hidden = pictures.length > 0;
  if (pictures.length) await open(pictures[0].id);
}
