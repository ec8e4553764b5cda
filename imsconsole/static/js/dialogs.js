// A link that asks before something is done (data-dialog) shows its question in a dialog, over the page one is on.
// Without scripts, or when the answer is no question, the link leads to the question's own page.
const dialog = document.createElement("dialog");
dialog.className = "dialog";
dialog.setAttribute("aria-labelledby", "dialog-title");
document.body.append(dialog);

async function questionAt(url) {
  const answer = await fetch(url, { headers: { accept: "text/html" } });
  if (!answer.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const question = page.querySelector("main .confirm");
  return question && { title: page.querySelector("h1").textContent.trim(), question };
}

function show({ title, question }, url) {
  const heading = document.createElement("h2");
  heading.id = "dialog-title";
  heading.textContent = title;
  for (const form of question.querySelectorAll("form:not([action])")) form.action = url;
  question.querySelector("a.btn")?.addEventListener("click", cancel);
  dialog.replaceChildren(heading, question);
  dialog.showModal(); // the browser keeps the focus inside, and gives it back
  question.querySelector("a.btn")?.focus(); // Enter alone destroys nothing
}

function cancel(event) {
  event.preventDefault();
  dialog.close();
}

function leaveMenu(menu) {
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus(); // what the dialog gives the focus back to
}

async function ask(event) {
  const link = event.target.closest?.("a[data-dialog]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  const found = await questionAt(link.href).catch(() => null);
  if (!found) { location.assign(link.href); return; }
  leaveMenu(link.closest("details.menu"));
  show(found, link.href);
}

document.addEventListener("click", ask);
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // beside the question
