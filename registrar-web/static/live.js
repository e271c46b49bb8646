// Tells who is signed in what happens, while the page is looked at. Every page works without it.

const link = document.getElementById("notifications");
const toasts = document.getElementById("toasts");
// Nothing more is to be expected after these.
const ends = ["session-ended", "account-suspended", "account-deleted", "invalid-token"];
const shownFor = 15_000;
const most = 4;

if (link && toasts) {
  const count = link.querySelector(".count");
  const known = new Set();
  let unread = 0;
  let source;
  let over = false;

  const showCount = () => {
    count.textContent = unread ? ` (${unread})` : "";
  };

  const toast = (message) => {
    const box = document.createElement("p");
    box.className = "toast";
    box.append(message, " ");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "link";
    button.textContent = toasts.dataset.dismiss;
    button.addEventListener("click", () => box.remove());
    box.append(button);
    toasts.append(box);
    while (toasts.children.length > most) toasts.firstElementChild.remove();
    // Not from under who reads it: the list has it, too.
    const leave = () => {
      if (box.matches(":hover, :focus-within")) setTimeout(leave, 2_000);
      else box.remove();
    };
    setTimeout(leave, shownFor);
  };

  const told = (event) => {
    const { id, message, readAt } = JSON.parse(event.data);
    if (known.has(id)) return;
    known.add(id);
    if (!readAt) unread += 1;
    showCount();
    toast(message);
  };

  const close = () => {
    source?.close();
    source = undefined;
  };

  const open = () => {
    if (source || over) return;
    source = new EventSource(link.dataset.events);
    source.addEventListener("ready", (event) => {
      unread = JSON.parse(event.data).unread;
      showCount();
    });
    for (const name of ["notification", "inviteStatusUpdate", "registrationStatus"]) {
      source.addEventListener(name, told);
    }
    source.addEventListener("end", (event) => {
      const { code, message } = JSON.parse(event.data);
      if (!ends.includes(code)) return;
      over = true;
      close();
      toast(message);
    });
  };

  // A browser has few connections to a site; pages in the background leave them to others.
  const look = () => (document.visibilityState === "visible" ? open() : close());
  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", close);
  addEventListener("pageshow", look);
  look();
}
