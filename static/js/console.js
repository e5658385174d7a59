// What does a script add to every page? Menus that close, forms that save by key and warn, ids that copy.
// Everything here is a shortcut: without it each page still does all of its work.

document.documentElement.dataset.js = "";

// A click outside closes the open menu, as a native menu would.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const opener = event.target.closest("[data-show]");
  if (opener) {
    opener.closest("details[open]")?.removeAttribute("open");
    document.getElementById(opener.dataset.show)?.showModal();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary")?.focus();
    }
    return;
  }
  // Ctrl+Enter saves from any field. Asking the button keeps its name and value in what is sent.
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form[data-guard]");
    if (!form) return;
    event.preventDefault();
    const save = form.querySelector("[data-save]");
    if (save) form.requestSubmit(save);
    else form.requestSubmit();
  }
});

// Leaving a form with changes warns. What counts is what would be sent, not which keys were pressed.
const written = (form) => new URLSearchParams(new FormData(form)).toString();
const guarded = [...document.querySelectorAll("form[data-guard]")].map((form) => ({ form, before: written(form) }));
let sending = false;
for (const { form } of guarded) {
  form.addEventListener("submit", (event) => {
    sending = !event.defaultPrevented;
  });
}
if (guarded.length > 0) {
  window.addEventListener("pageshow", () => {
    sending = false;
  });
  window.addEventListener("beforeunload", (event) => {
    const changed = guarded.some(({ form, before }) => form.dataset.guard === "changed" || written(form) !== before);
    if (!sending && changed) event.preventDefault();
  });
}

// A copy button says that it copied, to the eye and to a screen reader.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const label = button.querySelector("[data-copy-label]") ?? button;
  const before = label.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    label.textContent = "Copied";
  } catch {
    label.textContent = "Copying is not allowed here";
  }
  setTimeout(() => {
    label.textContent = before;
  }, 2000);
});
