// The host behind the pages: its mail system, and what an admin does from a shell.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WEB } from "./browser.mjs";

export const OUTSIDE = process.env.OUTSIDE ?? "outside.test";
export const DOMAIN = process.env.DOMAIN ?? "tilde.test";
const OUTBOX = process.env.OUTBOX ?? "/var/mail/outside";
export const PASSWORD = "Engine-No-9 weaves algebra";

const plain = (mail) => {
  const body = mail.slice(mail.indexOf("\n\n"));
  const part = body.split(/^--.*$/m).find((p) => /content-type: text\/plain/i.test(p)) ?? body;
  return part.replace(/=\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
};

// The newest mail to the address whose text has the pattern; its first group.
export async function mailed(address, pattern) {
  for (let n = 0; n < 300; n += 1) {
    const names = (await readdir(join(OUTBOX, "new")).catch(() => [])).sort().reverse();
    for (const name of names) {
      const mail = (await readFile(join(OUTBOX, "new", name), "utf8")).replaceAll("\r\n", "\n");
      if (!new RegExp(`^Delivered-To: ${address.replaceAll(".", "\\.")}$`, "mi").test(mail)) continue;
      const found = plain(mail).match(pattern);
      if (found) return found[1] ?? found[0];
    }
    await sleep(100);
  }
  assert.fail(`no mail with ${pattern} came to ${address}`);
}

export const verificationPath = (address) => mailed(address, /(\/verify-email\?token=[\w.~-]+)/);

async function api(path, body, headers = {}) {
  const answer = await fetch(`${WEB}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { "content-type": "application/json", accept: "application/json", ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, `${path} answered ${answer.status}: ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

export async function untilStatus(name, wanted) {
  let seen;
  for (let n = 0; n < 600; n += 1) {
    const answer = await fetch(`${WEB}/api/auth/status/registration/${name}`);
    seen = await answer.json();
    if (seen.status === wanted) return seen;
    assert.notEqual(seen.status, "FAILED", JSON.stringify(seen));
    await sleep(50);
  }
  assert.fail(`${name} is still ${JSON.stringify(seen)}`);
}

// A member who signed up by the API.
export async function member(name) {
  const personalEmail = `${name}@${OUTSIDE}`;
  await api("/api/auth/register", { username: name, personalEmail, password: PASSWORD });
  const path = await verificationPath(personalEmail);
  await api("/api/auth/verify-email", { token: new URL(path, WEB).searchParams.get("token") });
  await untilStatus(name, "VERIFIED");
  return { name, address: personalEmail };
}

// What `registrarctl` and the console do for an admin, by the API.
export async function promote(name, role) {
  const token = (await readFile("/etc/registrar/admin.token", "utf8")).trim();
  const headers = { authorization: `Bearer ${token}` };
  const { items } = await api(`/api/users?q=${name}`, undefined, headers);
  const id = items.find((user) => user.username === name)?.id;
  await api(`/api/users/${id}/role`, { role }, headers);
}

// Changes a setting of the running service, as an admin does: the file, then a reload.
export async function configure(key, value) {
  const path = "/etc/registrar/registrar.toml";
  const before = await readFile(path, "utf8");
  const after = before.replace(new RegExp(`^${key} = .*$`, "m"), `${key} = ${JSON.stringify(value)}`);
  assert.notEqual(after, before, `${key} is not in ${path}, or is that already`);
  await writeFile(path, after);
  process.kill(Number(process.env.REGISTRAR_WEB_PID), "SIGHUP");
  await sleep(1000);
}
