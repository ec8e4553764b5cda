// <combo-box> makes a long grouped <select> a search: a family, and a field that finds what has all words in it.
// The select keeps its name and value, so the server is told the same with and without scripts.
// Keys as of any combobox: arrows, Enter, Escape; Tab takes what is marked while one types.
const SHOWN = 200;
let made = 0;

const element = (tag, attributes) => {
  const found = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) found.setAttribute(name, value);
  return found;
};
const labelOf = (option) => option.label.trim();
// a number is meant from its beginning: 12 is not 10.12
const hasWord = (text, word) => (/^\d/.test(word) ? ` ${text}`.includes(` ${word}`) : text.includes(word));
const familyOf = (option) => option.parentElement.label ?? "";

customElements.define("combo-box", class extends HTMLElement {
  connectedCallback() {
    this.querySelector(".combobox")?.remove(); // a page that was left and is shown again
    this.select = this.querySelector("select");
    if (!this.select || this.select.disabled) return;
    this.build();
    this.addEventListener("keydown", (event) => this.pressed(event));
    this.show();
  }

  build() {
    const { select } = this;
    const id = select.id.replace(/-value$/, "");
    const list = `combobox-${(made += 1)}`;
    this.family = element("select", { class: "form-select", "aria-label": this.dataset.family });
    this.family.append(new Option(this.dataset.all, ""));
    for (const group of select.querySelectorAll("optgroup")) this.family.append(new Option(group.label, group.label));
    this.input = element("input", {
      type: "text", class: select.className.replace("form-select", "form-control"), id, role: "combobox", autocomplete: "off",
      spellcheck: "false", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": list, placeholder: this.dataset.search,
    });
    for (const name of ["aria-describedby", "aria-invalid", "required"]) {
      if (select.hasAttribute(name)) this.input.setAttribute(name, select.getAttribute(name));
    }
    this.list = element("ul", { id: list, role: "listbox", hidden: "", "aria-label": this.dataset.list });
    this.said = element("p", { class: "visually-hidden", role: "status" });
    const box = element("div", { class: "combobox" });
    box.append(this.family, this.input, this.list, this.said);
    Object.assign(select, { id: `${id}-value`, hidden: true, required: false });
    this.append(box);
    if (select.value) this.family.value = familyOf(select.selectedOptions[0]);
    this.family.addEventListener("change", () => this.narrow());
    this.input.addEventListener("input", () => this.open());
    this.input.addEventListener("click", () => this.open());
    this.input.addEventListener("blur", () => { this.close(); this.show(); });
    this.list.addEventListener("mousedown", (event) => { // before the field is left
      event.preventDefault();
      const row = event.target.closest("[data-value]");
      if (row) this.choose(row);
    });
  }

  // what is chosen, as the field shows it
  show() { this.input.value = this.select.value ? labelOf(this.select.selectedOptions[0]) : ""; }

  narrow() {
    const chosen = this.select.selectedOptions[0];
    if (this.family.value && this.select.value && familyOf(chosen) !== this.family.value) this.set("");
    this.show();
  }

  set(value) {
    this.select.value = value;
    this.select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  // those with every word; of other families only when this one has none
  found() {
    const typed = this.input.value.toLowerCase();
    const isChosen = this.select.value && this.input.value === labelOf(this.select.selectedOptions[0]);
    const words = isChosen ? [] : typed.split(/\s+/).filter(Boolean);
    const all = [...this.select.options].filter((option) => {
      const text = `${labelOf(option)} ${familyOf(option)}`.toLowerCase();
      return words.every((word) => hasWord(text, word)) && (option.value || !words.length);
    });
    const own = all.filter((option) => !option.value || !this.family.value || familyOf(option) === this.family.value);
    return own.some((option) => option.value) || !words.length ? own : all;
  }

  open() {
    const found = this.found();
    this.list.replaceChildren(...found.slice(0, SHOWN).map((option, number) => {
      const row = element("li", {
        role: "option", id: `${this.list.id}-${number}`, "data-value": option.value, "aria-selected": String(option.value === this.select.value),
      });
      row.textContent = labelOf(option);
      return row;
    }));
    if (!found.length) {
      const none = element("li", { class: "none", role: "option", "aria-disabled": "true" });
      none.textContent = this.dataset.none;
      this.list.append(none);
    }
    this.said.textContent = found.length ? this.dataset.found.replace("{n}", found.length) : this.dataset.none;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const rows = this.rows();
    this.mark(rows.find((row) => row.getAttribute("aria-selected") === "true") ?? rows[0]);
  }

  close() {
    this.list.hidden = true;
    this.list.replaceChildren();
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  rows() { return [...this.list.querySelectorAll("[data-value]")]; }

  mark(row) {
    for (const each of this.rows()) each.classList.toggle("active", each === row);
    if (!row) { this.input.removeAttribute("aria-activedescendant"); return; }
    this.input.setAttribute("aria-activedescendant", row.id);
    row.scrollIntoView({ block: "nearest" });
  }

  choose(row) {
    this.set(row.dataset.value);
    const family = familyOf(this.select.selectedOptions[0]);
    if (this.family.value && family) this.family.value = family;
    this.close();
    this.show();
  }

  pressed(event) {
    if (event.target !== this.input) return;
    const rows = this.rows();
    const at = rows.findIndex((row) => row.classList.contains("active"));
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (event.key === "Tab" && !this.list.hidden) {
      if (!this.input.value.trim()) this.set("");
      else if (at >= 0) this.choose(rows[at]);
    } else if (event.key === "Enter" && !this.list.hidden) {
      event.preventDefault();
      if (at >= 0) this.choose(rows[at]);
    } else if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
      this.show();
    } else if (this.list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      this.open();
    } else if (!this.list.hidden && to !== undefined) {
      event.preventDefault();
      this.mark(rows[Math.min(Math.max(to, 0), rows.length - 1)]);
    }
  }
});
