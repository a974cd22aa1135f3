const problem = element("p", { id: "problem", role: "alert" });

function report(error) {
  problem.textContent = error.message;
  console.error(error);
}

function buildFrame() {
  document.getElementById("top").append(element("h1", {}, page.title), problem);
  const keys = [["Space", "play or stop"], ["\u2191 \u2193", "previous or next clip"], ["\u2190 \u2192", "one second back or on"], ["1\u20139", "mute a stem"], ["Shift 1\u20139", "play it alone"]];
  document.getElementById("bottom").append(...keys.flatMap(([key, what]) => [element("kbd", {}, key), ` ${what} \u00a0 `]), `stemgmd ${page.version}`);
}

const KEYS = {
  " ": () => (player.playing ? pause() : play()),
  ArrowUp: () => chooseNext(-1),
  ArrowDown: () => chooseNext(1),
  ArrowLeft: () => seek(position() - 1),
  ArrowRight: () => seek(position() + 1),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
  if (event.key === " " && event.target.closest("button, a")) return; // the browser presses it
  const stem = /^Digit[1-9]$/.test(event.code) ? Number(event.code.at(-1)) - 1 : null;
  const action = stem === null ? KEYS[event.key] : () => toggle(event.shiftKey ? player.solo : player.muted, stem);
  if (action === undefined || (stem === null && event.shiftKey)) return;
  event.preventDefault();
  action();
});

let resizing = 0;
function redraw() {
  clearTimeout(resizing);
  resizing = setTimeout(() => {
    if (view.clip === null) return;
    drawWaves();
    drawSpectra(player.buffers, view.request).catch(report);
  }, 150);
}
window.addEventListener("resize", redraw);
darkTheme.addEventListener("change", redraw);

buildFrame();
buildFilters();
buildTable();
buildHours();
refresh().then(() => choose(0)).catch(report);

// The state of the page, for tests and the console.
window.explorePage = { audio, player, table, view };
