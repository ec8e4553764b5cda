// Notices get a close button; those that report success go by themselves. Failed htmx requests become a notice.
const SHOWN_MS = 7000;
const place = () => document.getElementById("toasts");
const template = () => document.getElementById("texts");

function closeButton(notice) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "notice-close";
  button.setAttribute("aria-label", template().dataset.close);
  button.textContent = "×";
  button.addEventListener("click", () => notice.remove());
  return button;
}

function prepare(notice) {
  if (notice.querySelector(".notice-close")) return;
  notice.append(closeButton(notice));
  if (notice.matches(".notice-error, .notice-warning")) return;
  let timer = 0;
  const leave = () => { timer = setTimeout(() => notice.remove(), SHOWN_MS); };
  notice.addEventListener("pointerenter", () => clearTimeout(timer));
  notice.addEventListener("pointerleave", leave);
  notice.addEventListener("focusin", () => clearTimeout(timer));
  leave();
}

function say(id) {
  const text = template().content.getElementById(id);
  if (!place().querySelector(`[data-from="${id}"]`)) {
    const notice = text.firstElementChild.cloneNode(true);
    notice.dataset.from = id;
    place().append(notice);
  }
}

function answered(event) {
  // our own error pages come as a toast for #toasts; a proxy's page must not land in the middle of ours
  const { xhr } = event.detail;
  if (xhr.status < 400 || xhr.status === 422) return;
  if (xhr.getResponseHeader("HX-Retarget")) event.detail.shouldSwap = true;
  else say("text-failed");
}

place().querySelectorAll(".notice").forEach(prepare);
new MutationObserver(() => place().querySelectorAll(".notice").forEach(prepare)).observe(place(), { childList: true });
document.addEventListener("htmx:beforeSwap", answered);
document.addEventListener("htmx:sendError", () => say("text-offline"));
document.addEventListener("htmx:timeout", () => say("text-offline"));
