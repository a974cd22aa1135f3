// Where clips come from: the server, or for a page without one the content of the page itself.
async function ask(path, query) {
  const answer = await fetch(`${path}?${query}`);
  if (!answer.ok) throw new Error((await answer.json()).error);
  return answer;
}

const server = {
  clips: async (query) => (await ask("api/clips", query)).json(),
  hours: async (query) => (await ask("api/hours", query)).json(),
  clip: async ({ performance, kit }, part) => (await ask("api/clip", new URLSearchParams({ performance, kit, part }))).json(),
  async sounds({ row, part, source }, before) {
    const { performance, kit } = before ? source : row;
    return Promise.all(page.pieces.map(async (track) => {
      const answer = await ask(before ? "api/source" : "api/audio", new URLSearchParams({ performance, kit, part, track }));
      return decoder.decodeAudioData(await answer.arrayBuffer());
    }));
  },
};

const embedded = {
  passing(query) {
    const has = (row, name, value) => (name === "style" ? row.style.split("/")[0] === value : name === "piece" ? row.pieces.includes(value) : name === "flag" ? row.flags.includes(value) : row[name] === value);
    const [low, high] = (query.get("bpm") ?? "-").split("-");
    return page.clips.map((clip) => clip.row).filter((row) =>
      Object.keys(page.facets).every((name) => !query.has(name) || has(row, name, query.get(name))) &&
      (low === "" || row.bpm >= Number(low)) && (high === "" || row.bpm <= Number(high)) &&
      row.performance.toLowerCase().includes((query.get("text") ?? "").toLowerCase()));
  },
  async clips(query) {
    const rows = embedded.passing(query), sort = query.get("sort"), column = sort.replace(/^-/, ""), sign = sort.startsWith("-") ? -1 : 1;
    rows.sort((a, b) => sign * (a[column] > b[column] ? 1 : a[column] < b[column] ? -1 : 0));
    const offset = Number(query.get("offset")), hours = rows.reduce((sum, row) => sum + row.duration_s / 3600, 0);
    return { total: rows.length, hours, offset, rows: rows.slice(offset, offset + Number(query.get("limit"))) };
  },
  async hours(query) {
    return embedded.sums(query.get("by"), query);
  },
  sums(by, query) {
    const sums = new Map();
    for (const row of embedded.passing(query)) {
      const low = Math.floor(row.bpm / 10) * 10;
      const values = { bpm: [`${low}-${low + 10}`], piece: row.pieces, flag: row.flags, style: [row.style.split("/")[0]] }[by] ?? [row[by]];
      for (const value of values) {
        const sum = sums.get(value) ?? { value, clips: 0, hours: 0 };
        sums.set(value, { value, clips: sum.clips + 1, hours: sum.hours + row.duration_s / 3600 });
      }
    }
    return [...sums.values()].sort((a, b) => (a.value > b.value ? 1 : -1));
  },
  async clip(wanted) {
    return page.clips.find(({ row }) => row.performance === wanted.performance && row.kit === wanted.kit);
  },
  async sounds({ sounds, frames }) {
    const silence = new AudioBuffer({ length: Math.max(1, frames), sampleRate: page.sample_rate, numberOfChannels: 2 });
    return Promise.all(sounds.map((sound) => (sound === null ? silence : decode(sound))));
  },
};

const corpus = page.clips === undefined ? server : embedded;
if (corpus === embedded) {
  for (const name of Object.keys(page.facets)) page.facets[name] = embedded.sums(name, new URLSearchParams());
}
