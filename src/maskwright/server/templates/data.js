// The images of the data set: filters, the confusion matrix, and the list.

const PAGE = 60;

export function start({ facts, byId, answered, showOfData }) {
  let offset = 0;
  let total = 0;
  let cell = null;
  let current = null;
  let turn = 0;
  const nothing = facts.classes.length + 1;
  const nameOf = (label) => (label === nothing ? (facts.task === "instance" ? "nothing" : "background") : facts.classes[label - 1].name);
  const get = async (path) => (await answered(await fetch(path))).json();

  async function list() {
    const mine = ++turn;
    const query = new URLSearchParams({ offset, limit: PAGE });
    for (const [name, value] of new FormData(byId("filter"))) if (value) query.set(name, value);
    if (cell !== null) {
      query.set("true", cell[0]);
      query.set("predicted", cell[1]);
    }
    try {
      const found = await get(`/data/images?${query}`);
      if (mine !== turn) return;
      total = found.total;
      byId("images").replaceChildren(...found.images.map(item));
      const which = cell === null ? "" : ` where ${nameOf(cell[0])} is predicted as ${nameOf(cell[1])}`;
      const part = found.images.length < total ? `, ${offset + 1} to ${offset + found.images.length} listed` : "";
      byId("listed").textContent = `${total} ${total === 1 ? "image" : "images"}${which}${part}`;
      byId("before").disabled = offset === 0;
      byId("after").disabled = offset + PAGE >= total;
    } catch (error) {
      byId("listed").textContent = error.message;
    }
  }

  function item(image) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = image.name;
    button.dataset.position = image.position;
    if (current === image.position) button.setAttribute("aria-current", "true");
    button.addEventListener("click", () => {
      document.querySelector("#images [aria-current]")?.removeAttribute("aria-current");
      button.setAttribute("aria-current", "true");
      current = image.position;
      showOfData(image);
    });
    const line = document.createElement("li");
    line.append(button);
    return line;
  }

  function table(counts) {
    const head = document.createElement("tr");
    const cells = [document.createElement("td")];
    counts.forEach((_, j) => {
      const name = document.createElement("th");
      name.scope = "col";
      name.textContent = nameOf(j + 1);
      cells.push(name);
    });
    head.append(...cells);
    const rows = counts.map((row, i) => {
      const line = document.createElement("tr");
      const name = document.createElement("th");
      name.scope = "row";
      name.textContent = nameOf(i + 1);
      line.append(name, ...row.map((count, j) => counted(count, i + 1, j + 1)));
      return line;
    });
    byId("confusion").replaceChildren(head, ...rows);
  }

  function counted(count, truth, predicted) {
    const place = document.createElement("td");
    if (!count) return place;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = count.toLocaleString("en");
    const pressed = cell !== null && cell[0] === truth && cell[1] === predicted;
    button.setAttribute("aria-pressed", String(pressed));
    button.setAttribute("aria-label", `${count} ${nameOf(truth)} predicted as ${nameOf(predicted)}`);
    button.addEventListener("click", () => {
      const again = button.getAttribute("aria-pressed") === "true";
      cell = again ? null : [truth, predicted];
      offset = 0;
      for (const each of document.querySelectorAll("#confusion button")) each.setAttribute("aria-pressed", "false");
      button.setAttribute("aria-pressed", String(!again));
      list();
    });
    place.append(button);
    return place;
  }

  async function look() {
    let wait = 1500;
    try {
      const data = await get("/data");
      const failed = Object.keys(data.failed).length;
      const bad = failed ? `, ${failed} cannot be` : "";
      byId("progress").textContent = `${data.images} images, ${data.compared} predicted and compared${bad}`;
      if (!byId("confusion").contains(document.activeElement)) table(data.confusion);
      if (data.compared + failed >= data.images) return;
    } catch (error) {
      byId("progress").textContent = error.message;
      wait = 5000;
    }
    setTimeout(look, wait);
  }

  byId("filter").addEventListener("change", () => {
    offset = 0;
    list();
  });
  byId("filter").addEventListener("submit", (event) => event.preventDefault());
  byId("before").addEventListener("click", () => {
    offset = Math.max(0, offset - PAGE);
    list();
  });
  byId("after").addEventListener("click", () => {
    offset += PAGE;
    list();
  });
  list();
  look();
}
