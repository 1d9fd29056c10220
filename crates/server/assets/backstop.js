// What pages gain with a script; without it they show the same as tables, pictures and plain forms.
"use strict";

// A slider that sends its form as it moves, not only when the button is pressed.
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.dataset.shows) {
    const shown = document.getElementById(field.dataset.shows);
    if (shown) shown.textContent = field.value;
  }
});
