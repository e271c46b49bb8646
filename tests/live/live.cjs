// Live events with the real Socket.IO client, against the real program on the throw-away host.
// Started by tests/throwaway-host/live.sh, which has made the members eve (an operator) and ada.
"use strict";

const { test } = require("node:test");
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { execFileSync } = require("node:child_process");
const { setTimeout: sleep } = require("node:timers/promises");
const { io } = require("socket.io-client");

const { WEB, OUTBOX, OUTSIDE, SHOW_MAIL, PASSWORD } = process.env;
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS);
const ADMIN = fs.readFileSync(process.env.ADMIN_TOKEN_FILE, "utf8").trim();
const WAYS = ["websocket", "polling"];

async function api(method, route, { token, body } = {}) {
  const headers = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers["content-type"] = "application/json";
  const answer = await fetch(WEB + route, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${route}: ${answer.status} ${text}`);
  return { headers: answer.headers, json: text ? JSON.parse(text) : null };
}

const login = async (username) =>
  (await api("POST", "/api/auth/login", { body: { username, password: PASSWORD } })).json;

const setRole = (id, role) =>
  api("POST", `/api/users/${id}/role`, { token: ADMIN, body: { role } });

// Waits until `found()` is there.
async function until(found, what, seconds = 15) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(50)) {
    const it = await found();
    if (it) return it;
  }
  assert.fail(`${what} did not come within ${seconds} s`);
}

// The token of the mail that proves an address.
function mailedToken(address) {
  const folder = path.join(OUTBOX, "new");
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name);
    if (!fs.readFileSync(file, "latin1").includes(`Delivered-To: ${address}\n`)) continue;
    const text = execFileSync(SHOW_MAIL, [file], { encoding: "utf8" });
    const token = /verify-email\?token=([A-Za-z0-9_.~-]+)/.exec(text);
    if (token) return token[1];
  }
  return null;
}

// Someone who joins with an invite, all the way.
async function join(username, invite) {
  const personalEmail = `${username}@${OUTSIDE}`;
  const body = { username, displayName: username, personalEmail, password: PASSWORD, token: invite };
  await api("POST", "/api/invites/accept", { body });
  const token = await until(() => mailedToken(personalEmail), `the mail to ${personalEmail}`, 60);
  await api("POST", "/api/auth/verify-email", { body: { token } });
  const done = async () =>
    (await api("GET", `/api/auth/status/registration/${username}`)).json.status === "VERIFIED";
  await until(done, `${username}'s account`, 60);
}

// A client that keeps what it hears.
class Client {
  constructor(way, auth, extraHeaders) {
    this.heard = [];
    this.socket = io(WEB, { transports: [way], auth, extraHeaders, forceNew: true, reconnection: false });
    this.socket.onAny((name, data) => this.heard.push({ name, data }));
    for (const name of ["connect_error", "disconnect"]) {
      this.socket.on(name, (why) => this.heard.push({ name, data: why.message ?? why }));
    }
  }

  static async listening(way, token, lastEventId) {
    const client = new Client(way, { token, lastEventId });
    await client.next("ready");
    assert.equal(client.socket.io.engine.transport.name, way);
    return client;
  }

  // The next thing that it hears, which has that name.
  async next(name, seconds) {
    const came = await until(() => this.heard.shift(), name, seconds);
    assert.equal(came.name, name, JSON.stringify(came));
    return came.data;
  }

  async isSilent() {
    await sleep(700);
    assert.deepEqual(this.heard, []);
  }

  close() {
    this.socket.disconnect();
  }
}

async function people() {
  const [eve, ada] = [await login("eve"), await login("ada")];
  return { eve, ada };
}

for (const way of WAYS) {
  test(`${way}: who shows no good token is told why`, async () => {
    for (const [auth, code] of [
      [undefined, "unauthorized"],
      [{ token: "nonsense" }, "invalid-token"],
      [{ token: 5 }, "unauthorized"],
      [{ token: ADMIN }, "invalid-token"],
    ]) {
      const client = new Client(way, auth);
      assert.equal(await client.next("connect_error"), code);
      client.close();
    }
  });

  test(`${way}: of two people each hears what is theirs`, async () => {
    const { eve, ada } = await people();
    const [ofEve, ofAda] = [
      await Client.listening(way, eve.accessToken),
      await Client.listening(way, ada.accessToken),
    ];
    await setRole(ada.user.id, "client_admin");
    const told = await ofAda.next("notification");
    assert.deepEqual(told.details, { from: "client_user", to: "client_admin", by: "admin token" });
    await setRole(ada.user.id, "client_user");
    await ofAda.next("notification");
    await ofEve.isSilent();
    for (const client of [ofEve, ofAda]) client.close();
  });

  test(`${way}: an accepted invite reaches who made it`, async () => {
    let { eve } = await people();
    const { json: invite } = await api("POST", "/api/invites/create", { token: eve.accessToken, body: {} });
    // The token may run out meanwhile: this client comes again with a new one.
    let client = await Client.listening(way, eve.accessToken);
    let last;
    const heard = new Map();
    const guest = join(`guest-${way}`, invite.token);
    while (heard.size < 2) {
      const { name, data } = await until(() => client.heard.shift(), "the news of the invite", 60);
      if (name === "end") {
        assert.equal(data.code, "token-expired");
        client.close();
        eve = (await api("POST", "/api/auth/refresh", { body: { refreshToken: eve.refreshToken } })).json;
        client = await Client.listening(way, eve.accessToken, last);
      } else if (name.startsWith("invite")) {
        heard.set(name, data);
        last = data.id;
      }
    }
    await guest;
    const { inviteStatusUpdate, inviteAccepted } = Object.fromEntries(heard);
    assert.deepEqual(inviteAccepted, inviteStatusUpdate);
    assert.equal(inviteAccepted.kind, "inviteAccepted");
    assert.equal(inviteAccepted.details.username, `guest-${way}`);
    client.close();
  });

  test(`${way}: who comes again is given what was missed`, async () => {
    const { ada } = await people();
    const before = await Client.listening(way, ada.accessToken);
    await setRole(ada.user.id, "client_admin");
    const last = (await before.next("notification")).id;
    before.close();
    await setRole(ada.user.id, "operator");
    await setRole(ada.user.id, "client_user");
    const after = await Client.listening(way, ada.accessToken, last);
    assert.equal((await after.next("notification")).details.to, "operator");
    assert.equal((await after.next("notification")).details.to, "client_user");
    await after.isSilent();
    after.close();
  });

  test(`${way}: suspension ends the connection at once, and says so`, async () => {
    const { ada } = await people();
    const client = await Client.listening(way, ada.accessToken);
    const began = Date.now();
    await api("POST", `/api/users/${ada.user.id}/suspend`, { token: ADMIN, body: { reason: "a test" } });
    try {
      assert.equal((await client.next("end")).code, "account-suspended");
      assert.equal(await client.next("disconnect"), "io server disconnect");
      assert.ok(Date.now() - began < 5000);
      const refused = new Client(way, { token: ada.accessToken });
      assert.equal(await refused.next("connect_error"), "account-suspended");
      refused.close();
    } finally {
      await api("POST", `/api/users/${ada.user.id}/resume`, { token: ADMIN });
    }
  });

  test(`${way}: logging out ends the connection of that session alone`, async () => {
    const [one, two] = [await login("ada"), await login("ada")];
    const clients = [
      await Client.listening(way, one.accessToken),
      await Client.listening(way, two.accessToken),
    ];
    await api("POST", "/api/auth/logout", { token: one.accessToken });
    assert.equal((await clients[0].next("end")).code, "session-ended");
    assert.equal(await clients[0].next("disconnect"), "io server disconnect");
    await clients[1].isSilent();
    clients[1].close();
  });

  test(`${way}: the connection ends with the token, and says so`, async () => {
    const ada = await login("ada");
    const client = await Client.listening(way, ada.accessToken);
    assert.equal((await client.next("end", ACCESS_SECONDS + 3)).code, "token-expired");
    assert.equal(await client.next("disconnect"), "io server disconnect");
  });

  test(`${way}: scripts of other sites are refused`, async () => {
    const ada = await login("ada");
    const client = new Client(way, { token: ada.accessToken }, { origin: "https://elsewhere.example" });
    assert.match(await client.next("connect_error"), /websocket error|xhr poll error/);
    client.close();
    const own = new Client(way, { token: ada.accessToken }, { origin: WEB });
    await own.next("ready");
    own.close();
  });

  test(`${way}: more than 64 KiB at once ends the connection`, async () => {
    const ada = await login("ada");
    const client = await Client.listening(way, ada.accessToken);
    client.socket.emit("anything", "x".repeat(1000));
    await client.isSilent();
    client.socket.emit("anything", "x".repeat(70 * 1024));
    await client.next("disconnect");
  });

  test(`${way}: a member has a bounded number of connections`, async () => {
    const ada = await login("ada");
    const clients = [];
    for (let n = 0; n < 8; n++) clients.push(await Client.listening(way, ada.accessToken));
    const refused = new Client(way, { token: ada.accessToken });
    assert.equal(await refused.next("connect_error"), "busy");
    for (const client of [refused, ...clients]) client.close();
    await until(async () => {
      const again = new Client(way, { token: ada.accessToken });
      const came = await until(() => again.heard.shift(), "an answer");
      again.close();
      return came.name === "ready";
    }, "the room of the others");
  });
}

test("polling does not use up what a client may ask", async () => {
  const ada = await login("ada");
  const left = async () => {
    const { headers } = await api("GET", "/api/notifications?limit=1", { token: ada.accessToken });
    return Number(/r=(\d+)/.exec(headers.get("ratelimit"))[1]);
  };
  const client = await Client.listening("polling", ada.accessToken);
  const before = await left();
  for (let n = 0; n < 30; n++) {
    client.socket.emit("anything", n);
    await sleep(20);
  }
  assert.equal(await left(), before - 1);
  client.close();
});

test("the same comes as server-sent events", async () => {
  const ada = await login("ada");
  const authorization = `Bearer ${ada.accessToken}`;
  const answer = await fetch(`${WEB}/api/events`, { headers: { authorization } });
  assert.equal(answer.headers.get("content-type"), "text/event-stream");
  let text = "";
  const read = (async () => {
    for await (const chunk of answer.body) text += Buffer.from(chunk).toString("utf8");
  })();
  await until(() => text.includes("event: ready"), "ready");
  await setRole(ada.user.id, "client_admin");
  await setRole(ada.user.id, "client_user");
  await until(() => text.split("event: notification").length === 3, "both events");
  await api("POST", "/api/auth/logout", { token: ada.accessToken });
  await read;
  assert.match(text, /event: end\ndata: \{"code":"session-ended"/);
});
