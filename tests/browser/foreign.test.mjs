// Pages of another origin that send our forms, with the victim's cookies in the browser. On another port
// of the same host the browser takes them for the same site and sends the cookies along; on another name
// it does not.
import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import { after, before, describe, test } from "node:test";
import { Browser, WEB } from "./browser.mjs";
import { OUTSIDE, PASSWORD, configure, member, promote, untilStatus, verificationPath } from "./host.mjs";

const EVIL_PASSWORD = "Mallory-Owns-7 of these now";
const VICTIM = "lynn";
const APPLICANT = "klara";

let browser;
let server;
let victim;
let application;
let othersToken;

const token = (person) => person.page.locator('input[name="csrf"]').first().getAttribute("value");

// What a foreign page would like: path, fields.
const forms = () => ({
  login: ["/login", { emailOrUsername: "mallory", password: PASSWORD }],
  "a changed password": ["/account/password", { currentPassword: PASSWORD, newPassword: EVIL_PASSWORD }],
  "a deleted account": ["/account/data/delete", { password: PASSWORD }],
  approval: [`/admin/queue/${application}/approve`, {}],
  logout: ["/logout", {}],
});

before(async () => {
  browser = await Browser.start();
  server = createServer((_, answer) => {
    answer.writeHead(200, { "content-type": "text/html" });
    answer.end("<!doctype html><title>Win a prize</title><p>Win a prize");
  }).listen(0, "127.0.0.1");
  for (const name of [VICTIM, "mallory"]) await member(name);
  await promote(VICTIM, "operator");
  await configure("mode", "approval");
  const applicant = await browser.person();
  await applicant.go("/signup");
  await applicant.fill({ username: APPLICANT, personalEmail: `${APPLICANT}@${OUTSIDE}`, password: PASSWORD });
  await applicant.press('form[action="/signup"] input[type="submit"]');
  await untilStatus(APPLICANT, "VERIFICATION_SENT");
  await applicant.go(await verificationPath(`${APPLICANT}@${OUTSIDE}`));
  await applicant.press('form[action="/verify-email"] input[type="submit"]');
  await applicant.context.close();

  const mallory = await browser.person();
  await mallory.logIn("mallory", PASSWORD);
  othersToken = await token(mallory);
  await mallory.context.close();
  victim = await browser.person();
  await victim.logIn(VICTIM, PASSWORD);
  await victim.go("/admin/queue");
  const link = victim.page.locator("#queue").getByRole("link", { name: APPLICANT });
  application = (await link.getAttribute("href")).split("/").at(-1);
});
after(async () => {
  await configure("mode", "open");
  server.close();
  await browser?.stop();
});

async function nothingHappened() {
  await victim.go("/account");
  assert.match(await victim.page.locator(".who").innerText(), new RegExp(VICTIM));
  await victim.go(`/admin/queue/${application}`);
  assert.equal(await victim.page.locator("#approve").count(), 1);
  const again = await browser.person();
  await again.logIn(VICTIM, PASSWORD);
  await again.context.close();
}

for (const host of ["127.0.0.1", "localhost"]) {
  describe(`a page of another origin, ${host === "localhost" ? "on another name" : "on another port"},`, () => {
    const elsewhere = () => `http://${host}:${server.address().port}/`;

    // Sends a form as a page that opens by itself would.
    async function send(path, fields) {
      await victim.page.goto(elsewhere());
      const [answer] = await Promise.all([
        victim.page.waitForResponse((response) => response.request().method() === "POST"),
        victim.page.waitForEvent("load"),
        victim.page.evaluate(([action, all]) => {
          const form = document.createElement("form");
          Object.assign(form, { method: "post", action });
          for (const [name, value] of Object.entries(all)) {
            const field = document.createElement("input");
            Object.assign(field, { name, value });
            form.append(field);
          }
          document.body.append(form);
          form.submit();
        }, [`${WEB}${path}`, fields]),
      ]);
      return answer;
    }

    test("sends forms to no effect, and the victim reads why", async () => {
      for (const [what, [path, fields]] of Object.entries(forms())) {
        for (const csrf of host === "localhost" ? [undefined] : [undefined, othersToken]) {
          const answer = await send(path, csrf === undefined ? fields : { ...fields, csrf });
          if (host === "127.0.0.1") assert.ok((await answer.request().allHeaders()).cookie, "the browser sent no cookies");
          // Without cookies the account's pages ask for a login first; with them the form is refused.
          if (answer.status() === 303) {
            assert.equal(host, "localhost", what);
            assert.match(answer.headers().location, /^\/login/, what);
          } else {
            assert.equal(answer.status(), 403, what);
            assert.match(await victim.words(), /did not come from a page of this site[^]*Nothing was done\./, what);
          }
        }
      }
      await nothingHappened();
    });

    test("links to what forms do, and nothing is done by a GET", async () => {
      for (const [what, [path]] of Object.entries(forms())) {
        await victim.page.goto(elsewhere());
        const [answer] = await Promise.all([
          victim.page.waitForResponse((response) => response.url() === `${WEB}${path}`),
          victim.page.waitForEvent("load"),
          victim.page.evaluate((url) => { location.href = url; }, `${WEB}${path}`),
        ]);
        assert.ok(answer.status() < 500, what);
      }
      await nothingHappened();
    });

    test("can neither send by script nor read an answer", async () => {
      for (const [path, fields] of Object.values(forms())) {
        await victim.page.goto(elsewhere());
        const read = await victim.page.evaluate(async ([url, body]) => {
          const send = (mode, method) => fetch(url, {
            mode, method, credentials: "include", body: method === "POST" ? new URLSearchParams(body) : undefined,
          });
          await send("no-cors", "POST").catch(() => {});
          return send("cors", "GET").then((answer) => answer.text(), () => "");
        }, [`${WEB}${path}`, fields]);
        assert.equal(read, "", path);
      }
      await nothingHappened();
    });
  });
}

test("a form token that another port has put into the browser opens nothing", async () => {
  const person = await browser.person();
  const planted = "A".repeat(32);
  await person.page.goto(`http://127.0.0.1:${server.address().port}/`);
  // Cookies know no ports.
  await person.page.evaluate((value) => { document.cookie = `registrar-form=${value}; path=/`; }, planted);
  const [answer] = await Promise.all([
    person.page.waitForResponse((response) => response.request().method() === "POST"),
    person.page.waitForEvent("load"),
    person.page.evaluate(([action, csrf, password]) => {
      document.body.innerHTML = `<form method="post" action="${action}"><input name="csrf" value="${csrf}">`
        + `<input name="emailOrUsername" value="mallory"><input name="password" value="${password}"></form>`;
      document.forms[0].submit();
    }, [`${WEB}/login`, planted, PASSWORD]),
  ]);
  assert.match((await answer.request().allHeaders()).cookie ?? "", new RegExp(planted));
  assert.equal(answer.status(), 403);
  await person.go("/account");
  assert.match(person.page.url(), /\/login/);
  await person.context.close();
});

// By hand, as no browser would; the status of the answer.
function raw(path, fields, headers) {
  return new Promise((resolve, reject) => {
    const sent = request(`${WEB}${path}`, {
      method: "POST", headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    }, (answer) => { answer.resume(); resolve(answer.statusCode); });
    sent.on("error", reject);
    sent.end(new URLSearchParams(fields).toString());
  });
}

test("the token alone is not enough, nor is what the browser says of the origin", async () => {
  await victim.go("/account");
  const csrf = await token(victim);
  const cookies = await victim.context.cookies(WEB);
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  for (const [what, [path, fields]] of Object.entries(forms())) {
    for (const site of ["cross-site", "same-site", "nonsense"]) {
      assert.equal(await raw(path, { ...fields, csrf }, { cookie, "sec-fetch-site": site }), 403, `${what}, ${site}`);
    }
    assert.equal(await raw(path, { ...fields, csrf }, { cookie, origin: "http://127.0.0.1:1" }), 403, `${what}, Origin`);
    for (const wrong of [{}, { csrf: "" }, { csrf: othersToken }, { csrf: csrf.slice(1) }]) {
      assert.equal(await raw(path, { ...fields, ...wrong }, { cookie, "sec-fetch-site": "same-origin" }), 403, what);
    }
  }
  await nothingHappened();
  // With both it is done.
  assert.equal(await raw("/logout", { csrf }, { cookie, "sec-fetch-site": "same-origin" }), 303);
  await victim.go("/account");
  assert.match(victim.page.url(), /\/login/);
});
