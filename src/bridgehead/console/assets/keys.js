// The keyboard: j and k go through rows, Enter opens one, letters go to the buttons of a decision, ? tells the keys.
"use strict";
(() => {
  const pages = { o: "/", d: "/desk", c: "/cases", e: "/effects", f: "/failures" };
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
      if (pages[event.key] && document.querySelector(`nav a[href="${pages[event.key]}"]`)) window.location.assign(pages[event.key]);
      return;
    }
    // A page names the key of a button or link by data-key; it is gone to, never pressed: a decision takes a second key.
    const named = /^[a-z]$/.test(event.key) ? document.querySelector(`[data-key="${event.key}"]`) : null;
    if (named) {
      event.preventDefault();
      const details = named.closest("details");
      if (details) details.open = true;
      if (named.matches("details")) { named.open = true; (named.querySelector("input:not([type=hidden]), textarea, select, button") || named).focus(); } else named.focus();
      named.scrollIntoView({ block: "nearest" });
    } else if (event.key === "j" || event.key === "k") { event.preventDefault(); choose(event.key === "j" ? 1 : -1); }
    else if (event.key === "/") {
      const field = document.querySelector("[data-search]") || document.querySelector("form[role=search] input:not([type=hidden])");
      if (field) { event.preventDefault(); field.focus(); field.select?.(); }
    } else if (event.key === "?") { event.preventDefault(); dialog.showModal(); }
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
