// How does a page follow a run that is on its way? It asks again every two seconds while somebody looks, until it is done.

const EVERY = 2000;

async function follow() {
  const shown = document.getElementById("run");
  if (shown?.dataset.state !== "running") return;
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const text = answer.ok ? await answer.text() : "";
      const next = new DOMParser().parseFromString(text, "text/html").getElementById("run");
      // Signed out meanwhile, or somewhere else: the page itself knows what to say.
      if (!next && answer.ok) return location.reload();
      if (next) shown.replaceWith(document.adoptNode(next));
    } catch {
      // Away for a moment: ask again.
    }
  }
  setTimeout(follow, EVERY);
}

setTimeout(follow, EVERY);
