// The list of pictures: a row each, a column per method; more rows come as one scrolls down.
const CHUNK = 60;
let listed = [];
let shown = 0;

function orderChoices() {
  const rows = [...(SEVERAL ? [["worst", "worst first"], ["differing", "most differing first"]] : []), ["name", "by name"],
    ...METHODS.map((name, m) => [String(m), SEVERAL ? `worst of ${name}` : "worst first"])];
  options(byId("order"), rows, String(state.order.by));
}

function setOrder(by, reverse = false) {
  state.order = { by, reverse };
  byId("order").value = String(by);
  update();
}

function showPictures(pictures) {
  listed = pictures;
  shown = 0;
  const table = byId("pictures");
  const { by, reverse } = state.order;
  const head = (label, key, text) => make("th", {
    scope: "col", class: text && "text", "aria-sort": by === key && ((key === "name") === reverse ? "descending" : "ascending"),
  }, make("button", { type: "button", onclick: () => setOrder(key, by === key && !reverse) }, make("bdi", {}, label)));
  const metric = METRICS[state.metric];
  table.tHead.replaceChildren(make("tr", {}, head("Picture", "name", true),
    ...METHODS.map((name, m) => head(SEVERAL ? name : metric.label, m, false))));
  const means = METHODS.map((_, m) => mean(pictures.map((i) => value(m, i))));
  table.tBodies[0].replaceChildren(make("tr", { class: "means" },
    make("th", { scope: "row", class: "text" }, `mean of these ${counted(pictures.length, "picture")}`),
    ...means.map((number) => make("td", {}, format(number)))));
  moreRows();
}

function moreRows() {
  const next = listed.slice(shown, shown + CHUNK);
  shown += next.length;
  byId("pictures").tBodies[0].append(...next.map(pictureRow));
  const left = listed.length - shown;
  byId("more").replaceChildren(left ? make("button", { type: "button", onclick: moreRows },
    `Show more (${left.toLocaleString("en")})`) : "");
}

function pictureRow(picture) {
  const { label, group } = PICTURES[picture];
  const values = METHODS.map((_, m) => value(m, picture));
  const best = SEVERAL ? bestOf(values) : [];
  const open = make("button", { type: "button", class: "open", onclick: (event) => {
    event.stopPropagation();
    openPicture(picture);
  } }, thumbnail(picture, 0, ""), make("span", {}, make("bdi", {}, label), group ? make("small", {}, group) : null));
  return make("tr", { onclick: () => openPicture(picture) }, make("th", { scope: "row", class: "text" }, open),
    ...values.map((number, m) => make("td", { class: best.includes(m) && "best" },
      number === null ? null : thumbnail(picture, 1 + m, `errors of ${METHODS[m] || "the mattes"}`), format(number))));
}
