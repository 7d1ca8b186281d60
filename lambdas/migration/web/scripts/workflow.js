// Shows the state that is at work in the middle of the picture's box; the page itself stays where it is.
"use strict";

globalThis.showCurrentState = () => {
  const box = document.querySelector("[data-workflow]");
  const lit = box?.querySelectorAll("[data-state].current");
  if (!lit?.length) return;
  const state = lit[lit.length - 1].getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  box.scrollBy({
    top: state.top + state.height / 2 - frame.top - frame.height / 2,
    left: state.left + state.width / 2 - frame.left - frame.width / 2,
  });
};
showCurrentState();
