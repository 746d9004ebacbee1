// The viewer of one picture: all of it side by side, or any two with a divider between them.
const MODES = ["Side by side", "Slider"];
const SCALES = [0.1, 0.25, 0.5, 1];
const KEYS = [
  ["← →", "previous, next picture"], ["A E C", "alpha, error, composite"], ["S", "slider, side by side"],
  ["+ −", "zoom"], ["0, 1", "whole picture, one pixel to one"], ["Shift ← ↑ ↓ →", "pan"], ["B", "checkerboard or colour"],
  ["Esc", "close"],
];

async function openPicture(picture) {
  const viewer = byId("viewer");
  if (!viewer.open) viewer.showModal();
  const same = show.picture === picture && show.pack;
  Object.assign(show, { picture, pack: null });
  view.cursor = null;
  const { label } = PICTURES[picture];
  byId("viewer-title").replaceChildren(make("bdi", {}, label));
  const place = listed.indexOf(picture);
  byId("viewer-place").textContent = place < 0 ? "" : `${(place + 1).toLocaleString("en")} of ${listed.length.toLocaleString("en")}`;
  history.replaceState(null, "", `#${encodeURIComponent(label)}`);
  try {
    const pack = await loaded(picture);
    if (show.picture !== picture || !viewer.open) return;
    show.pack = pack;
    arrange();
    if (!same) fit();
    const next = listed[place + 1];
    if (next !== undefined && PICTURES[next].size) loaded(next).catch(() => {});
  } catch (error) {
    panes = [];
    byId("stage").replaceChildren();
    byId("viewer-note").textContent = `This picture cannot be shown: ${error.message}.`;
  }
}

function layersOf(pack) {
  const list = [["image", -1, "image"], ["trimap", -1, "trimap"], ["truth", -1, "truth"]]
    .filter(([kind]) => pack[kind]);
  const possible = { alpha: true, error: pack.truth, composite: pack.front };
  for (const kind of KINDS.filter((name) => possible[name])) {
    METHODS.forEach((name, m) => pack.alphas[m] && list.push([kind, m, `${kind} ${SEVERAL ? `of ${name}` : ""}`.trim()]));
    if (kind === "composite" && pack.truth) list.push([kind, -1, "composite of the truth"]);
  }
  return list;
}

function scoreNote(m) {
  const number = value(m, show.picture);
  return number === null ? "" : `${METRICS[state.metric].label} ${format(number)}`;
}

// Makes the panes for the mode and kind that are chosen.
function arrange() {
  const { pack, picture } = show;
  const kind = KINDS[show.kind];
  const stage = byId("stage");
  byId("kind-choice").hidden = show.mode === 1 || !pack.truth;
  byId("sides").hidden = show.mode === 0;
  byId("kind-choice").querySelectorAll("input")[2].disabled = !pack.front;
  if (show.mode === 1) {
    const layers = layersOf(pack);
    const ids = layers.map(([name, m]) => `${name} ${m}`);
    const usual = { alpha: ["truth -1", "alpha 0"], error: ["error 0", "error 1"], composite: ["composite -1", "composite 0"] };
    ["left", "right"].forEach((side, i) => {
      if (!ids.includes(show.sides[i])) show.sides[i] = usual[kind].concat(ids).slice(i).find((id) => ids.includes(id));
      options(byId(side), layers.map(([, , label], k) => [ids[k], label]), show.sides[i]);
    });
    const pair = show.sides.map((id) => layers[ids.indexOf(id)]);
    const pane = makePane(pair.map(([, , label]) => label).join(" | "), pair);
    pane.element.querySelector(".view").append(divider(pane));
    panes = [pane];
  } else {
    panes = sideBySide(pack, kind);
  }
  const uses = (wanted) => panes.some(({ layers }) => layers.some(([name]) => name === wanted));
  byId("scale-field").hidden = !uses("error");
  byId("behind-field").hidden = !uses("composite");
  stage.replaceChildren(...panes.map(({ element }) => element));
  columns(stage, pack);
  byId("viewer-note").textContent = viewerNote();
  if (PICTURES[picture]) redraw();
}

function sideBySide(pack, kind) {
  const composite = kind === "composite" && pack.front;
  const given = [
    ...(pack.image ? [makePane("image", [["image", -1]])] : []),
    ...(pack.trimap ? [makePane("trimap", [["trimap", -1]])] : []),
  ];
  if (!pack.truth) {
    return [...given, makePane("alpha", [["alpha", 0]]), ...(pack.front ? [makePane("cut-out", [["composite", 0]])] : [])];
  }
  return [...given, makePane(composite ? "truth, composite" : "truth", [[composite ? "composite" : "truth", -1]]),
    ...METHODS.flatMap((name, m) => (pack.alphas[m] ? [makePane(SEVERAL ? name : kind, [[kind, m]], scoreNote(m))] : []))];
}

// As many columns as let the picture be largest.
function columns(stage, pack) {
  const { clientWidth, clientHeight } = stage;
  let best = { scale: 0, count: 1 };
  for (let count = 1; count <= panes.length; count++) {
    const rows = Math.ceil(panes.length / count);
    const scale = Math.min(clientWidth / count / pack.width, (clientHeight / rows - 26) / pack.height);
    if (scale > best.scale) best = { scale, count };
  }
  stage.style.gridTemplateColumns = `repeat(${best.count}, minmax(0, 1fr))`;
  stage.style.gridAutoRows = "minmax(0, 1fr)";
}

function viewerNote() {
  const { size, reduced } = PICTURES[show.picture];
  const smaller = reduced > 1 ? `, shown at 1/${reduced} of that, as it is large` : "";
  return `${size[1]} × ${size[0]} pixels${smaller}. Drag to pan, scroll to zoom, all together; ? for the keys.`;
}

function step(by) {
  const next = listed[listed.indexOf(show.picture) + by];
  if (next !== undefined) openPicture(next);
}

function closed() {
  Object.assign(show, { picture: null, pack: null });
  panes = [];
  byId("stage").replaceChildren();
  history.replaceState(null, "", location.pathname + location.search);
}
