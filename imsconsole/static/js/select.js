// Rows chosen over the pages of a list. The server says what may be done with them; this only remembers them,
// in this tab of the browser. A list needs the form #picked and boxes named "pick" (core/selection.py).
const ASKED_MS = 150;
const form = document.getElementById("picked");
const key = `selection ${form?.dataset.keep}`;
let chosen = new Set();
let matching = ""; // a query instead of rows: everything it finds
let last = null;
let asking = 0;

const boxes = () => [...document.querySelectorAll('input[name="pick"][form="picked"]')];
const onPage = () => boxes().map((box) => box.value).join(",");
const all = () => document.querySelector("th.pick input");

function field(name) {
  const found = form.querySelector(`input[type="hidden"][name="${name}"]`);
  if (found) return found;
  const made = Object.assign(document.createElement("input"), { type: "hidden", name });
  form.append(made);
  return made;
}

function addAll() {
  const heading = document.querySelector("th.pick");
  if (!heading || all()) return;
  const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "form-check-input" });
  box.setAttribute("aria-label", form.dataset.pageLabel);
  box.addEventListener("change", () => { boxes().forEach((each) => mark(each, box.checked)); keep(); });
  heading.replaceChildren(box);
}

function show() {
  addAll();
  const shown = boxes();
  for (const box of shown) box.checked = Boolean(matching) || chosen.has(box.value);
  const ticked = shown.filter((box) => box.checked).length;
  if (all()) Object.assign(all(), { checked: ticked > 0 && ticked === shown.length, indeterminate: ticked > 0 && ticked < shown.length });
}

function mark(box, isChosen) {
  if (matching) { // from everything back to the rows of this page
    matching = "";
    chosen = new Set(boxes().map((each) => each.value));
  }
  if (isChosen) chosen.add(box.value); else chosen.delete(box.value);
}

function keep() {
  sessionStorage.setItem(key, JSON.stringify([...chosen]));
  field("pick").value = matching ? "" : [...chosen].join(",");
  field("matching").value = matching;
  field("here").value = onPage();
  show();
  clearTimeout(asking);
  asking = setTimeout(ask, ASKED_MS);
}

function ask() {
  if (!chosen.size && !matching) document.getElementById("selection").replaceChildren();
  // not from the form: then the button that has the focus would say where to
  else htmx.ajax("POST", form.dataset.selection, { source: "#selection", target: "#selection", swap: "innerHTML" });
}

function picked(event) {
  const box = event.target;
  if (!box.matches('input[name="pick"][form="picked"]')) return;
  const shown = boxes();
  const [from, to] = [shown.indexOf(last), shown.indexOf(box)].sort((a, b) => a - b);
  const range = event.shiftKey && from >= 0 ? shown.slice(from, to + 1) : [box];
  const isChosen = box.checked;
  range.forEach((each) => mark(each, isChosen));
  last = box;
  keep();
}

function pressed(event) {
  if (event.target.closest("[data-select-none]")) { chosen = new Set(); matching = ""; keep(); }
  else if (event.target.closest("[data-select-matching]")) { matching = document.querySelector('input[name="state"][form="picked"]').value; chosen = new Set(); keep(); }
  else if (event.target.closest("[data-select-here]")) { chosen = new Set(boxes().map((box) => box.value).filter((value) => chosen.has(value))); keep(); }
  else return;
  (boxes()[0] ?? document.getElementById("main")).focus();
}

function answered(event) {
  const gone = event.target.querySelector?.("[data-gone]")?.dataset.gone;
  if (event.target.id === "selection" && gone) {
    gone.split(" ").forEach((id) => chosen.delete(id));
    keep();
  } else if (chosen.size && field("here").value !== onPage()) keep(); // the bar says what is on other pages
  else show();
}

if (form) {
  try { chosen = new Set(JSON.parse(sessionStorage.getItem(key) ?? "[]")); } catch { /* written by somebody else */ }
  document.addEventListener("click", picked);
  form.addEventListener("click", pressed);
  document.addEventListener("htmx:afterSettle", answered);
  document.addEventListener("htmx:oobAfterSwap", show);
  if (chosen.size) keep(); else show();
}
