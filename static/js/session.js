// When does the session end, and does the reader want it to? Two minutes before, the page offers to stay signed in.

const body = document.body;
const reminder = document.getElementById("session-reminder");
const LEAD = 2 * 60 * 1000;
// Timers longer than 24 days fire at once; looking again every so often also survives a laptop's sleep.
const LOOK = 15 * 1000;
let ends = Date.parse(body.dataset.sessionEnds ?? "");
let declined = false;
let cameFrom = null;

function hide() {
  if (reminder.hidden) return;
  reminder.hidden = true;
  cameFrom?.focus?.();
}

function look() {
  const left = ends - Date.now();
  if (left > LEAD || declined) {
    hide();
    return;
  }
  const words = reminder.querySelector("[data-left]");
  if (left <= 0) words.textContent = "a moment";
  else if (left < 60 * 1000) words.textContent = "less than a minute";
  else words.textContent = "two minutes";
  if (reminder.hidden) {
    cameFrom = document.activeElement;
    reminder.hidden = false;
    // The focus stays where somebody is typing; the alert is announced without it.
    if (cameFrom === null || cameFrom === body) reminder.querySelector("[data-stay]").focus();
  }
}

// Asking the server is what keeps the session; its answer says until when.
async function stay() {
  const asked = Date.now();
  try {
    const answer = await fetch("/account/session", { headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const { ends: until } = await answer.json();
    ends = Date.parse(until);
    if (Number.isNaN(ends)) ends = asked + 10 * 60 * 1000;
    declined = false;
    hide();
  } catch {
    reminder.querySelector("#session-reminder-text").textContent =
      "The session could not be kept. Copy what you typed before you send it: you may have to sign in again.";
  }
}

if (reminder && !Number.isNaN(ends)) {
  reminder.querySelector("[data-stay]").addEventListener("click", stay);
  reminder.querySelector("[data-later]").addEventListener("click", () => {
    declined = true;
    hide();
  });
  setInterval(look, LOOK);
  document.addEventListener("visibilitychange", look);
  look();
}
