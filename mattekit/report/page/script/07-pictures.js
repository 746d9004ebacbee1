// The list of pictures: a row each, a column per method; more rows come as one scrolls down.
const CHUNK = 60;
let listed = [];
let shown = 0;

function orderChoices() {
  const rows = [...(SEVERAL ? [["worst", "worst first"], ["differing", "most differing first"]] : []), ["name", "by name"],
    ...METHODS.map((name, m) => [String(m), SEVERAL ? `worst of ${name}` : DATA.scored ? "worst first" : "slowest first"])];
  options(byId("order"), rows, String(state.order.by));
}

function setOrder(by, reverse = false) {
  state.order = { by, reverse };
  byId("order").value = String(by);
  update();
}

// The columns: methods by the chosen metric or, of the only method, metrics.
const COLUMNS = SEVERAL ? METHODS : METRICS.map(({ label }) => label);

function cell(column, picture) {
  return SEVERAL ? value(column, picture) : value(0, picture, column);
}

function cellText(number, column) {
  return format(number, SEVERAL ? state.metric : column);
}

function showPictures(pictures) {
  listed = pictures;
  shown = 0;
  const table = byId("pictures");
  table.tHead.replaceChildren(make("tr", {}, sortableHead("Picture", "name", state.order.by === "name", () => {}),
    ...COLUMNS.map((name, column) => sortableHead(name, SEVERAL ? column : 0,
      SEVERAL ? state.order.by === column : state.order.by === 0 && state.metric === column,
      () => SEVERAL || choose(byId("metric-choice"), column)))));
  const means = COLUMNS.map((_, column) => mean(pictures.map((i) => cell(column, i))));
  table.tBodies[0].replaceChildren(make("tr", { class: "means" },
    make("th", { scope: "row", class: "text" }, `mean of these ${counted(pictures.length, "picture")}`),
    ...means.map((number, column) => make("td", {}, cellText(number, column)))));
  moreRows();
}

function sortableHead(label, key, sorted, before) {
  const text = key === "name";
  const falling = text === state.order.reverse;
  const click = () => {
    before();
    setOrder(key, sorted && !state.order.reverse);
  };
  return make("th", { scope: "col", class: text && "text", "aria-sort": sorted && (falling ? "descending" : "ascending") },
    make("button", { type: "button", onclick: click }, make("bdi", {}, label)));
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
  const { label, group, notes = [] } = PICTURES[picture];
  const values = COLUMNS.map((_, column) => cell(column, picture));
  const best = SEVERAL ? bestOf(values) : [];
  const open = make("button", { type: "button", class: "open", onclick: (event) => {
    event.stopPropagation();
    openPicture(picture);
  } }, thumbnail(picture, 0, ""), SEVERAL ? null : thumbnail(picture, 1, ""),
  make("span", {}, make("bdi", {}, label), ...[group, ...notes].filter(Boolean).map((text) => make("small", {}, text))));
  return make("tr", { onclick: () => openPicture(picture) }, make("th", { scope: "row", class: "text" }, open),
    ...values.map((number, column) => make("td", { class: best.includes(column) && "best" },
      SEVERAL && number !== null ? thumbnail(picture, 1 + column, `errors of ${METHODS[column]}`) : null,
      cellText(number, column))));
}
