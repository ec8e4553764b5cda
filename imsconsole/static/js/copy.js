// A button beside every value marked with data-copy.
const texts = document.getElementById("texts")?.dataset ?? {};
const SHOWN_MS = 1600;

async function copy(button, value) {
  await navigator.clipboard.writeText(value);
  button.textContent = texts.copied;
  setTimeout(() => { button.textContent = texts.copy; }, SHOWN_MS);
}

function addButton(code) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy-button";
  button.textContent = texts.copy;
  button.addEventListener("click", () => copy(button, code.textContent.trim()));
  code.after(button);
}

function addButtons(root) {
  for (const code of root.querySelectorAll("code[data-copy]")) {
    if (!code.parentElement.querySelector(".copy-button")) addButton(code);
  }
}

// the clipboard exists only where the page is trusted (https or localhost)
if (navigator.clipboard) {
  addButtons(document);
  document.addEventListener("htmx:load", (event) => addButtons(event.target.parentElement ?? document));
}
