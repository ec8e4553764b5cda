// Lists by keyboard: the keys of components/_keys_dialog.html. And what filters and failed requests need.
const OFF = "keys-off";
const TYPED = "input:not([type=checkbox], [type=radio]), select, textarea";
const search = () => document.querySelector("#filters input[type=search]");
const rows = () => [...document.querySelectorAll(".table-wrap tbody tr")].filter((row) => link(row));
const link = (row) => row?.querySelector("td:not(.pick) a[href]");
const here = () => document.activeElement?.closest(".table-wrap tbody tr");
const keys = () => document.getElementById("keys");

function move(step) {
  const all = rows();
  const at = all.indexOf(here());
  link(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))])?.focus();
}

const turn = (rel) => document.querySelector(`.paging-pages a[rel=${rel}]`)?.click();

const ACTIONS = {
  f: () => { search()?.focus(); search()?.select(); },
  "?": () => keys()?.showModal(),
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  j: () => move(1),
  k: () => move(-1),
  x: () => here()?.querySelector("input[name=pick]")?.click(),
  ArrowRight: () => turn("next"),
  ArrowLeft: () => turn("prev"),
};

// The verb of the row one is at that has this key; where it is refused its menu opens and says why.
function verb(key) {
  const place = [...(here()?.querySelectorAll("[data-key]") ?? [])].find(({ dataset }) => dataset.key === key);
  if (!place?.hasAttribute("aria-disabled")) return place && (() => place.click());
  return () => { place.closest("details").open = true; place.focus(); };
}

function pressed(event) {
  const { key, target } = event;
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (localStorage.getItem(OFF) || document.querySelector("dialog[open], details.menu[open]")) return;
  const act = Object.hasOwn(ACTIONS, key) ? ACTIONS[key] : verb(key);
  const isFromSearch = key === "ArrowDown" && target === search();
  if (!act || (target.matches?.(TYPED) && !isFromSearch)) return;
  event.preventDefault();
  act();
}

function tidy(event) {
  // only what is set belongs into the address
  const { elt, parameters } = event.detail;
  if (elt.id !== "filters") return;
  for (const name of new Set(Object.keys(parameters))) {
    const values = [parameters[name]].flat().filter((value) => value !== "");
    delete parameters[name];
    if (values.length) parameters[name] = values;
  }
}

const isList = (event) => event.detail.target?.matches?.(".table-wrap");

function failed(event) {
  const notice = document.querySelector("[data-list-error]");
  if (!notice || !isList(event)) return;
  notice.querySelector("a").href = event.detail.pathInfo?.finalRequestPath ?? location.href;
  notice.hidden = false;
}

function loaded(event) {
  if (!isList(event) || !event.detail.successful) return;
  document.querySelector("[data-list-error]")?.setAttribute("hidden", "");
  // what was sent of a box for one more value is a chip now
  const sent = event.detail.requestConfig.parameters;
  for (const box of document.querySelectorAll("#filters [data-whole]")) if ([sent[box.name]].flat().includes(box.value)) box.value = "";
}

function setUp() {
  const isOn = keys()?.querySelector("[data-keys-on]");
  if (!isOn) return;
  isOn.checked = !localStorage.getItem(OFF);
  isOn.addEventListener("change", () => { if (isOn.checked) localStorage.removeItem(OFF); else localStorage.setItem(OFF, "yes"); });
}

document.addEventListener("keydown", pressed);
document.addEventListener("click", (event) => { if (event.target.closest("[data-show-keys]")) keys()?.showModal(); });
document.addEventListener("htmx:configRequest", tidy);
for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) document.addEventListener(name, failed);
document.addEventListener("htmx:afterRequest", loaded);
setUp();
