// One file's way to the server over the tus protocol 1.0.0. What the server has is the truth: after everything
// that goes wrong it is asked (HEAD) and gone on from there.

const VERSION = "1.0.0";
const SILENT_MS = 60_000; // no byte went out for so long: the connection is taken for dead
const EXAMINED_MS = 30 * 60_000; // the last answer comes when the whole file was examined
const WAITS_S = [1, 2, 4, 8, 15, 30];

// `text`: the server's sentence, or empty.
export class Refusal extends Error {} // trying again changes nothing
export class Outage extends Error {} // trying again may help

const encoded = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const metadata = (values) => Object.entries(values).filter(([, value]) => value).map(([key, value]) => `${key} ${encoded(value)}`).join(",");

function judged(request) {
  const { status } = request;
  const sentence = decodeURIComponent(request.getResponseHeader("IMS-Reason") ?? "");
  if (status === 0) throw new Outage();
  if (status >= 500 || [409, 423, 429, 460].includes(status)) throw new Outage(sentence);
  if (status >= 400 || !request.getResponseHeader("Tus-Resumable")) throw new Refusal(sentence);
  return request;
}

export class Server {
  // `format()`: the format that the user names for the file, or undefined
  constructor(address, token, format) {
    Object.assign(this, { address, token, format });
    this.request = null;
  }

  ask(method, address, headers = {}, body = null, progress = null) {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      let dead = 0;
      const watch = (patience) => { clearTimeout(dead); dead = setTimeout(() => request.abort(), patience); };
      request.open(method, address);
      for (const [name, value] of Object.entries({ "Tus-Resumable": VERSION, "X-CSRFToken": this.token, ...headers })) request.setRequestHeader(name, value);
      if (progress) {
        request.upload.addEventListener("progress", (event) => { watch(SILENT_MS); progress(event.loaded); });
        request.upload.addEventListener("load", () => { watch(EXAMINED_MS); progress(body.size); });
      }
      request.addEventListener("loadend", () => {
        clearTimeout(dead);
        try { resolve(judged(request)); } catch (error) { reject(error); }
      });
      this.request = request;
      watch(SILENT_MS);
      request.send(body);
    });
  }

  abort() { this.request?.abort(); }

  // Make an upload for a file; its address.
  async create(file, values) {
    const headers = { "Upload-Length": String(file.size), "Upload-Metadata": metadata({ filename: file.name, ...values }) };
    return (await this.ask("POST", this.address, headers)).getResponseHeader("Location");
  }

  // How far an upload is, and what its beginning hashes to.
  async look(address) {
    const request = await this.ask("HEAD", address);
    const [length, digest] = request.getResponseHeader("IMS-Head").split(" ");
    return { offset: Number(request.getResponseHeader("Upload-Offset")), headBytes: Number(length), headDigest: digest };
  }

  // Send a piece; where the next one begins.
  async send(address, offset, piece, progress) {
    const headers = { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" };
    if (this.format() !== undefined) headers["IMS-Format"] = this.format();
    return Number((await this.ask("PATCH", address, headers, piece, progress)).getResponseHeader("Upload-Offset"));
  }
}

// hooks: sent(bytes), waiting(seconds, sentence), done(), refused(sentence, isReadable)
export class Transfer {
  constructor(server, address, file, chunkBytes, hooks) {
    Object.assign(this, { server, address, file, chunkBytes, hooks });
    this.isPaused = false;
    this.failures = 0;
    this.wake = () => {};
    window.addEventListener("online", () => this.wake());
    window.addEventListener("offline", () => this.server.abort()); // or it would hang until it is taken for dead
  }

  pause() {
    this.isPaused = true;
    this.server.abort();
    this.wake();
  }

  async run() {
    this.isPaused = false;
    while (!this.isPaused) {
      try {
        await this.goOn();
        if (!this.isPaused) this.hooks.done();
        return;
      } catch (error) {
        if (this.isPaused) return;
        if (!(await this.canGoOn(error))) return;
      }
    }
  }

  async goOn() {
    let { offset } = await this.server.look(this.address);
    while (offset < this.file.size && !this.isPaused) {
      const begin = offset;
      this.hooks.sent(begin);
      offset = await this.server.send(this.address, begin, this.file.slice(begin, begin + this.chunkBytes), (bytes) => this.hooks.sent(begin + bytes));
      this.failures = 0;
    }
  }

  async canGoOn(error) {
    if (!(error instanceof Outage)) {
      this.hooks.refused(error instanceof Refusal ? error.message : String(error), true);
      return false;
    }
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      this.hooks.refused("", false);
      return false;
    }
    await this.wait(error.message);
    return true;
  }

  // After each failure a bit longer; less when the browser says that it is online again.
  wait(sentence) {
    const seconds = WAITS_S[Math.min(this.failures, WAITS_S.length - 1)];
    this.failures += 1;
    this.hooks.waiting(seconds, sentence);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, seconds * 1000);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }
}
