// Which keys decide? `a` moves the focus to Approve, and Enter presses it: nothing is approved by one key pressed twice.
// A page that has just appeared approves nothing for a moment, so that a press meant for the page before cannot land here.

const INERT = 700;
const approve = document.querySelector("button[data-approve]");

if (approve) {
  let ready = false;
  let wakes = 0;
  const appear = () => {
    ready = false;
    approve.setAttribute("aria-disabled", "true");
    clearTimeout(wakes);
    wakes = setTimeout(() => {
      ready = true;
      approve.removeAttribute("aria-disabled");
    }, INERT);
  };
  appear();
  // Coming back by the browser's own button shows the page again without loading it.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) appear();
  });
  approve.form.addEventListener("submit", (event) => {
    if (event.submitter === approve && !ready) event.preventDefault();
  });
  // A key held down repeats, and would press what comes under it.
  approve.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.repeat) event.preventDefault();
  });
  if (document.body.dataset.keys === "on") {
    document.addEventListener("keydown", (event) => {
      if (event.key !== "a" || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, dialog[open]")) return;
      approve.focus();
      approve.scrollIntoView({ block: "nearest" });
      event.preventDefault();
    });
  }
}
