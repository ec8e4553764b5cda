// The serial console of a server: xterm.js draws and types. Without this file the page shows the log.
import { Live } from "./live.js";

const PIECE = 16 * 1024; // characters in a message: the bridge takes no large ones
const KEYS = { "ctrl-c": "\x03", "ctrl-d": "\x04", "ctrl-z": "\x1a", esc: "\x1b", tab: "\t", up: "\x1b[A", down: "\x1b[B" };
// of a guest's operating system commands none has an effect: titles, colours, links, clipboard, and what terminals invent
const COMMANDS = [0, 1, 2, 4, 5, 8, 9, 10, 11, 12, 50, 52, 104, 105, 110, 111, 112, 133, 633, 777, 1337];

// xterm.js writes style elements and attributes, which the page's policy forbids; it allows what a script sets as objects
document.createElement = (tag) => {
  const element = Document.prototype.createElement.call(document, tag === "style" ? "template" : tag);
  if (tag === "style") {
    const sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(sheet);
    Object.defineProperty(element, "textContent", { set: (rules) => sheet.replaceSync(rules) });
  } else {
    element.setAttribute = (name, value) => {
      if (name === "style") element.style.cssText = value;
      else Element.prototype.setAttribute.call(element, name, value);
    };
  }
  return element;
};

class SerialConsole extends Live {
  constructor(element, Terminal, FitAddon) {
    super(element, "serial");
    this.keeps = true; // what was said stays to be read when the connection is gone
    this.terminal = new Terminal({
      screenReaderMode: true, scrollback: 5000, fontSize: 14, macOptionIsMeta: true, linkHandler: { activate() {} },
    });
    for (const command of COMMANDS) this.terminal.parser.registerOscHandler(command, () => true);
    this.fit = new FitAddon();
    this.terminal.loadAddon(this.fit);
    this.terminal.onData((text) => this.send(text));
    this.terminal.onBinary((text) => this.send(Uint8Array.from(text, (character) => character.charCodeAt(0))));
    this.terminal.attachCustomKeyEventHandler((event) => this.isForGuest(event));
    this.terminal.open(this.frame);
    this.terminal.textarea.setAttribute("aria-label", element.dataset.textTerminal);
    this.wear();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.wear());
    new ResizeObserver(() => this.fit.fit()).observe(this.frame);
    for (const button of element.querySelectorAll("[data-key]")) button.addEventListener("click", () => this.press(KEYS[button.dataset.key]));
    element.querySelector("[data-copy-text]").addEventListener("click", () => this.copy());
    element.querySelector("[data-size]").addEventListener("click", () => this.press(`stty rows ${this.terminal.rows} cols ${this.terminal.cols}\r`));
  }

  // the colours of the page
  wear() {
    const style = getComputedStyle(this.frame);
    this.terminal.options.theme = {
      background: style.backgroundColor, foreground: style.color, cursor: style.color, selectionBackground: style.getPropertyValue("--accent").trim() || undefined,
    };
  }

  attach(socket) {
    this.terminal.reset();
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => { this.socket = socket; this.connected(); });
    socket.addEventListener("message", ({ data }) => this.terminal.write(new Uint8Array(data)));
  }

  detach() { this.socket = null; }

  focus() { this.terminal.focus(); }

  send(data) {
    for (let at = 0; at < data.length; at += PIECE) this.socket?.send(data.slice(at, at + PIECE));
  }

  press(keys) {
    this.send(keys);
    this.focus();
  }

  async paste(text) {
    this.send(text.replace(/\n/g, "\r"));
    return this.socket && [];
  }

  // Ctrl+V is the browser's paste, and Ctrl+C its copy as long as something is selected
  isForGuest(event) {
    if (!event.ctrlKey || event.altKey) return true;
    const key = event.key.toLowerCase();
    return !(key === "v" || (key === "c" && this.terminal.hasSelection()));
  }

  // what is selected, or all there is; xterm.js answers the browser's copying
  copy() {
    const isAll = !this.terminal.hasSelection();
    if (isAll) this.terminal.selectAll();
    this.focus();
    document.execCommand("copy");
    if (isAll) this.terminal.clearSelection();
    this.say("copied");
  }
}

const element = document.querySelector("[data-serial]");
element.hidden = false;
Promise.all([import(element.dataset.xterm), import(element.dataset.fit)]).then(
  ([{ Terminal }, { FitAddon }]) => {
    document.querySelector("[data-log]").remove();
    new SerialConsole(element, Terminal, FitAddon).connect();
  },
  () => { element.querySelector("[data-said]").textContent = element.dataset.textBroken; },
);
