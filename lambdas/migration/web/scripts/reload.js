// Loads a page that is written anew every few minutes, as long as its reader wants it.
"use strict";

{
  const EVERY = 60_000;
  const control = document.querySelector("[data-reload]");
  const wanted = control.querySelector("input");
  let timer = 0;
  const plan = () => {
    clearTimeout(timer);
    if (wanted.checked) timer = setTimeout(() => location.reload(), EVERY);
  };
  control.hidden = false;
  wanted.addEventListener("change", plan);
  plan();
}
