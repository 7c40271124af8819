// Folds: what a link names is opened, also where the browser does not do so itself, and what is open stays open when its region is fetched anew.
"use strict";
(() => {
  const reveal = () => {
    const found = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    if (!found) return;
    let closed = false;
    for (let one = found.parentElement?.closest("details"); one; one = one.parentElement?.closest("details")) {
      closed ||= !one.open;
      one.open = true;
    }
    if (closed) found.scrollIntoView();
  };
  window.addEventListener("hashchange", reveal);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.('a[href^="#"]')) setTimeout(reveal);
  });
  reveal();
  let open = new Map();
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    open = new Map([...event.target.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
  });
  document.body.addEventListener("htmx:afterSwap", () => {
    open.forEach((was, id) => { const one = document.getElementById(id); if (one) one.open = was; });
  });
})();
