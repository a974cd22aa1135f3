// Hours of the clips that pass the filters, by anything.
const hours = { by: "style" };

function buildHours() {
  const names = [...Object.keys(page.facets), "bpm"];
  const select = element("select", { onchange: () => { hours.by = select.value; showHours(filters()).catch(report); } },
    ...names.map((name) => element("option", { value: name, selected: name === hours.by }, TITLES[name])));
  hours.bars = element("div", { class: "bars" });
  document.getElementById("hours").append(element("h2", {}, "Hours"), element("div", { class: "card" }, element("label", {}, "by", select), hours.bars));
}

async function showHours(query) {
  const by = hours.by, asked = new URLSearchParams(query);
  asked.set("by", by);
  const rows = await corpus.hours(asked);
  if (by !== hours.by) return;
  const most = Math.max(...rows.map((row) => row.hours));
  if (by !== "bpm") rows.sort((a, b) => b.hours - a.hours);
  hours.bars.replaceChildren(...rows.flatMap((row) => [
    element("span", { class: "term" }, titleCase(row.value)), element("div", {}, element("div", { class: "fill", style: `width: ${((100 * row.hours) / most).toFixed(1)}%` })),
    element("span", { class: "amount" }, `${row.hours < 0.1 ? `${(row.hours * 60).toFixed(1)} min` : `${row.hours.toFixed(1)} h`}, ${counted(row.clips, "clip")}`)]));
}
