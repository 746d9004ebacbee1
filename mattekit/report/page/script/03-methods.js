// The table of methods, which comes ready and is only sorted here, and the table of groups.
function sortableMethods() {
  const table = byId("methods");
  const body = table.tBodies[0];
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const higher = METRICS[button.dataset.key]?.higher ?? false;
      const was = head.getAttribute("aria-sort");
      const ascending = was ? was === "descending" : !higher;
      table.querySelectorAll("[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const rows = [...body.rows].map((row, i) => [keyOf(row.cells[head.cellIndex]), i, row]);
      rows.sort(([a, i], [b, j]) => (ascending ? a - b : b - a) || i - j);
      body.append(...rows.map(([, , row]) => row));
    });
  }
}

function keyOf(cell) {
  return cell.dataset.value === "" ? Infinity : Number(cell.dataset.value);
}

function showGroups() {
  const host = byId("groups");
  const groups = ENTRIES[0].groups;
  if (!groups) return;
  host.hidden = false;
  const columns = SEVERAL ? METHODS : METRICS.map(({ label }) => label);
  const rows = groups.map((group, g) => {
    const values = SEVERAL ? ENTRIES.map((entry) => entry.groups[g].mean[METRICS[state.metric].key])
      : METRICS.map(({ key }) => group.mean[key]);
    const best = SEVERAL ? bestOf(values) : [];
    return make("tr", {},
      make("th", { scope: "row", class: "text" }, make("button", { type: "button", onclick: () => onlyGroup(group.group) },
        make("bdi", {}, group.group))),
      make("td", {}, group.count.toLocaleString("en")),
      ...values.map((number, i) => make("td", { class: best.includes(i) && "best" },
        format(number, SEVERAL ? state.metric : i))));
  });
  const title = SEVERAL ? `Group, mean ${METRICS[state.metric].label}` : "Group, means";
  host.replaceChildren(make("table", {},
    make("thead", {}, make("tr", {}, make("th", { scope: "col", class: "text" }, title),
      make("th", { scope: "col" }, "pictures"),
      ...columns.map((name) => make("th", { scope: "col" }, make("bdi", {}, name))))),
    make("tbody", {}, ...rows)));
}

function onlyGroup(name) {
  const select = byId("group");
  select.value = select.value === name ? "" : name;
  select.dispatchEvent(new Event("change"));
}
