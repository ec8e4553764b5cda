// What one is at through the bridge, a screen or a serial console: asks for a token, connects with it, and says how it is.
const WHY = { 4401: "session-over", 4403: "not-allowed", 4405: "no-serial-input", 4408: "idle", 4409: "server-stopped", 4429: "too-many" };
const TRIES = 3; // after a connection was lost

export const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

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

// Who extends it has `attach(socket)`, which calls `connected()`; `detach()`, `focus()`, and `paste(text, field)`.
export class Live {
  constructor(element, subprotocol) {
    this.element = element;
    this.subprotocol = subprotocol;
    this.frame = element.querySelector("[data-frame]");
    this.button = element.querySelector("[data-connect]");
    this.lost = 0;
    this.button.addEventListener("click", () => { this.lost = 0; this.connect(); });
    element.querySelector("[data-type-here]").addEventListener("click", () => this.focus());
    element.querySelector("[data-full-screen]").addEventListener("click", () => this.toggleFullScreen());
    element.querySelector("[data-paste]").addEventListener("submit", (event) => this.typeIn(event));
    this.frame.addEventListener("keydown", (event) => this.leave(event), true);
  }

  say(name, sentence = "") {
    this.element.querySelector("[data-said]").textContent = [this.element.getAttribute(`data-text-${name}`), sentence].filter(Boolean).join(" ");
  }

  // the states: connecting, connected, failed (with a button to connect again)
  become(state, name, sentence) {
    this.element.dataset.state = state;
    this.button.hidden = state !== "failed";
    this.frame.hidden = state === "failed" && !this.keeps;
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
    const socket = new WebSocket(url, [this.subprotocol, `ims-token.${token}`]);
    let opened = false;
    this.wasConnected = false;
    socket.addEventListener("open", () => { opened = true; });
    socket.addEventListener("close", (event) => this.closed(event.code, opened));
    this.attach(socket);
  }

  connected() {
    this.wasConnected = true;
    this.lost = 0;
    this.become("connected", "connected");
    // whoever waits for it wants to type; whoever is at a button already is not taken away from it
    if ([document.body, this.button, document.documentElement].includes(document.activeElement)) this.focus();
  }

  async closed(code, opened) {
    this.detach();
    if (code in WHY) return this.become("failed", WHY[code]);
    if (!opened) return this.become("failed", "unreachable");
    if (!this.wasConnected && this.lost >= TRIES) return this.become("failed", "unreachable");
    this.lost += 1;
    if (this.lost > TRIES) return this.become("failed", "unreachable");
    this.become("connecting", "lost");
    await wait(1000 * this.lost);
    return this.connect();
  }

  // Ctrl+Alt+Home: the way out for whoever has no mouse
  leave(event) {
    if (!(event.ctrlKey && event.altKey && event.key === "Home")) return;
    event.preventDefault();
    event.stopPropagation();
    this.letGo?.();
    this.element.querySelector("[data-type-here]").focus();
  }

  toggleFullScreen() {
    if (document.fullscreenElement) document.exitFullscreen();
    else this.element.requestFullscreen().then(() => this.focus(), () => {});
  }

  async typeIn(event) {
    event.preventDefault();
    const [area, button] = [event.target.querySelector("textarea"), event.target.querySelector("button")];
    const text = area.value.replace(/\r\n?/g, "\n") + (event.target.querySelector("[data-enter]").checked ? "\n" : "");
    button.disabled = true;
    const leftOut = await this.paste(text);
    button.disabled = false;
    if (!leftOut) return; // the connection is gone
    area.value = "";
    event.target.closest("details").open = false;
    if (leftOut.length) this.say("left-out", leftOut.join(" "));
    else this.say("typed");
    this.focus();
  }
}
