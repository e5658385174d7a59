// Which single keys does a page answer to? / searches, j and k move, Enter opens, e edits, ? helps.
// Preferences can switch them off, because speech input and shaking hands press single keys by accident (WCAG 2.1.4).

// The page's own search before the one over everything.
const search = () => document.querySelector("main input[type=search]") ?? document.querySelector(".bar input[type=search]");
const rows = () => [...document.querySelectorAll("main [data-id], main .hits > li")].filter((row) => row.querySelector("a[href]"));
const link = (row) => row.querySelector("a[data-open]") ?? row.querySelector("a[href]");

// The link keeps the focus, so Enter opens it by itself and a screen reader reads it out.
function move(step) {
  const all = rows();
  if (all.length === 0) return;
  const here = all.findIndex((row) => row.contains(document.activeElement));
  const next = here < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(here + step, 0), all.length - 1);
  const target = link(all[next]);
  target.focus();
  target.scrollIntoView({ block: "nearest" });
}

const actions = {
  "/": () => {
    const field = search();
    field?.focus();
    field?.select();
    return field !== null;
  },
  j: () => move(1),
  k: () => move(-1),
  e: () => {
    const edit = document.querySelector("a[data-edit]");
    edit?.click();
    return edit !== null;
  },
  "?": () => document.getElementById("keys-help")?.showModal(),
};

function typing(target) {
  return target.isContentEditable || target.closest?.("input:not([type=checkbox], [type=radio]), select, textarea, dialog[open]");
}

if (document.body.dataset.keys === "on") {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (typing(event.target)) return;
    const action = actions[event.key];
    if (action && action() !== false) event.preventDefault();
  });
}
