// Forms that take a disk file: it goes up in pieces, can be paused, and goes on after whatever interrupts it.
// Without this file the forms send it in one go.

import { sha256 } from "./sha256.js";
import { Outage, Refusal, Server, Transfer } from "./tus.js";

const SHA256 = /^[0-9a-f]{64}$/i;
const WINDOW_MS = 5000; // the rate is that of the last seconds
const TOLD_PERCENT = 10; // screen readers hear of every so many
const KEEP = 1000;

function sizeText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (bytes >= 1024 && unit < units.length - 1) {
    bytes /= 1024;
    unit += 1;
  }
  return `${bytes.toFixed(unit && bytes < 100 ? 1 : 0)} ${units[unit]}`;
}

function timeText(seconds) {
  const whole = Math.ceil(seconds);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.slice(parts[0] ? 0 : 1).map((part, i) => (i ? String(part).padStart(2, "0") : part)).join(":");
}

const filled = (text, values) => text.replace(/{(\w+)}/g, (place, name) => values[name] ?? place);

class Rate {
  samples = [];

  add(bytes) {
    const now = performance.now();
    this.samples.push([now, bytes]);
    while (this.samples.length > KEEP || now - this.samples[0][0] > WINDOW_MS) this.samples.shift();
  }

  perSecond() {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    return last[0] - first[0] > 500 ? Math.max(0, (1000 * (last[1] - first[1])) / (last[0] - first[0])) : 0;
  }
}

class Uploader {
  constructor(root) {
    const part = (name) => root.querySelector(`[data-upload-${name}]`);
    this.root = root;
    this.form = root.closest("form");
    this.input = root.querySelector('input[type="file"]');
    this.unfinished = JSON.parse(root.dataset.unfinished);
    [this.says, this.heard, this.box, this.percent] = [part("says"), part("heard"), part("progress"), part("percent")];
    [this.pauseButton, this.goOnButton] = [part("pause"), part("continue")];
    this.bar = this.box.querySelector("progress");
    this.buttons = this.form.querySelectorAll('button[type="submit"]');
    this.server = new Server(root.dataset.tusUrl, this.form.elements.csrfmiddlewaretoken.value, () => this.form.elements.format?.value);
    this.form.hidden = false;
    this.leaving = (event) => event.preventDefault();
    this.form.addEventListener("submit", (event) => this.submit(event), { capture: true }); // before htmx
    this.input.addEventListener("change", () => this.choose());
    this.pauseButton.addEventListener("click", () => this.pause());
    this.goOnButton.addEventListener("click", () => this.goOn());
  }

  text(name, values = {}) {
    return filled(this.root.dataset[`text${name}`], values);
  }

  // Shown, and heard by screen readers unless it changes all the time.
  say(text, { isHeard = true, isError = false } = {}) {
    this.says.textContent = text;
    this.says.className = isError ? "invalid-feedback d-block" : "form-text";
    if (isHeard) this.heard.textContent = text;
  }

  // A new file goes before one that was uploaded earlier.
  choose() {
    const none = this.form.querySelector("#upload-none");
    if (none && this.input.files.length) none.checked = true;
    this.say(this.refusal(), { isError: true });
  }

  refusal() {
    const file = this.input.files[0];
    const given = this.form.elements.sha256?.value.trim();
    if (!file) return "";
    if (file.size > Number(this.root.dataset.limitBytes)) return this.text("TooLarge");
    return given && !SHA256.test(given) ? this.text("Sha256") : "";
  }

  submit(event) {
    if (event.submitter?.form !== this.form || !this.input.files.length) return; // what was sent up goes without a button
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.transfer) return;
    const refusal = this.refusal();
    this.say(refusal, { isError: true });
    if (!refusal) this.begin(this.input.files[0]);
  }

  async begin(file) {
    this.work(true);
    try {
      this.say(this.text("Comparing"));
      const address = await this.same(file) ?? await this.fresh(file);
      if (!address) { this.stop(this.other(file)); return; }
      this.told = -1;
      this.transfer = new Transfer(this.server, address, file, Number(this.root.dataset.chunkBytes), {
        sent: (bytes) => this.show(bytes, file.size),
        waiting: (seconds, sentence) => this.say(`${sentence || this.text("Lost")} ${this.text("Again", { seconds })}`),
        done: () => this.done(address),
        refused: (sentence, isReadable) => this.stop(isReadable ? sentence || this.text("SignedOut") : this.text("Changed")),
      });
      this.goOn();
    } catch (error) {
      this.stop(error.message || this.text(error instanceof Outage ? "Lost" : "SignedOut"));
    }
  }

  // The address of an unfinished upload of this very file: same name, size and beginning.
  async same(file) {
    for (const upload of this.unfinished.filter(({ name, size }) => name === file.name && size === file.size)) {
      const address = `${this.root.dataset.tusUrl}${upload.id}/`;
      if (await this.isBegunWith(file, address)) return address;
    }
    return null;
  }

  // What was refused, discarded or has expired meanwhile is begun anew.
  async isBegunWith(file, address) {
    try {
      const { headBytes, headDigest } = await this.server.look(address);
      return sha256(await file.slice(0, headBytes).arrayBuffer()) === headDigest;
    } catch (error) {
      if (error instanceof Refusal && error.message && !this.root.dataset.only) return false;
      throw error;
    }
  }

  async fresh(file) {
    if (this.root.dataset.only) return null;
    const given = this.form.elements.sha256?.value.trim();
    const address = await this.server.create(file, { format: this.server.format(), sha256: given });
    this.unfinished.push({ id: address.split("/").at(-2), name: file.name, size: file.size });
    return address;
  }

  other(file) {
    const [{ name, size }] = this.unfinished;
    const isAlike = name === file.name && size === file.size;
    return this.text(isAlike ? "Differs" : "Other", { name, size: sizeText(size) });
  }

  goOn() {
    this.rate = new Rate();
    this.paused(false);
    this.work(true);
    this.transfer.run();
  }

  pause() {
    this.transfer.pause();
    this.paused(true);
    this.work(false);
    this.say(this.text("Paused", { share: `${this.bar.value} %` }));
  }

  paused(isPaused) {
    this.pauseButton.hidden = isPaused;
    this.goOnButton.hidden = !isPaused;
    (isPaused ? this.goOnButton : this.pauseButton).focus();
  }

  // While it works, nothing else of the form can be sent, and the browser asks before the page is left.
  work(isWorking) {
    this.box.hidden = !isWorking && !this.transfer;
    this.input.disabled = Boolean(isWorking || this.transfer);
    for (const button of this.buttons) button.disabled = this.input.disabled;
    window[isWorking ? "addEventListener" : "removeEventListener"]("beforeunload", this.leaving);
  }

  stop(text) {
    this.transfer = null;
    this.work(false);
    this.say(text, { isError: true });
    this.input.focus();
  }

  show(bytes, size) {
    const percent = Math.floor((100 * bytes) / size);
    this.rate.add(bytes);
    this.bar.value = percent;
    this.percent.textContent = `${percent} %`;
    if (bytes === size) { this.say(this.text("Arrived")); return; }
    const rate = this.rate.perSecond();
    const left = rate ? this.text("Left", { time: timeText((size - bytes) / rate), rate: sizeText(rate) }) : "";
    const text = `${this.text("Sent", { done: sizeText(bytes), size: sizeText(size) })} ${left}`;
    const step = Math.floor(percent / TOLD_PERCENT);
    this.say(text, { isHeard: step !== this.told });
    this.told = step;
  }

  done(address) {
    this.transfer = null;
    window.removeEventListener("beforeunload", this.leaving);
    const id = address.split("/").at(-2);
    if (this.root.dataset.then) { window.location.assign(this.root.dataset.then.replace(/0{8}-[0-]+/, id)); return; }
    for (const radio of this.form.querySelectorAll('input[name="upload"]')) radio.disabled = true;
    const chosen = document.createElement("input");
    Object.assign(chosen, { type: "hidden", name: "upload", value: id });
    this.form.append(chosen);
    for (const button of this.buttons) button.disabled = false;
    this.form.requestSubmit();
  }
}

function begin() {
  for (const root of document.querySelectorAll("[data-uploader]:not([data-ready])")) {
    root.dataset.ready = "yes";
    new Uploader(root);
  }
}

begin();
document.addEventListener("htmx:afterSettle", begin); // a wizard that went back to its first step
