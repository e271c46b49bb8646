// Saves people a click; every page works without it.

// Times in the zone and the words of who reads them.
for (const time of document.querySelectorAll("time[datetime]")) {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) continue;
  time.title = time.textContent;
  time.textContent = at.toLocaleString(document.documentElement.lang, {
    dateStyle: "medium",
    timeStyle: "short",
  });
}

const username = document.getElementById("username");
const live = document.getElementById("username-live");

if (username && live) {
  let timer;
  let asked = "";
  let running;

  const show = (text, good) => {
    live.textContent = text;
    live.className = text ? `live ${good ? "good" : "bad"}` : "live";
  };

  const check = async () => {
    clearTimeout(timer);
    const name = username.value;
    if (name === asked) return;
    asked = name;
    running?.abort();
    if (!name) return show("", true);
    running = new AbortController();
    try {
      const answer = await fetch(
        `/api/auth/status/check-username/${encodeURIComponent(name)}`,
        { signal: running.signal, headers: { accept: "application/json" } },
      );
      // The form itself says what is wrong when it is sent.
      if (!answer.ok) return show("", true);
      const { available, message } = await answer.json();
      if (username.value === name) show(message, available);
    } catch {
      // Aborted, or offline.
    }
  };

  username.addEventListener("input", () => {
    clearTimeout(timer);
    show("", true);
    asked = "";
    timer = setTimeout(check, 700);
  });
  username.addEventListener("blur", check);
}

const status = document.querySelector("[data-events]");

if (status && !["done", "failed"].includes(status.dataset.phase)) {
  const { wordDone: done, wordNext: now, wordTodo: todo } = status.dataset;
  const words = { done, now, todo };
  const source = new EventSource(status.dataset.events);
  source.addEventListener("registrationStatus", (event) => {
    const now = JSON.parse(event.data);
    document.getElementById("message").textContent = now.message;
    document.getElementById("progress").value = now.progress;
    document.getElementById("percent").textContent = `${now.progress} %`;
    let next = true;
    for (const step of status.querySelectorAll("[data-status]")) {
      const done = now.passed.includes(step.dataset.status);
      const state = done ? "done" : next ? "now" : "todo";
      if (!done) next = false;
      step.className = state;
      step.querySelector(".mark").textContent = words[state];
    }
    if (now.phase !== status.dataset.phase) {
      source.close();
      // Other things can be done now. A GET, even when this page answers a form.
      location.replace(document.getElementById("again").href);
    }
  });
  addEventListener("pagehide", () => source.close());
}
