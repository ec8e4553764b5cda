// The screen of a server: noVNC draws and types. Without this file the page shows the picture.
import { Live, wait } from "./live.js";

const KEY_MS = 25; // between typed keys: a keyboard's buffer is small
const SHIFTED = '~!@#$%^&*()_+{}|:"<>?';
const SHIFT = 0xffe1, ENTER = 0xff0d, TAB = 0xff09;

class Screen extends Live {
  constructor(element, RFB) {
    super(element, "binary");
    this.RFB = RFB;
    element.querySelector("[data-ctrl-alt-del]").addEventListener("click", () => { this.rfb?.sendCtrlAltDel(); this.focus(); });
  }

  attach(socket) {
    this.rfb = new this.RFB(this.frame, socket, { shared: true });
    this.rfb.scaleViewport = true;
    this.rfb.background = "transparent";
    this.rfb.addEventListener("connect", () => {
      const canvas = this.frame.querySelector("canvas");
      canvas.setAttribute("role", "application");
      canvas.setAttribute("aria-label", this.element.dataset.textCanvas);
      this.connected();
    });
  }

  detach() {
    this.rfb = null;
    this.frame.replaceChildren();
  }

  focus() { this.rfb?.focus(); }

  // noVNC lets go of all keys when the window loses them
  letGo() { window.dispatchEvent(new Event("blur")); }

  // key by key; returns what a US keyboard has not, nothing when the connection is gone
  async paste(text) {
    const leftOut = new Set();
    for (const key of text) {
      if (!this.rfb) break;
      if (!(await this.press(key))) leftOut.add(key);
    }
    return this.rfb && [...leftOut];
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
