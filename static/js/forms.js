// Filters are sent when they change; forms marked data-once are sent once.
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

document.addEventListener("change", sendFilter);
document.addEventListener("input", sendFilter);
document.addEventListener("submit", sendOnce);
// the back button shows the page as it was left: forms may be sent again
addEventListener("pageshow", () => document.querySelectorAll("[data-sent]").forEach((form) => delete form.dataset.sent));
document.documentElement.classList.add("js");
