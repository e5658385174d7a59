// How is a record found while its name is typed? A combobox over the picker's text field (ARIA pattern, list autocomplete).
// Without this the Find button beside the field does the same in two steps.

const WAIT = 150;
let counter = 0;

function enhance(input) {
  const field = input.closest(".with").parentElement;
  const hidden = field.querySelector("input[type=hidden]");
  // With radios on the page the answer of a Find is being read; leave it alone.
  if (!hidden) return;
  const list = document.createElement("ul");
  list.id = `picker-${(counter += 1)}`;
  list.className = "picker";
  list.role = "listbox";
  list.hidden = true;
  list.setAttribute("aria-label", "Matches");
  input.closest(".with").append(list);
  const status = document.createElement("span");
  status.className = "sr";
  status.role = "status";
  input.closest(".with").append(status);
  input.role = "combobox";
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("aria-controls", list.id);

  let timer = 0;
  let request = null;
  let current = -1;

  function close() {
    list.hidden = true;
    current = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function point(index) {
    const options = [...list.children];
    if (options.length === 0) return;
    current = (index + options.length) % options.length;
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === current)));
    input.setAttribute("aria-activedescendant", options[current].id);
    options[current].scrollIntoView({ block: "nearest" });
  }

  function choose(option) {
    hidden.value = option.dataset.value;
    input.value = "";
    input.placeholder = "Find another";
    let chosen = field.querySelector("p.fixed");
    if (!chosen) {
      chosen = document.createElement("p");
      chosen.className = "fixed";
      hidden.before(chosen);
    }
    const name = document.createElement("bdi");
    name.textContent = option.dataset.label;
    chosen.replaceChildren(name);
    status.textContent = `${option.dataset.label} chosen`;
    close();
  }

  function show(found) {
    const options = found.map((one, at) => {
      const option = document.createElement("li");
      option.role = "option";
      option.id = `${list.id}-${at}`;
      option.dataset.value = one.id;
      option.dataset.label = one.label;
      option.setAttribute("aria-selected", "false");
      const name = document.createElement("bdi");
      name.textContent = one.label;
      option.append(name);
      if (one.detail) {
        const detail = document.createElement("bdi");
        detail.className = "quiet";
        detail.textContent = one.detail;
        option.append(" ", detail);
      }
      return option;
    });
    list.replaceChildren(...options);
    current = -1;
    list.hidden = options.length === 0;
    input.setAttribute("aria-expanded", String(options.length > 0));
    input.removeAttribute("aria-activedescendant");
    status.textContent = options.length === 0 ? "Nothing matches" : `${options.length} matches`;
  }

  async function ask() {
    request?.abort();
    const typed = input.value.trim();
    if (typed === "") return close();
    request = new AbortController();
    try {
      const answer = await fetch(`${input.dataset.picker}&q=${encodeURIComponent(typed)}`, {
        headers: { Accept: "application/json" }, credentials: "same-origin", signal: request.signal,
      });
      if (answer.ok) show(await answer.json());
    } catch (error) {
      if (error.name !== "AbortError") close();
    }
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) ask();
      else point(current + (event.key === "ArrowDown" ? 1 : current < 0 ? 0 : -1));
    } else if (event.key === "Enter" && !list.hidden && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const option = list.children[current < 0 ? 0 : current];
      if (option) choose(option);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  // mousedown, not click: the field's blur would have closed the list by then.
  list.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[role=option]");
    event.preventDefault();
    if (option) choose(option);
  });
  input.addEventListener("blur", close);
}

document.querySelectorAll("input[data-picker]").forEach(enhance);
