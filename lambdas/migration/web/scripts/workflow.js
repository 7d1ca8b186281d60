// Shows the state that is at work, or else the last that was not passed, in the middle of the
// picture's box; the page itself stays where it is. Called again after the picture was replaced: whoever has scrolled the box finds it as it was,
// until another state is at work.
"use strict";

{
  const seen = { state: "", left: 0, top: 0 };

  globalThis.showCurrentState = () => {
    const box = document.querySelector("[data-workflow]");
    if (!box) return;
    const lit = ["current", "failed"]
      .map((status) => [...box.querySelectorAll(`[data-state].${status}`)].pop())
      .find((found) => found);
    const state = lit?.dataset.state ?? "";
    if (state === seen.state) box.scrollTo(seen.left, seen.top);
    else if (lit) center(box, lit);
    seen.state = state;
    const keep = () => Object.assign(seen, { left: box.scrollLeft, top: box.scrollTop });
    keep();
    box.addEventListener("scroll", keep, { passive: true });
  };

  function center(box, lit) {
    const state = lit.getBoundingClientRect();
    const frame = box.getBoundingClientRect();
    box.scrollBy(
      state.left + state.width / 2 - frame.left - frame.width / 2,
      state.top + state.height / 2 - frame.top - frame.height / 2,
    );
  }

  showCurrentState();
}
