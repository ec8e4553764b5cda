// Menus (details.menu) close when one clicks elsewhere, opens another, or presses Escape.
const openMenus = () => document.querySelectorAll("details.menu[open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of openMenus()) {
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

// Why a button refuses goes away on Escape as well, until one comes back to it.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") for (const each of document.querySelectorAll(".action:is(:hover, :focus-within)")) each.dataset.closed = "";
});
for (const left of ["focusout", "mouseout"]) document.addEventListener(left, (event) => {
  const action = event.target.closest(".action[data-closed]");
  if (action && !action.contains(event.relatedTarget)) delete action.dataset.closed;
});

// What one has unfolded stays so when htmx draws that part of the page again.
let unfolded = [];
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const inside = [detail.target, ...detail.target.querySelectorAll("details")];
  unfolded = inside.filter((each) => each.matches("details[id][open]")).map(({ id }) => id);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
});
