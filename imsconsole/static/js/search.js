// The search in the head of every page: "/" goes there, the arrows go through what was found, Escape leaves.
const TYPED = "input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]";
const seen = (selector) => [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());

function toField() {
  const field = seen("[data-search]");
  field?.focus();
  field?.select();
  return field ?? seen("[data-search-page]")?.click();
}

function move(form, step) {
  const stops = [form.querySelector("[data-search]"), ...form.querySelectorAll(".search-found a")];
  stops[Math.min(stops.length - 1, Math.max(0, stops.indexOf(document.activeElement) + step))].focus();
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event, form = target.closest?.(".search");
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
  if (form && (key === "ArrowDown" || key === "ArrowUp")) move(form, key === "ArrowDown" ? 1 : -1);
  else if (form?.matches(".search-menu") && key === "Escape") document.activeElement.blur();
  else if (key === "/" && !target.matches?.(TYPED) && !localStorage.getItem("keys-off") && !document.querySelector("dialog[open]")) toField();
  else return;
  event.preventDefault();
});
