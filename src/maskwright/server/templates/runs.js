// The runs of a folder: a list, and the curves of one, asked for again every few seconds while the page is seen.

const EVERY = 5000;
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [640, 220, 64, 12, 28];
const SERIES = 6;

function svg(name, attributes, text = null) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== null) element.textContent = text;
  return element;
}

function short(value) {
  return Math.abs(value) >= 1e-3 || value === 0 ? String(Number(value.toPrecision(3))) : value.toExponential(1);
}

// A line for each column; what is missing interrupts it.
function chart(title, epochs, columns) {
  const names = Object.keys(columns).slice(0, SERIES);
  const values = names.flatMap((name) => columns[name]).filter((value) => value !== null);
  const figure = document.createElement("figure");
  const caption = document.createElement("figcaption");
  caption.textContent = title;
  figure.append(caption);
  if (!values.length) return figure;
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 1;
  const first = epochs[0];
  const last = epochs[epochs.length - 1];
  const x = (epoch) => LEFT + ((epoch - first) / (last - first || 1)) * (WIDTH - LEFT - 12);
  const y = (value) => TOP + (1 - (value - low) / span) * (HEIGHT - TOP - BOTTOM);
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title} by epoch; the table has the last values` });
  for (const value of high === low ? [low] : [low, high]) {
    picture.append(svg("line", { class: "rule", x1: LEFT, x2: WIDTH - 12, y1: y(value), y2: y(value) }));
    picture.append(svg("text", { x: LEFT - 8, y: y(value) + 5, "text-anchor": "end" }, short(value)));
  }
  for (const epoch of first === last ? [first] : [first, last]) {
    const anchor = epoch === first ? "start" : "end";
    picture.append(svg("text", { x: x(epoch), y: HEIGHT - 6, "text-anchor": anchor }, `epoch ${epoch}`));
  }
  names.forEach((name, number) => {
    let path = "";
    let pen = "M";
    columns[name].forEach((value, at) => {
      if (value === null || epochs[at] === null) return;
      path += `${pen}${x(epochs[at]).toFixed(1)},${y(value).toFixed(1)}`;
      pen = "L";
    });
    picture.append(svg("path", { class: `series series-${number}`, d: path }));
    if (columns[name].filter((value) => value !== null).length === 1) {
      const at = columns[name].findIndex((value) => value !== null);
      picture.append(svg("circle", { class: `series series-${number} point`, cx: x(epochs[at]), cy: y(columns[name][at]), r: 4 }));
    }
  });
  figure.append(picture, table(names, columns));
  return figure;
}

function table(names, columns) {
  const found = document.createElement("table");
  names.forEach((name, number) => {
    const row = found.insertRow();
    const head = document.createElement("th");
    head.scope = "row";
    const mark = svg("svg", { class: "mark", viewBox: "0 0 20 10", "aria-hidden": "true" });
    mark.append(svg("path", { class: `series series-${number}`, d: "M0,5L20,5" }));
    head.append(mark, document.createTextNode(` ${name}`));
    const values = columns[name].filter((value) => value !== null);
    row.append(head);
    row.insertCell().textContent = short(values[values.length - 1]);
  });
  return found;
}

export function startRuns({ byId, answered }) {
  let chosen = "";
  const get = async (path) => (await answered(await fetch(path))).json();

  function state(run) {
    const epoch = run.epoch === null ? "no epoch yet" : `epoch ${run.epoch}`;
    const minutes = Math.round(run.seconds / 60);
    const ago = run.seconds < 90 ? "just now" : minutes < 120 ? `${minutes} minutes ago` : `${Math.round(minutes / 60)} hours ago`;
    return `${epoch}, ${run.trained ? "trained" : `in training or stopped, last changed ${ago}`}`;
  }

  async function update() {
    try {
      const { runs } = await get("/runs");
      const names = runs.map((run) => run.name);
      const select = byId("run");
      if (names.join("\n") !== [...select.options].map((option) => option.value).join("\n")) {
        select.replaceChildren(...names.map((name) => new Option(name, name, false, name === chosen)));
      }
      chosen = select.value;
      if (!chosen) {
        byId("run-state").textContent = "No run yet.";
        return;
      }
      const run = await get(`/runs/${encodeURIComponent(chosen)}`);
      byId("run-state").textContent = state(run);
      const of = (wanted) => Object.fromEntries(Object.entries(run.columns).filter(([name, values]) =>
        wanted(name) && values.some((value) => value !== null)));
      const isLoss = (name) => /^(train|validation)\/.*loss$|cross_entropy$/.test(name);
      byId("curves").replaceChildren(
        chart("Losses", run.epochs, of(isLoss)),
        chart("Scores", run.epochs, of((name) => name.startsWith("validation/") && !isLoss(name))),
      );
    } catch (error) {
      byId("run-state").textContent = error.message;
    }
  }

  byId("run").addEventListener("change", () => {
    chosen = byId("run").value;
    update();
  });
  setInterval(() => {
    if (!document.hidden) update();
  }, EVERY);
  update();
}
