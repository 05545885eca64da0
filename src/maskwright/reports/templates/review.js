"use strict";
// Takes decisions on suspects by mouse and keyboard, keeps them in this browser and saves them as a file. It reads this
// page and the file that the reader chooses, and asks for nothing else; without it the page shows the same.
(() => {
  const content = JSON.parse(document.getElementById("review-data").textContent);
  const cards = [...document.querySelectorAll(".suspect")], byId = new Map(content.suspects.map(each => [each.suspect, each]));
  const place = `maskwright-review-${content.annotations.sha256}`, decided = new Map();
  const verdicts = {a: "accept", r: "reject", u: "unsure"};
  const count = document.getElementById("count"), kinds = document.getElementById("kind");
  let current = -1;

  const visible = () => cards.filter(card => !card.hidden);

  function show(card) {
    const verdict = decided.get(card.id);
    if (verdict) card.dataset.decided = verdict; else delete card.dataset.decided;
    for (const button of card.querySelectorAll("[data-decision]"))
      button.setAttribute("aria-pressed", String(button.dataset.decision === verdict));
  }

  function tell() {
    const of = verdict => [...decided.values()].filter(each => each === verdict).length;
    count.textContent = `${decided.size} of ${cards.length} decided: ${of("accept")} accepted, ${of("reject")} rejected, ${of("unsure")} unsure`;
  }

  function keep() {
    // A page from the disk may have no storage: decisions then last until it is closed.
    try { localStorage.setItem(place, JSON.stringify([...decided])); } catch { /* kept on the page alone */ }
    tell();
  }

  function decide(card, verdict) {
    if (decided.get(card.id) === verdict) decided.delete(card.id); else decided.set(card.id, verdict);
    show(card);
    keep();
  }

  function goTo(card) {
    if (!card) return;
    for (const other of cards) other.classList.toggle("current", other === card);
    current = cards.indexOf(card);
    card.focus({preventScroll: true});
    card.scrollIntoView({block: "nearest"});
  }

  function step(by) {
    const shown = visible(), at = shown.indexOf(cards[current]);
    goTo(shown[Math.min(Math.max(at + by, 0), shown.length - 1)]);
  }

  function take(entries) {
    for (const [id, verdict] of entries)
      if (byId.has(id) && Object.values(verdicts).includes(verdict)) decided.set(id, verdict);
    cards.forEach(show);
    keep();
  }

  function saved() {
    const decisions = content.suspects.filter(each => decided.has(each.suspect)).map(each => ({...each, decision: decided.get(each.suspect)}));
    return JSON.stringify({format: content.format, annotations: content.annotations, decisions}, null, 1);
  }

  function toggle(box) {
    document.body.classList.toggle(`hide-${box.id}`, !box.checked);
  }

  for (const card of cards) {
    card.querySelector(".decide").hidden = false;
    card.addEventListener("click", event => {
      const button = event.target.closest("[data-decision]");
      goTo(card);
      if (button) decide(card, button.dataset.decision);
    });
  }
  for (const name of ["labels", "found"]) document.getElementById(name).addEventListener("change", event => toggle(event.target));
  kinds.addEventListener("change", () => {
    for (const card of cards) card.hidden = Boolean(kinds.value) && card.dataset.kind !== kinds.value;
  });
  document.getElementById("save").addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([saved()], {type: "application/json"}));
    link.download = "decisions.json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
  document.getElementById("load").addEventListener("change", async event => {
    const file = event.target.files[0];
    if (!file) return;
    try {
      const found = JSON.parse(await file.text());
      if (found.annotations.sha256 !== content.annotations.sha256) throw new Error("they are of another annotation file");
      take(found.decisions.map(each => [each.suspect, each.decision]));
    } catch (error) {
      count.textContent = `${file.name} holds no decisions for this page: ${error.message}`;
    }
  });
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select")) return;
    const key = event.key.toLowerCase();
    if (key in verdicts) {
      if (current < 0) step(1);
      const card = cards[current];
      if (!card || card.hidden) return;
      decide(card, verdicts[key]);
      if (decided.has(card.id)) step(1);
    } else if (key === "j") step(1);
    else if (key === "k") step(-1);
    else if (key === "l" || key === "m") {
      const box = document.getElementById(key === "l" ? "labels" : "found");
      box.checked = !box.checked;
      toggle(box);
    } else return;
    event.preventDefault();
  });

  document.getElementById("tools").hidden = false;
  try { take(JSON.parse(localStorage.getItem(place) ?? "[]")); } catch { tell(); }
})();
