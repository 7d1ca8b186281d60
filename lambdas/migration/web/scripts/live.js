// Puts into a live page what its server sends: each part that has changed in the place of what stands
// there. Tables and charts take over what is new and stay as the viewer has set them.
(() => {
  "use strict";
  const KEPT = "[data-rows], [data-chart]";
  const FOCUSABLE = "a[href], summary, [tabindex]";
  const connection = document.querySelector("[data-connection]");
  const headline = document.querySelector("[data-headline]");
  let lastWords = "";

  function say(text) {
    if (connection.textContent !== text) connection.textContent = text;
    connection.hidden = !text;
  }

  function parse(markup) {
    const template = document.createElement("template");
    template.innerHTML = markup;
    return template.content;
  }

  // What the viewer has opened, scrolled to and chosen by keyboard is found again after it was
  // replaced.
  function remember(place) {
    const all = (selector) => [...place.querySelectorAll(selector)];
    const opened = all("details").map((each) => each.open);
    const scrolled = all(".log").map((each) => each.scrollTop);
    const focused = all(FOCUSABLE).indexOf(document.activeElement);
    return () => {
      all("details").forEach((each, at) => (each.open = opened[at] ?? false));
      all(".log").forEach((each, at) => (each.scrollTop = scrolled[at] ?? 0));
      if (focused >= 0) all(FOCUSABLE)[focused]?.focus({ preventScroll: true });
    };
  }

  function put(place, made) {
    const kept = [...place.querySelectorAll(KEPT)];
    const renewed = [...made.querySelectorAll(KEPT)];
    if (kept.length && kept.length === renewed.length) {
      kept.forEach((box, at) =>
        box.dispatchEvent(new CustomEvent("renewed", { detail: renewed[at] })),
      );
      place.querySelector("[data-told]")?.replaceWith(...made.querySelectorAll("[data-told]"));
      return;
    }
    const restore = remember(place);
    place.replaceChildren(made);
    restore();
    if (renewed.length) document.dispatchEvent(new CustomEvent("added", { detail: place }));
  }

  const source = new EventSource("events");
  source.addEventListener("view", (event) => {
    const told = JSON.parse(event.data);
    say("");
    lastWords = told.lastWords;
    document.title = told.title;
    if (headline.textContent !== told.headline) headline.textContent = told.headline;
    for (const [name, markup] of Object.entries(told.parts)) {
      put(document.querySelector(`[data-part="${name}"]`), parse(markup));
    }
    if (told.parts.workflow) showCurrentState(); // of scripts/workflow.js
    document.documentElement.dataset.live = told.status;
  });
  source.addEventListener("error", () => {
    document.documentElement.dataset.live = "lost";
    if (!lastWords) {
      say("The connection is lost: what stands here is not the present any more. Trying again…");
      return;
    }
    source.close();
    say(lastWords);
    document.querySelector("[data-report]")?.remove(); // nobody would answer
  });
})();
