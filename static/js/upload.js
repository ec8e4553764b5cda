// The form of the import wizard with a progress bar. Without this file the form works all the same.

const SECOND_MS = 1000;
const ISO_NAME = /^[A-Za-z0-9_-]+(\.iso)?$/i;

function sizeText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${bytes.toFixed(unit && bytes < 100 ? 1 : 0)} ${units[unit]}`;
}

class UploadForm {
  constructor(form) {
    this.form = form;
    this.file = form.querySelector('input[type="file"]');
    this.says = form.querySelector("[data-upload-says]");
    this.box = form.querySelector("[data-upload-progress]");
    this.bar = this.box.querySelector("progress");
    this.percent = this.box.querySelector("[data-upload-percent]");
    this.buttons = form.querySelectorAll('button[type="submit"]');
    form.addEventListener("submit", (event) => this.submit(event));
    this.file.addEventListener("change", () => this.choose());
    this.leaving = (event) => event.preventDefault();
  }

  // A new file goes before one that was uploaded earlier.
  choose() {
    const none = this.form.querySelector("#upload-none");
    if (none && this.file.files.length) none.checked = true;
    this.say(this.refusal());
  }

  refusal() {
    const file = this.file.files[0];
    if (!file) return "";
    if (file.size > Number(this.form.dataset.limitBytes)) return this.form.dataset.textTooLarge;
    if (/\.iso$/i.test(file.name) && !ISO_NAME.test(file.name)) return this.form.dataset.textIsoName;
    return "";
  }

  say(text) {
    this.says.textContent = text;
  }

  submit(event) {
    if (event.submitter?.form !== this.form || !this.file.files.length) return;
    event.preventDefault();
    const refusal = this.refusal();
    this.say(refusal);
    if (refusal) return;
    this.send();
  }

  send() {
    const body = new FormData();
    // the file last: the server has read everything else when the bytes begin
    for (const [name, value] of new FormData(this.form)) if (name !== this.file.name) body.append(name, value);
    body.append(this.file.name, this.file.files[0]);
    const request = new XMLHttpRequest();
    request.open("POST", this.form.action);
    request.upload.addEventListener("progress", (event) => this.show(event));
    request.upload.addEventListener("load", () => this.say(this.form.dataset.textArrived));
    request.addEventListener("load", () => this.answer(request));
    request.addEventListener("error", () => this.stop(this.form.dataset.textBroken));
    request.addEventListener("abort", () => this.stop(""));
    this.begin();
    request.send(body);
  }

  begin() {
    this.started = performance.now();
    this.box.hidden = false;
    for (const button of this.buttons) button.disabled = true;
    window.addEventListener("beforeunload", this.leaving);
  }

  stop(text) {
    this.box.hidden = true;
    for (const button of this.buttons) button.disabled = false;
    window.removeEventListener("beforeunload", this.leaving);
    this.say(text);
  }

  show(event) {
    if (!event.lengthComputable) return;
    const share = Math.floor((100 * event.loaded) / event.total);
    const seconds = (performance.now() - this.started) / SECOND_MS;
    this.bar.value = share;
    this.percent.textContent = `${share} %`;
    const rate = seconds > 0 ? ` · ${sizeText(event.loaded / seconds)}/s` : "";
    this.say(`${sizeText(event.loaded)} / ${sizeText(event.total)}${rate}`);
  }

  answer(request) {
    window.removeEventListener("beforeunload", this.leaving);
    if (request.status < 400) {
      window.location.assign(request.responseURL);
      return;
    }
    const page = new DOMParser().parseFromString(request.responseText, "text/html");
    const fresh = page.querySelector("main");
    if (!fresh) {
      this.stop(this.form.dataset.textBroken);
      return;
    }
    document.querySelector("main").replaceWith(document.adoptNode(fresh));
    start();
    document.querySelector("main").focus();
    window.scrollTo(0, 0);
  }
}

function start() {
  for (const form of document.querySelectorAll("form[data-upload]")) new UploadForm(form);
}

start();
