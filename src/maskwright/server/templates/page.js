import { covers, paint, runsOf } from "./masks.js";

const facts = JSON.parse(document.getElementById("facts").dataset.facts);
const colors = new Map(facts.classes.map((c) => [c.index, c.color]));
const byId = (id) => document.getElementById(id);
const canvas = byId("canvas");
const context = canvas.getContext("2d", { willReadFrequently: true });

// What is shown: the name, the pixels, the answers by layer, the file that was given, and the chosen object.
const shown = { name: "", pixels: null, prediction: null, truth: null, file: null, chosen: null };
let asked = 0;

function say(text) {
  byId("status").textContent = text;
}

async function answered(response) {
  if (response.ok) return response;
  let reason = response.statusText;
  try {
    reason = (await response.json()).error;
  } catch {
    // The status says it.
  }
  throw new Error(`${response.status}: ${reason}`);
}

function withRuns(answer) {
  for (const each of answer.objects) {
    each.mask = { size: each.segmentation.size, runs: runsOf(each.segmentation.counts) };
  }
  return answer;
}

export async function ask(path, options) {
  return withRuns(await (await answered(await fetch(path, options))).json());
}

function lowest() {
  return byId("score") === null ? 0 : Number(byId("score").value);
}

function visible() {
  const kept = [];
  if (shown.prediction !== null && byId("layer-prediction").checked) {
    for (const each of shown.prediction.objects) {
      if (each.score === null || each.score >= lowest()) kept.push({ ...each, layer: "prediction", of: each });
    }
  }
  if (shown.truth !== null && byId("layer-truth").checked) {
    for (const each of shown.truth.objects) kept.push({ ...each, score: null, layer: "truth", of: each });
  }
  return kept;
}

function draw() {
  if (shown.pixels === null) return;
  const { width, height } = canvas;
  const image = new ImageData(new Uint8ClampedArray(shown.pixels.data), width, height);
  const layers = visible()
    .filter((each) => each.mask.size[0] === height && each.mask.size[1] === width)
    .sort((a, b) => b.area - a.area)
    .map((each) => ({
      mask: each.mask,
      color: colors.get(each.category_id) ?? [128, 128, 128],
      outlined: each.layer === "truth",
      strong: each.of === shown.chosen,
    }));
  paint(image.data, width, layers, Number(byId("opacity").value));
  context.putImageData(image, 0, 0);
}

function described(each) {
  const score = each.score === null ? "" : `, score ${each.score.toFixed(2)}`;
  return `${each.class}${score}, area ${each.area.toLocaleString("en")} px${each.layer === "truth" ? " (truth)" : ""}`;
}

function list() {
  const items = visible().map((each) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", String(each.of === shown.chosen));
    const swatch = document.createElement("canvas");
    swatch.width = swatch.height = 14;
    swatch.className = "swatch";
    swatch.setAttribute("aria-hidden", "true");
    const paper = swatch.getContext("2d");
    paper.fillStyle = `rgb(${(colors.get(each.category_id) ?? [128, 128, 128]).join()})`;
    paper.fillRect(0, 0, 14, 14);
    const text = document.createElement("span");
    text.textContent = described(each);
    button.append(swatch, text);
    button.addEventListener("click", () => choose(each));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  byId("objects").replaceChildren(...items);
}

function update() {
  draw();
  list();
  const found = visible().filter((each) => each.layer === "prediction").length;
  const what = facts.task === "instance" ? "object" : "class";
  const many = facts.task === "instance" ? "objects" : "classes";
  if (shown.prediction !== null) say(`${shown.name}: ${found} ${found === 1 ? what : many}`);
}

function choose(each) {
  shown.chosen = each === null ? null : each.of;
  byId("chosen").textContent = each === null ? "No object there." : described(each);
  const at = [...document.querySelectorAll("#objects button")].indexOf(document.activeElement);
  draw();
  list();
  if (at >= 0) document.querySelectorAll("#objects button")[at]?.focus();
}

canvas.addEventListener("click", (event) => {
  const box = canvas.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
  const y = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
  const here = visible().filter((each) => covers(each.mask, x, y));
  here.sort((a, b) => a.area - b.area);
  choose(here[0] ?? null);
});

for (const id of ["score", "opacity"]) {
  byId(id)?.addEventListener("input", () => {
    byId(`${id}-value`).textContent = Number(byId(id).value).toFixed(2);
    update();
  });
}
for (const id of ["layer-prediction", "layer-truth"]) byId(id).addEventListener("change", update);

// The pixels as they are stored, which the masks refer to: without the rotation of a camera.
async function pixelsOf(blob, width, height) {
  try {
    const bitmap = await createImageBitmap(blob, { imageOrientation: "none" });
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
  } catch {
    // A kind of image that browsers do not know, such as TIFF: its masks are shown on grey.
    canvas.width = width;
    canvas.height = height;
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
  }
  enlarge();
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

// Show a small picture with each pixel as a square, and a high one whole.
function enlarge() {
  const most = 0.8 * innerHeight;
  const factor = Math.floor(Math.min(512 / canvas.width, most / canvas.height));
  canvas.classList.toggle("enlarged", factor > 1);
  canvas.style.width = `${Math.round(factor > 1 ? factor * canvas.width : Math.min(1, most / canvas.height) * canvas.width)}px`;
}

function clear(name) {
  Object.assign(shown, { name, pixels: null, prediction: null, truth: null, file: null, chosen: null });
  byId("chosen").textContent = "Click an object in the picture or the list.";
  byId("objects").replaceChildren();
  for (const id of ["save-json", "save-labels", "save-picture"]) byId(id).disabled = true;
  say(`${name}: the model is looking …`);
}

// Show an image: its blob, and the promises of its layers.
export async function show(name, blob, prediction, truth = null, file = null) {
  const turn = ++asked;
  clear(name);
  try {
    const [picture, found, annotated] = await Promise.all([blob, prediction, truth]);
    if (turn !== asked) return;
    const pixels = await pixelsOf(picture, found.width, found.height);
    if (turn !== asked) return;
    Object.assign(shown, { pixels, prediction: found, truth: annotated, file });
    canvas.setAttribute("aria-label", `${name} with its masks`);
    for (const id of ["save-json", "save-picture"]) byId(id).disabled = false;
    byId("save-labels").disabled = file === null;
    update();
  } catch (error) {
    if (turn === asked) say(`${name}: ${error.message}`);
  }
}

function formOf(file) {
  const form = new FormData();
  form.append("image", file, file.name);
  return form;
}

function give(file) {
  const query = facts.task === "instance" ? "?score=0" : "";
  byId("layers").hidden = true;
  byId("layer-prediction").checked = true;
  show(file.name, file, ask(`/predict${query}`, { method: "POST", body: formOf(file) }), null, file);
}

byId("file").addEventListener("change", () => {
  if (byId("file").files.length) give(byId("file").files[0]);
});
for (const kind of ["dragenter", "dragover"]) {
  byId("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.add("over");
  });
}
for (const kind of ["dragleave", "drop"]) {
  byId("drop").addEventListener(kind, (event) => {
    event.preventDefault();
    byId("drop").classList.remove("over");
    if (kind === "drop" && event.dataTransfer.files.length) give(event.dataTransfer.files[0]);
  });
}
// A file that misses the place must not replace the page.
for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());

function save(blob, suffix) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${shown.name.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "")}${suffix}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

byId("save-json").addEventListener("click", () => {
  const { width, height } = shown.prediction;
  const kept = visible().filter((each) => each.layer === "prediction");
  const content = {
    images: [{ id: 1, file_name: shown.name, width, height }],
    categories: facts.classes.map((c) => ({ id: c.index, name: c.name })),
    annotations: kept.map((each, i) => ({
      id: i + 1, image_id: 1, category_id: each.category_id, bbox: each.bbox, area: each.area,
      segmentation: each.segmentation, iscrowd: 0, ...(each.score === null ? {} : { score: each.score }),
    })),
  };
  save(new Blob([JSON.stringify(content)], { type: "application/json" }), ".json");
});
byId("save-labels").addEventListener("click", async () => {
  const query = facts.task === "instance" ? `?score=${lowest()}` : "";
  const options = { method: "POST", body: formOf(shown.file), headers: { Accept: "image/png" } };
  try {
    save(await (await answered(await fetch(`/predict${query}`, options))).blob(), "-labels.png");
  } catch (error) {
    say(`${shown.name}: ${error.message}`);
  }
});
byId("save-picture").addEventListener("click", () => canvas.toBlob((blob) => save(blob, "-masks.png"), "image/png"));

export async function showOfData(image) {
  byId("layers").hidden = false;
  const at = `/data/images/${image.position}`;
  const picture = fetch(`${at}/picture`).then(answered).then((response) => response.blob());
  await show(image.name, picture, ask(`${at}/prediction`), ask(`${at}/truth`));
}

if (facts.runs) {
  const { startRuns } = await import("./runs.js");
  startRuns({ byId, answered });
}

if (facts.data) {
  const { start } = await import("./data.js");
  start({ facts, byId, answered, showOfData });
}
