// The screen of a server: asks for a token, opens the bridge with it and lets noVNC draw and type.
// Without this file the page shows the picture.
const WHY = { 4401: "session-over", 4403: "not-allowed", 4408: "idle", 4409: "server-stopped", 4429: "too-many" };
const TRIES = 3; // after a connection was lost
const KEY_MS = 25; // between typed keys: a keyboard's buffer is small
const SHIFTED = '~!@#$%^&*()_+{}|:"<>?';
const SHIFT = 0xffe1, ENTER = 0xff0d, TAB = 0xff09;

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

class Refused extends Error {}

// the address and a token; Refused says the console's own sentence
async function askForToken(address) {
  const token = JSON.parse(document.body.getAttribute("hx-headers"))["x-csrftoken"];
  const answer = await fetch(address, { method: "POST", headers: { "x-csrftoken": token, "hx-request": "true" } });
  const elsewhere = answer.headers.get("hx-redirect");
  if (elsewhere) location.assign(elsewhere); // signed out
  if (answer.ok && !elsewhere) return answer.json();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const sentence = (page.querySelector(".notice p") ?? page.querySelector(".error-sentence"))?.firstChild.textContent.trim();
  throw new Refused(sentence ?? "");
}

class Screen {
  constructor(element, RFB) {
    this.element = element;
    this.RFB = RFB;
    this.frame = element.querySelector("[data-frame]");
    this.button = element.querySelector("[data-connect]");
    this.lost = 0;
    this.button.addEventListener("click", () => { this.lost = 0; this.connect(); });
    element.querySelector("[data-type-here]").addEventListener("click", () => this.rfb?.focus());
    element.querySelector("[data-ctrl-alt-del]").addEventListener("click", () => { this.rfb?.sendCtrlAltDel(); this.rfb?.focus(); });
    element.querySelector("[data-full-screen]").addEventListener("click", () => this.toggleFullScreen());
    element.querySelector("[data-paste]").addEventListener("submit", (event) => this.paste(event));
    this.frame.addEventListener("keydown", (event) => this.leave(event), true);
  }

  say(name, sentence = "") {
    this.element.querySelector("[data-said]").textContent = [this.element.getAttribute(`data-text-${name}`), sentence].filter(Boolean).join(" ");
  }

  // the states: connecting, connected, failed (with a button to connect again)
  become(state, name, sentence) {
    this.element.dataset.state = state;
    this.button.hidden = state !== "failed";
    this.frame.hidden = state === "failed";
    for (const button of this.element.querySelectorAll(".live-bar button:not([data-connect])")) button.disabled = state !== "connected";
    this.say(name, sentence);
    if (state === "failed" && document.activeElement === document.body) this.button.focus();
  }

  async connect() {
    this.become("connecting", "connecting");
    try {
      const { url, token } = await askForToken(this.element.dataset.open);
      this.open(url, token);
    } catch (error) {
      this.become("failed", error instanceof Refused ? "" : "offline", error instanceof Refused ? error.message : "");
    }
  }

  open(url, token) {
    const socket = new WebSocket(url, ["binary", `ims-token.${token}`]);
    let [opened, connected] = [false, false];
    socket.addEventListener("open", () => { opened = true; });
    socket.addEventListener("close", (event) => this.closed(event.code, opened, connected));
    this.rfb = new this.RFB(this.frame, socket, { shared: true });
    this.rfb.scaleViewport = true;
    this.rfb.background = "transparent";
    this.rfb.addEventListener("connect", () => { connected = true; this.lost = 0; this.connected(); });
  }

  connected() {
    this.become("connected", "connected");
    const canvas = this.frame.querySelector("canvas");
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", this.element.dataset.textCanvas);
    // whoever waits for the screen wants to type; whoever is at a button already is not taken away from it
    if ([document.body, this.button, document.documentElement].includes(document.activeElement)) this.rfb.focus();
  }

  async closed(code, opened, connected) {
    this.rfb = null;
    this.frame.replaceChildren();
    if (code in WHY) return this.become("failed", WHY[code]);
    if (!opened) return this.become("failed", "unreachable");
    if (!connected && this.lost >= TRIES) return this.become("failed", "unreachable");
    this.lost += 1;
    if (this.lost > TRIES) return this.become("failed", "unreachable");
    this.become("connecting", "lost");
    await wait(1000 * this.lost);
    return this.connect();
  }

  // Ctrl+Alt+Home: the way out for whoever has no mouse. noVNC lets go of all keys when the window loses them.
  leave(event) {
    if (!(event.ctrlKey && event.altKey && event.key === "Home")) return;
    event.preventDefault();
    event.stopPropagation();
    window.dispatchEvent(new Event("blur"));
    this.element.querySelector("[data-type-here]").focus();
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen().then(() => this.rfb?.focus(), () => {});
  }

  async paste(event) {
    event.preventDefault();
    const area = event.target.querySelector("textarea");
    const keys = [...area.value.replace(/\r\n?/g, "\n")];
    if (event.target.querySelector("[data-enter]").checked) keys.push("\n");
    const leftOut = new Set();
    const button = event.target.querySelector("button");
    button.disabled = true;
    for (const key of keys) {
      if (!this.rfb) break;
      if (!(await this.press(key))) leftOut.add(key);
    }
    button.disabled = false;
    if (!this.rfb) return;
    area.value = "";
    event.target.closest("details").open = false;
    if (leftOut.size) this.say("left-out", [...leftOut].join(" "));
    else this.say("typed");
    this.rfb.focus();
  }

  // a key of a US keyboard; false when it has none
  async press(key) {
    const symbol = { "\n": ENTER, "\t": TAB }[key] ?? key.codePointAt(0);
    if (!"\n\t".includes(key) && !/^[ -~]$/.test(key)) return false;
    const shifted = /[A-Z]/.test(key) || SHIFTED.includes(key);
    if (shifted) this.rfb.sendKey(SHIFT, "", true);
    this.rfb.sendKey(symbol, "", true);
    this.rfb.sendKey(symbol, "", false);
    if (shifted) this.rfb.sendKey(SHIFT, "", false);
    await wait(KEY_MS);
    return true;
  }
}

const element = document.querySelector("[data-screen]");
element.hidden = false;
import(element.dataset.novnc).then(
  ({ default: RFB }) => {
    document.querySelector("[data-picture]").remove();
    new Screen(element, RFB).connect();
  },
  () => { element.querySelector("[data-said]").textContent = element.dataset.textBroken; },
);
