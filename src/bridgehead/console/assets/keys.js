// The keyboard: j and k go through rows, Enter opens one, letters go to the buttons of a decision, ? tells the keys.
"use strict";
(() => {
  const pages = { o: "/", d: "/desk", c: "/cases", e: "/effects", f: "/failures", n: "/connections", p: "/policies", a: "/admin" };
  let chosen = -1;
  let going = false;
  const rows = () => [...document.querySelectorAll("table.rows tbody tr")].filter((row) => row.querySelector("a.open") && row.getClientRects().length);
  const choose = (step) => {
    const all = rows();
    if (!all.length) return;
    const at = all.findIndex((row) => row.classList.contains("chosen"));
    chosen = Math.max(0, Math.min(all.length - 1, (at < 0 ? (step > 0 ? -1 : all.length) : at) + step));
    all.forEach((row, index) => row.classList.toggle("chosen", index === chosen));
    const link = all[chosen].querySelector("a.open");
    link.focus({ preventScroll: true });
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  const seen = (one) => one.getClientRects().length > 0;
  const search = () => [
    ...document.querySelectorAll("[data-search]"),
    ...document.querySelectorAll("form[role=search] input:not([type=hidden], [type=checkbox]), form[role=search] select"),
  ].find(seen);
  const leads = (key) => document.querySelector(`header nav a[href="${pages[key]}"]`);
  const named = (key) => [...document.querySelectorAll(`[data-key="${key}"]`)].find(seen);
  const words = (one) => {
    const copy = (one.matches("details") ? one.querySelector("summary") : one.closest("label") || one).cloneNode(true);
    copy.querySelectorAll("kbd, input, select").forEach((inner) => inner.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  };
  // The help is read off the page by what the keys go by, so that it tells what works here and nothing else.
  const help = () => {
    const lines = [];
    if (rows().length) lines.push([["j", "k"], "next, previous row"], [["Enter"], "open the row"]);
    if (search()) lines.push([["/"], `go to “${words(search())}”`]);
    const keys = new Set([...document.querySelectorAll("[data-key]")].filter(seen).map((one) => one.dataset.key));
    keys.forEach((key) => lines.push([[key], `go to “${words(named(key))}”`]));
    Object.keys(pages).filter(leads).forEach((key) => lines.push([["g", key], words(leads(key))]));
    lines.push([["?"], "this help"], [["Esc"], "leave a field, close this"]);
    const list = document.querySelector("#keys dl");
    list.replaceChildren(...lines.flatMap(([pressed, does]) => {
      const term = document.createElement("dt");
      pressed.forEach((key) => { const one = document.createElement("kbd"); one.textContent = key; term.append(one, " "); });
      const told = document.createElement("dd");
      told.textContent = does;
      return [term, told];
    }));
  };
  const busy = (target) => target.isContentEditable || target.matches("input, textarea, select");
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const dialog = document.getElementById("keys");
    if (event.key === "Escape") {
      document.querySelectorAll("details.menu[open]").forEach((one) => one.removeAttribute("open"));
      if (busy(event.target)) event.target.blur();
      return;
    }
    if (busy(event.target) || dialog.open) return;
    if (going) {
      going = false;
      if (pages[event.key] && leads(event.key)) window.location.assign(pages[event.key]);
      return;
    }
    // A page names the key of a button or link by data-key; it is gone to, never pressed: a decision takes a second key.
    const found = /^[a-z]$/.test(event.key) ? named(event.key) : null;
    if (found) {
      event.preventDefault();
      const details = found.closest("details");
      if (details) details.open = true;
      if (found.matches("details")) { found.open = true; (found.querySelector("input:not([type=hidden]), textarea, select, button") || found).focus(); } else found.focus();
      found.scrollIntoView({ block: "nearest" });
    } else if (event.key === "j" || event.key === "k") { event.preventDefault(); choose(event.key === "j" ? 1 : -1); }
    else if (event.key === "/") {
      const field = search();
      if (field) { event.preventDefault(); field.focus(); field.select?.(); }
    } else if (event.key === "?") { event.preventDefault(); help(); dialog.showModal(); }
    else if (event.key === "g") { going = true; }
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details.menu[open]").forEach((one) => { if (!one.contains(event.target)) one.removeAttribute("open"); });
  });
  document.querySelector("header nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  // After a region was fetched anew, the row that was chosen is chosen still.
  document.body.addEventListener("htmx:afterSwap", () => {
    const all = rows();
    if (chosen >= 0 && all.length && document.activeElement === document.body) {
      const row = all[Math.min(chosen, all.length - 1)];
      row.classList.add("chosen");
    }
  });
})();
