// Filters and the table of clips.
const TITLES = { performance: "Performance", kit: "Kit", style: "Style", bpm: "BPM", beat_type: "Type", drummer: "Drummer", split: "Split", kit_split: "Kit split", license: "Licence", duration_s: "Seconds", hits: "Hits", piece: "Piece", flag: "Flag" };
const COLUMNS = ["performance", "kit", "style", "bpm", "beat_type", "split", "kit_split", "license", "duration_s", "hits", "flags"];
const NUMBERS = new Set(["bpm", "duration_s", "hits"]);
const ROWS = 50;
const table = { sort: "performance", offset: 0, rows: [], total: 0, selected: null, request: 0 };

function titleCase(name) {
  return name === "" ? "none" : spoken(name);
}

function buildFilters() {
  const changed = () => { table.offset = 0; refresh().catch(report); };
  const choose = ([name, values]) => element("label", {}, TITLES[name],
    element("select", { name, onchange: changed }, element("option", { value: "*" }, "all"),
      ...values.map(({ value, clips }) => element("option", { value }, `${titleCase(value)} (${clips})`))));
  const shown = Object.entries(page.facets).filter(([name, values]) => values.length > 1 || (name === "flag" && values.length > 0));
  const bpm = ["from", "to"].map((end) => element("input", { type: "number", name: `bpm_${end}`, min: "0", "aria-label": `BPM ${end}`, placeholder: end, oninput: changed }));
  table.form = element("form", { onsubmit: (event) => event.preventDefault() },
    element("label", {}, "Performance", element("input", { type: "search", name: "text", placeholder: "part of the name", oninput: changed })),
    ...shown.map(choose),
    element("label", {}, "BPM", element("span", { class: "range" }, ...bpm)),
    element("button", { class: "plain", type: "button", onclick: () => { table.form.reset(); changed(); } }, "Reset"));
  document.getElementById("filters").append(table.form);
}

function filters() {
  const values = new FormData(table.form), query = new URLSearchParams();
  for (const name of Object.keys(page.facets)) {
    const value = values.get(name);
    if (value !== null && value !== "*") query.set(name, value);
  }
  if (values.get("bpm_from") || values.get("bpm_to")) query.set("bpm", `${values.get("bpm_from")}-${values.get("bpm_to")}`);
  if (values.get("text")) query.set("text", values.get("text"));
  return query;
}

function buildTable() {
  table.heads = COLUMNS.map((name) => {
    const label = TITLES[name] ?? "Flags";
    const sort = () => { table.sort = table.sort === name ? `-${name}` : name; table.offset = 0; refresh().catch(report); };
    return element("th", { scope: "col", class: NUMBERS.has(name) ? "number" : null }, name === "flags" ? label : element("button", { type: "button", onclick: sort }, label));
  });
  table.body = element("tbody");
  table.count = element("span", { role: "status" });
  const turn = (by) => () => { table.offset = Math.max(0, table.offset + by * ROWS); refresh().catch(report); };
  table.previous = element("button", { class: "plain", type: "button", onclick: turn(-1) }, "Previous");
  table.next = element("button", { class: "plain", type: "button", onclick: turn(1) }, "Next");
  document.getElementById("table").append(element("div", { class: "card" },
    element("div", { class: "scroll", tabindex: "-1" }, element("table", {}, element("thead", {}, element("tr", {}, ...table.heads)), table.body)),
    element("div", { class: "pager" }, table.count, element("div", {}, table.previous, table.next))));
}

async function refresh() {
  const request = ++table.request, query = filters();
  const plots = showHours(query);
  query.set("sort", table.sort);
  query.set("offset", table.offset);
  query.set("limit", ROWS);
  const answer = await corpus.clips(query);
  if (request !== table.request) return; // a later filter was answered first
  Object.assign(table, { rows: answer.rows, total: answer.total });
  showRows(answer);
  await plots;
}

function showRows({ rows, total, hours, offset }) {
  table.body.replaceChildren(...rows.map((row, index) => element("tr", { tabindex: "0", "data-row": String(index), "aria-selected": String(isSelected(row)),
    onclick: () => choose(index), onkeydown: (event) => { if (event.key === "Enter") choose(index); } }, ...COLUMNS.map((name) => cell(row, name)))));
  const last = offset + rows.length;
  table.count.textContent = total === 0 ? "No clip passes the filters." : `${offset + 1}\u2013${last} of ${counted(total, "clip").replace(String(total), total.toLocaleString("en"))}, ${hours.toFixed(2)} h`;
  table.previous.disabled = offset === 0;
  table.next.disabled = last >= total;
  table.heads.forEach((head, index) => head.setAttribute("aria-sort", table.sort === COLUMNS[index] ? "ascending" : table.sort === `-${COLUMNS[index]}` ? "descending" : "none"));
}

function cell(row, name) {
  if (name === "flags") return element("td", {}, ...row.flags.map((flag) => element("span", { class: "flag" }, flag)));
  const value = row[name];
  const text = value === null ? "" : name === "duration_s" ? value.toFixed(1) : String(value);
  return element("td", { class: NUMBERS.has(name) ? "number" : null }, text);
}

function isSelected(row) {
  return table.selected !== null && row.performance === table.selected.performance && row.kit === table.selected.kit;
}

function choose(index) {
  const row = table.rows[index];
  if (row === undefined) return;
  table.selected = row;
  [...table.body.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === index)));
  table.body.children[index].scrollIntoView({ block: "nearest" });
  openClip(row, 0).catch(report);
}

function chooseNext(by) {
  const now = table.rows.findIndex(isSelected);
  choose(Math.min(table.rows.length - 1, Math.max(0, now + by)));
}
