// What the kit is, what its check found, and under which licence it stands.
const KINDS = { modelled: "modelled", recorded: "recorded", mixed: "recorded and modelled" };

function link(url) {
  return /^https?:/.test(url ?? "") ? element("a", { href: url, rel: "noreferrer" }, url) : element("span", {}, url ?? "");
}

function buildHeader() {
  const { kit } = page;
  const own = page.articulations.filter((articulation) => articulation.borrowed === null);
  const names = new Set(own.map((articulation) => articulation.articulation));
  const takes = own.flatMap((articulation) => articulation.layers.map((layer) => layer.takes_hz.length));
  const layers = own.map((articulation) => articulation.layers.length);
  const span = (values) => (Math.min(...values) === Math.max(...values) ? `${values[0]}` : `${Math.min(...values)} to ${Math.max(...values)}`);
  const facts = [kit.name, KINDS[kit.kind], counted(names.size, "articulation"), `${span(layers)} velocity layers`, `${span(takes)} takes each`, kit.license];
  document.getElementById("top").append(
    element("h1", {}, kit.title),
    element("ul", { class: "facts", "aria-label": "Facts" }, ...facts.map((fact) => element("li", {}, fact))),
    element("p", {}, kit.description),
  );
}

function buildFindings() {
  const { check, warnings } = page;
  const section = document.getElementById("findings");
  section.append(element("h2", { id: "findings-title" }, "Findings"));
  if (check === null) section.append(element("p", { class: "soft" }, "This kit is modelled: there are no recordings to check."));
  else {
    const found = check.findings.length;
    section.append(element("p", { class: "soft" }, `${counted(check.takes, "take")} checked, ${found === 0 ? "nothing found" : counted(found, "finding")} (stemgmd kits check ${page.kit.name}).`));
    if (found > 0) section.append(element("ul", { class: "findings card" }, ...check.findings.map(finding)));
  }
  if (warnings.length > 0) {
    section.append(element("details", {}, element("summary", {}, `${counted(warnings.length, "note")} from compiling the kit`),
      element("ul", {}, ...warnings.map((warning) => element("li", {}, warning)))));
  }
}

function finding({ severity, rule, place, message }) {
  return element("li", {}, element("span", { class: `badge ${severity}` }, severity),
    element("span", {}, element("strong", {}, place), ` ${message}`, element("small", {}, rule)));
}

function buildLicence() {
  const { kit } = page;
  const rows = [["Licence", kit.license], ["Attribution", kit.attribution]];
  if (kit.source_url !== null) rows.push(["Source", link(kit.source_url)]);
  for (const one of kit.measured_on) rows.push(["Measured on", element("span", {}, `${one.kit}, ${one.attribution} (${one.license}) `, link(one.source_url))]);
  document.getElementById("licence").append(
    element("h2", { id: "licence-title" }, "Licence"),
    element("div", { class: "card" }, element("dl", {}, ...rows.flatMap(([term, value]) => [element("dt", {}, term), element("dd", {}, value)]))),
    element("p", { class: "soft" }, "The sounds on this page are excerpts of the kit and stand under its licence."),
  );
  document.getElementById("bottom").append(`Written by stemgmd ${page.version}.`);
}
