// The form that takes files for a bucket: several at once, one after the other, each with its progress.
// Without this file the form sends one.
const filled = (text, values) => text.replace(/{(\w+)}/g, (place, name) => values[name] ?? place);

// the sentence of an answer: a toast, an error page, or the form with what is wrong in it
function sentenceIn(html) {
  const page = new DOMParser().parseFromString(html, "text/html");
  const found = page.querySelector(".toast, .error-sentence, .invalid-feedback, .alert-danger, .errorlist");
  return found?.textContent.trim().replace(/\s+/g, " ");
}

function send(form, file, progress) {
  return new Promise((resolve) => {
    const data = new FormData(form);
    data.delete("file");
    data.append("file", file); // last, so that the other fields are read first
    const request = new XMLHttpRequest();
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) progress(event.loaded / event.total); });
    request.addEventListener("loadend", () => resolve(request));
    request.open("POST", form.getAttribute("action")); // a button of that name hides the property
    request.send(data);
  });
}

async function sendAll(form, files) {
  const list = form.querySelector("[data-sending]");
  const text = (name, values) => filled(form.dataset[`text${name}`], values);
  list.hidden = false;
  list.replaceChildren();
  let [failed, last] = [false, ""];
  for (const file of files) {
    const [line, said, bar] = ["li", "span", "progress"].map((name) => document.createElement(name));
    bar.setAttribute("aria-label", file.name);
    line.append(said, bar);
    list.append(line);
    const answer = await send(form, file, (share) => {
      bar.value = share;
      said.textContent = `${file.name}: ${Math.floor(100 * share)} %`;
    });
    bar.remove();
    if (answer.status === 200) {
      said.textContent = text("Done", { name: file.name });
      last = answer.responseURL;
    } else {
      failed = line.dataset.failed = true;
      said.textContent = `${file.name}: ${sentenceIn(answer.responseText)}`;
      if (!answer.status) said.textContent = text("Broken", { name: file.name });
    }
  }
  if (!failed) location.assign(last);
}

for (const form of document.querySelectorAll("form[data-objects]")) {
  const input = form.querySelector('input[type="file"]');
  const button = form.querySelector('button[type="submit"]');
  input.multiple = true;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const stay = (leaving) => leaving.preventDefault();
    addEventListener("beforeunload", stay);
    await sendAll(form, [...input.files]).finally(() => removeEventListener("beforeunload", stay));
    button.disabled = false;
  });
}
