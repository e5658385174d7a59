// How are many rows ticked at once? A box in the head for the whole page, and shift for all between two.

const boxes = () => [...document.querySelectorAll("tbody .tick input[type=checkbox]")];
const head = document.querySelector("thead .tick");

if (head && boxes().length > 0) {
  const whole = document.createElement("input");
  whole.type = "checkbox";
  whole.setAttribute("aria-label", "Select every row on this page");
  head.append(whole);
  const show = () => {
    const ticked = boxes().filter((box) => box.checked).length;
    whole.checked = ticked > 0 && ticked === boxes().length;
    whole.indeterminate = ticked > 0 && !whole.checked;
  };
  whole.addEventListener("change", () => {
    for (const box of boxes()) box.checked = whole.checked;
    show();
  });
  let last = null;
  document.addEventListener("click", (event) => {
    const all = boxes();
    const here = all.indexOf(event.target);
    if (here < 0) return;
    if (event.shiftKey && last !== null) {
      const [from, to] = [Math.min(here, last), Math.max(here, last)];
      for (const box of all.slice(from, to + 1)) box.checked = event.target.checked;
    }
    last = here;
    show();
  });
  // The browser keeps what was ticked when somebody comes back.
  window.addEventListener("pageshow", show);
  show();
}
