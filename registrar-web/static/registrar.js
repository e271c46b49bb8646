// Saves people a click; every page works without it.

// Times in the zone and the words of who reads them; UTC stays at hand.
const local = (time) => {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return;
  const language = time.closest("[lang]")?.lang;
  const words = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
  time.title ||= `${at.toISOString().slice(0, 16).replace("T", " ")} UTC`;
  time.textContent = words.format(at);
};

for (const time of document.querySelectorAll("time[datetime]")) local(time);

// A name or a password is judged while it is typed, by the rules that hold when it is sent.
for (const live of document.querySelectorAll("[data-check]")) {
  const field = live.dataset.check;
  const input = document.getElementById(field);
  let timer;
  let asked = "";
  let running;

  const show = (text, good) => {
    live.textContent = text;
    live.className = text ? `live ${good ? "good" : "bad"}` : "live";
  };

  const check = async () => {
    clearTimeout(timer);
    const value = input.value;
    if (value === asked) return;
    asked = value;
    running?.abort();
    if (!value) return show("", true);
    running = new AbortController();
    const body = new URLSearchParams({ field, [field]: value });
    for (const name of ["username", "displayName", "personalEmail"]) {
      const other = document.getElementById(name);
      if (other && name !== field) body.set(name, other.value);
    }
    try {
      const answer = await fetch("/signup/check", {
        method: "POST",
        body,
        signal: running.signal,
      });
      // The form itself says what is wrong when it is sent.
      if (!answer.ok) return show("", true);
      const { good, message } = await answer.json();
      if (input.value === value) show(message, good);
    } catch {
      // Aborted, or offline.
    }
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    show("", true);
    asked = "";
    timer = setTimeout(check, 700);
  });
  input.addEventListener("blur", (event) => {
    if (event.relatedTarget?.type !== "submit") return check();
    // The form is judged as it is sent; words that come now would move the button from under the pointer.
    clearTimeout(timer);
    running?.abort();
  });
}

const status = document.querySelector("[data-events]");

if (status && !["done", "failed", "closed"].includes(status.dataset.phase)) {
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
      const at = now.times[step.dataset.status];
      if (!at || step.querySelector("time")) continue;
      const time = document.createElement("time");
      time.dateTime = at;
      const small = document.createElement("small");
      small.append(time);
      step.append(" ", small);
      local(time);
    }
    if (now.phase !== status.dataset.phase) {
      source.close();
      // Other things can be done now. A GET, even when this page answers a form.
      location.replace(document.getElementById("again").href);
    }
  });
  addEventListener("pagehide", () => source.close());
}
