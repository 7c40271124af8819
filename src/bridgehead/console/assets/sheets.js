// Links to marks on pictures: where the pictures are on this page already, a link goes to its mark here.
"use strict";
(() => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href*="/sheets/"][href*="#"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !document.getElementById(link.hash.slice(1))) return;
    event.preventDefault();
    window.location.hash = link.hash;
  });
  // A picture that does not come leaves a note with the original's link; an error of an image does not bubble.
  document.addEventListener("error", (event) => {
    const note = event.target.closest?.(".leaf")?.querySelector(".unshown");
    if (note) note.hidden = false;
  }, true);
  // A link into this page that names a mark is followed once the pictures are there.
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const named = document.getElementById(window.location.hash.slice(1));
    if (named && event.target.contains(named)) window.location.replace(window.location.hash);
  });
})();
