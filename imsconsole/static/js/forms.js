// Filters are sent when they change; forms marked data-once are sent once; a refused form shows what is wrong.
const TYPING_MS = 350;
const SENT_MS = 8000;
let typing = 0;

// fields marked data-whole are sent when they are left, not while one types
const isText = (field) => ["text", "search", "number"].includes(field.type) && !field.hasAttribute("data-whole");

function sendFilter(event) {
  const form = event.target.closest?.("form[data-autosubmit]");
  if (!form || (event.type === "change") === isText(event.target)) return;
  clearTimeout(typing);
  typing = setTimeout(() => form.requestSubmit(), event.type === "input" ? TYPING_MS : 0);
}

function sendOnce(event) {
  const form = event.target;
  if (!form.matches("[data-once]") || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  setTimeout(() => delete form.dataset.sent, SENT_MS);
}

// What is wrong with a form is read first, and its first field is in view; the next page of a wizard begins at its top.
function showErrors() {
  const summary = document.getElementById("error-summary");
  summary?.focus({ preventScroll: true });
  const first = summary?.querySelector("a[href^='#']");
  if (first) document.getElementById(first.hash.slice(1))?.scrollIntoView({ block: "center" });
  return summary;
}

function settled(event) {
  if (event.target.id !== "main" || showErrors()) return;
  window.scrollTo(0, 0);
  event.target.focus({ preventScroll: true });
}

// what one searches for in a picker is found while one types: Enter there does not send the form
const searchesPicks = (event) => event.key === "Enter" && event.target.matches?.(".picker-search input");

document.addEventListener("keydown", (event) => { if (searchesPicks(event)) event.preventDefault(); });
document.addEventListener("change", sendFilter);
document.addEventListener("input", sendFilter);
document.addEventListener("submit", sendOnce);
// what htmx has got an answer to may be sent again
document.addEventListener("htmx:afterRequest", ({ target }) => { if (target.dataset) delete target.dataset.sent; });
// the back button shows the page as it was left: forms may be sent again
addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));
document.addEventListener("htmx:afterSettle", settled);
showErrors();
document.documentElement.classList.add("js");
