// Turns what the server tells into events that regions of the page listen to, and writes down the browser's zone once.
"use strict";
(() => {
  const topics = document.body.dataset.live;
  if (topics && window.EventSource) {
    const waiting = new Map();
    const tell = (topic) => {
      waiting.delete(topic);
      if (document.hidden) { missed.add(topic); return; }
      // Somebody who is filling in a form keeps it: the region waits until the form is left.
      document.body.dispatchEvent(new CustomEvent(`live:${topic}`));
    };
    const missed = new Set();
    const source = new EventSource(`/live?topics=${encodeURIComponent(topics)}`);
    for (const topic of topics.split(",")) {
      source.addEventListener(topic, () => {
        // Pages of many people do not all ask in the same moment.
        if (!waiting.has(topic)) waiting.set(topic, setTimeout(tell, 200 + Math.random() * 800, topic));
      });
    }
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      for (const topic of missed) document.body.dispatchEvent(new CustomEvent(`live:${topic}`));
      missed.clear();
    });
    document.body.addEventListener("htmx:beforeRequest", (event) => {
      const region = event.target;
      if (region.contains(document.activeElement) && document.activeElement.matches("input, textarea, select")) event.preventDefault();
    });
  }
  if (!document.cookie.includes("bridgehead_zone=")) {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone) document.cookie = `bridgehead_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  }
})();
