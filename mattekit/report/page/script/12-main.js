// Wires the page's controls to what they show.
const DO = {
  previous: () => step(-1), next: () => step(1), close: () => byId("viewer").close(), help: toggleHelp, fit, full: fullSize,
  in: () => zoomBy(1.5), out: () => zoomBy(1 / 1.5),
};
const KEY = {
  ArrowLeft: DO.previous, ArrowRight: DO.next, "+": DO.in, "=": DO.in, "-": DO.out, 0: fit, 1: fullSize, "?": toggleHelp,
  a: () => choose(byId("kind-choice"), 0), e: () => choose(byId("kind-choice"), 1), c: () => choose(byId("kind-choice"), 2),
  s: () => choose(byId("mode-choice"), 1 - show.mode), b: () => byId("checkers").click(),
};
const PAN = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function update() {
  const pictures = chosen();
  byId("count").textContent = pictures.length === PICTURES.length ? counted(pictures.length, "picture")
    : `${pictures.length.toLocaleString("en")} of ${counted(PICTURES.length, "picture")}`;
  showPictures(pictures);
  showHistogram(pictures);
  showScatter(pictures);
}

function toggleHelp() {
  const keys = byId("keys");
  keys.hidden = !keys.hidden;
}

function startControls() {
  choice(byId("metric-choice"), METRICS.map(({ label }) => label), 0, (i) => {
    state.metric = i;
    showGroups();
    update();
  });
  byId("find").addEventListener("input", (event) => { state.find = event.target.value; update(); });
  byId("order").addEventListener("change", (event) => {
    const by = event.target.value;
    setOrder(/^\d+$/.test(by) ? Number(by) : by);
  });
  byId("logarithmic").addEventListener("change", (event) => { state.logarithmic = event.target.checked; update(); });
  byId("thumbnails").addEventListener("change", (event) => {
    byId("pictures").classList.toggle("without-errors", !event.target.checked);
  });
  const groups = (ENTRIES[0].groups ?? []).map(({ group }) => group);
  byId("group-field").hidden = !groups.length;
  options(byId("group"), [["", "all"], ...groups.map((name) => [name, name])], "");
  byId("group").addEventListener("change", (event) => { state.group = event.target.value; update(); });
  byId("download").addEventListener("click", download);
}

function startViewer() {
  choice(byId("mode-choice"), MODES, 0, (i) => { show.mode = i; arrange(); if (view.fitted) fit(); });
  choice(byId("kind-choice"), ["Alpha", "Error", "Composite"], 0, (i) => { Object.assign(show, { kind: i, sides: [] }); arrange(); });
  ["left", "right"].forEach((side, i) => byId(side).addEventListener("change", (event) => {
    show.sides[i] = event.target.value;
    arrange();
  }));
  options(byId("scale"), SCALES.map((largest) => [largest, `±${largest}`]), show.largest);
  byId("scale").addEventListener("change", (event) => { show.largest = Number(event.target.value); redraw(); });
  byId("checkers").addEventListener("change", (event) => { show.checkers = event.target.checked; redraw(); });
  byId("behind").addEventListener("input", (event) => {
    Object.assign(show, { behind: event.target.value, checkers: false });
    byId("checkers").checked = false;
    redraw();
  });
  const viewer = byId("viewer");
  viewer.addEventListener("close", closed);
  viewer.addEventListener("click", (event) => DO[event.target.closest("[data-do]")?.dataset.do]?.());
  viewer.addEventListener("keydown", viewerKey);
  byId("keys").append(make("dl", {}, ...KEYS.flatMap(([key, text]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, text)])));
}

function viewerKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("select, input[type='color']") || (event.target.matches("input") && event.key.startsWith("Arrow"))) return;
  const act = event.shiftKey && PAN[event.key] ? () => pan(...PAN[event.key])
    : KEY[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function download() {
  const text = JSON.stringify(DATA.scores, null, 2);
  make("a", { href: `data:application/json;charset=utf-8,${encodeURIComponent(text)}`, download: "scores.json" }).click();
}

function resized() {
  update();
  if (show.pack) {
    columns(byId("stage"), show.pack);
    if (view.fitted) fit();
    else redraw();
  }
}

function openFromAddress() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const picture = PICTURES.findIndex(({ label }) => label === wanted);
  if (wanted && picture >= 0 && picture !== show.picture) openPicture(picture);
}

function start() {
  document.querySelector(".charts").classList.toggle("single", !SEVERAL);
  startControls();
  startViewer();
  sortableMethods();
  scatterChoices();
  orderChoices();
  showGroups();
  update();
  addEventListener("beforeprint", () => document.querySelectorAll("img[loading]").forEach((image) => { image.loading = "eager"; }));
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width || show.pack) resized();
    width = innerWidth;
  });
  addEventListener("hashchange", openFromAddress);
  document.addEventListener("keydown", (event) => {
    if (event.key === "/" && !byId("viewer").open && !event.target.matches("input, select")) {
      event.preventDefault();
      byId("find").focus();
    }
  });
  new IntersectionObserver((entries) => {
    if (entries.some(({ isIntersecting }) => isIntersecting) && shown < listed.length) moreRows();
  }, { rootMargin: "400px" }).observe(byId("more"));
  openFromAddress();
}

start();
