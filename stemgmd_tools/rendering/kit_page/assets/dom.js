// Building elements, and words for numbers.
const page = JSON.parse(document.getElementById("data").textContent);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function spoken(name) {
  return name.replaceAll("_", " ").replaceAll("hihat", "hi-hat");
}

function titleOf(articulation) {
  const name = shortTitleOf(articulation);
  return articulation.openness === null ? name : `${name}, ${openness(articulation)}`;
}

function shortTitleOf(articulation) {
  const name = spoken(articulation.articulation).replace(/\d/, " $&");
  return name[0].toUpperCase() + name.slice(1);
}

function openness(articulation) {
  return `${Math.round(articulation.openness * 100)}\u202f% open`;
}

// What stands in small type beside the name: openness, and layers or the source of borrowed sounds.
function noteOf(articulation) {
  const source = articulation.borrowed === null ? counted(articulation.layers.length, "layer") : `as ${spoken(articulation.borrowed)}`;
  return articulation.openness === null ? source : `${openness(articulation)}, ${source}`;
}

function counted(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function colourOf(piece) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--p${piece}`).trim();
}

// Sizes a canvas to its place on the screen; returns its context and its size in CSS pixels.
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  return { context, width, height };
}
