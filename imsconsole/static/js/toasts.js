// Notices get a close button; those that report success go by themselves. Failed htmx requests become a notice; what a
// page asks for by itself, again and again, one for all times.
const SHOWN_MS = 7000;
const ASKS_AGAIN = '[hx-trigger^="every"]';
const GONE = [401, 403, 404, 410];
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

function answeredAgain(event) {
  const part = event.target, { xhr, pathInfo } = event.detail;
  if (xhr.status < 400 || !part.matches(ASKS_AGAIN)) return;
  event.preventDefault();
  if (!GONE.includes(xhr.status)) say("text-failed");
  else if (new URL(pathInfo.requestPath, location).pathname === location.pathname) location.reload(); // the page says what it is
  else leave(part);
}

// A part that is gone stays as it was and asks no more; what it is a part of is asked at once.
function leave(part) {
  const whole = part.parentElement.closest(ASKS_AGAIN), last = part.cloneNode(true);
  last.removeAttribute("hx-trigger");
  part.replaceWith(last);
  if (whole) htmx.ajax("GET", whole.getAttribute("hx-get"), { source: whole, target: whole });
  else say("text-missing");
}

place().querySelectorAll(".notice").forEach(prepare);
new MutationObserver(() => place().querySelectorAll(".notice").forEach(prepare)).observe(place(), { childList: true });
document.addEventListener("htmx:beforeOnLoad", answeredAgain);
document.addEventListener("htmx:beforeSwap", answered);
document.addEventListener("htmx:sendError", () => say("text-offline"));
document.addEventListener("htmx:timeout", () => say("text-offline"));
