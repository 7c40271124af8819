// Turns what the server tells into events that regions of the page listen to, and writes down the browser's zone once.
"use strict";
(() => {
  const topics = document.body.dataset.live;
  if (topics && window.EventSource) {
    const names = topics.split(",");
    const waiting = new Map();
    let source = null;
    const renew = (topic) => {
      waiting.delete(topic);
      document.body.dispatchEvent(new CustomEvent(`live:${topic}`));
    };
    const listen = () => {
      source = new EventSource(`/live?topics=${encodeURIComponent(topics)}`);
      for (const topic of names) {
        source.addEventListener(topic, () => {
          // Pages of many people do not all ask in the same moment.
          if (!waiting.has(topic)) waiting.set(topic, setTimeout(renew, 200 + Math.random() * 800, topic));
        });
      }
    };
    const rest = () => {
      source?.close();
      source = null;
    };
    // A browser has six connections to one place: a tab that nobody sees keeps none, and catches up when it is seen.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) rest();
      else if (source === null) {
        listen();
        names.forEach(renew);
      }
    });
    window.addEventListener("pagehide", rest);
    window.addEventListener("pageshow", (event) => {
      if (event.persisted && source === null) {
        listen();
        names.forEach(renew);
      }
    });
    if (!document.hidden) listen();
    // Somebody who is filling in a form keeps it: its region waits until the form is left.
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      const active = document.activeElement;
      if (event.target.contains(active) && active.matches("input:not([type=hidden]), textarea, select")) event.preventDefault();
    });
  }
  if (!document.cookie.includes("bridgehead_zone=")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `bridgehead_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  }
})();
