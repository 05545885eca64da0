"use strict";
// Makes tables sortable and filterable, and lets Escape close a picture. It reads this page and asks for nothing else;
// without it the page shows the same. The policy of the page names its hash, so that no other script runs.
(() => {
  const FEWEST_TO_SORT = 4, FEWEST_TO_FILTER = 9;

  // The number a cell begins with, or null. "3 min 20 s" is 200; "1,234" has thousands; "–" is no number.
  function numberIn(text) {
    const plain = text.trim().replace(/,(?=\d{3})/g, "").replace(/^\u2212/, "-");
    const units = {h: 3600, min: 60, s: 1};
    const times = [...plain.matchAll(/(\d+(?:\.\d+)?) (h|min|s)\b/g)];
    if (times.length) return times.reduce((sum, [, value, unit]) => sum + value * units[unit], 0);
    const found = plain.match(/^[+-]?\d+(\.\d+)?/);
    return found ? Number(found[0]) : null;
  }

  function compare(column, numeric, direction) {
    return (one, other) => {
      const [a, b] = [one, other].map(row => row.cells[column].textContent.trim());
      if (!numeric) return direction * a.localeCompare(b, undefined, {numeric: true});
      const [x, y] = [numberIn(a), numberIn(b)];
      // What has no number stands last in both directions.
      if (x === null || y === null) return (x === null) - (y === null);
      return direction * (x - y);
    };
  }

  function makeSortable(table) {
    const body = table.tBodies[0], original = [...body.rows];
    for (const head of table.tHead.rows[0].cells) {
      if (!head.textContent.trim()) continue;
      const column = head.cellIndex, button = document.createElement("button");
      const filled = original.map(row => row.cells[column].textContent.trim()).filter(text => text !== "–");
      const numeric = column > 0 && filled.every(text => numberIn(text) !== null);
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        // Numbers fall first, because the highest are looked for; words rise first; the third time restores the order.
        const order = numeric ? ["descending", "ascending", "none"] : ["ascending", "descending", "none"];
        const next = order[(order.indexOf(head.getAttribute("aria-sort")) + 1) % 3];
        for (const other of table.tHead.rows[0].cells) if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", next);
        const rows = next === "none" ? original : [...original].sort(compare(column, numeric, next === "ascending" ? 1 : -1));
        body.append(...rows);
      });
    }
  }

  function makeFilterable(table) {
    const rows = [...table.tBodies[0].rows], label = document.createElement("label");
    const field = document.createElement("input"), count = document.createElement("output");
    field.type = "search";
    field.setAttribute("aria-label", `Filter the rows: ${table.caption.textContent}`);
    label.className = "filter";
    label.append("Filter ", field, count);
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word));
      const shown = rows.filter(row => !row.hidden).length;
      count.textContent = words.length ? `${shown} of ${rows.length} rows` : "";
    });
    table.parentElement.before(label);
  }

  for (const table of document.querySelectorAll(".scroll > table")) {
    const rows = table.tBodies[0].rows.length;
    if (rows >= FEWEST_TO_SORT) makeSortable(table);
    if (rows >= FEWEST_TO_FILTER) makeFilterable(table);
  }

  document.addEventListener("keydown", event => {
    if (event.key === "Escape") document.querySelector("figure:target .close")?.click();
  });
})();
