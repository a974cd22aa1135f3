buildHeader();
buildGroove();
buildSounds();
buildCharts();
buildFindings();
buildLicence();

async function draw() {
  await drawGroove();
  await drawSounds();
  document.documentElement.dataset.drawn = "true";
}

function report(error) {
  console.error(error);
}

darkTheme.addEventListener("change", () => draw().catch(report));
let resizing = 0;
window.addEventListener("resize", () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => drawGroove().then(showDetail).catch(report), 150);
});
draw().catch(report);

// The state of the players, for tests and the console.
window.kitPage = { audio, groove, sounds };
