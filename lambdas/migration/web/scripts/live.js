// Puts into a live page what its server sends: each part that has changed in the place of what stands
// there. Tables and charts take over what is new and stay as the viewer has set them.
(() => {
  "use strict";
  const KEPT = "[data-rows], [data-chart]";
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
    const scrolled = place.querySelector(".log")?.scrollTop ?? 0;
    place.replaceChildren(made);
    if (scrolled) place.querySelector(".log").scrollTop = scrolled;
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
