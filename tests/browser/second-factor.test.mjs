// A second factor, from the page that sets it up to the login that asks for it.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Browser, SIZES } from "./browser.mjs";
import { OUTSIDE, PASSWORD, mailed, member } from "./host.mjs";

const STEP = 30_000;
const CONFIRM = 'form[action="/account/second-factor/confirm"] input[type="submit"]';
const NEXT = 'form[action="/login/second-step"] input[type="submit"]';

let browser;
before(async () => { browser = await Browser.start(); });
after(() => browser?.stop());

function base32(text) {
  const digits = text.replaceAll(/[\s-]/g, "").toUpperCase();
  const bits = [...digits].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// What an authenticator shows at the time (RFC 6238: SHA-1, six digits, 30 s).
function totp(key, at) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(at / STEP)));
  const mac = createHmac("sha1", base32(key)).update(counter).digest();
  const offset = mac[mac.length - 1] & 15;
  return String((mac.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

// A code is good once, and one step early: not so near to the end of a step that the next comes between.
async function steadyTime() {
  const left = STEP - (Date.now() % STEP);
  if (left < 8_000) await sleep(left + 100);
  return Date.now();
}

for (const javaScript of [true, false]) {
  const how = javaScript ? "with JavaScript" : "without JavaScript";
  const name = javaScript ? "mary" : "jean";

  test(`a member ${how} sets up an authenticator and logs in by it, by a recovery code, and without it again`, async () => {
    await member(name);
    const person = await browser.person({ javaScript, size: SIZES.phone });
    await person.logIn(name, PASSWORD);
    await person.go("/account/second-factor");
    await person.press('form[action="/account/second-factor/totp"] button');
    await person.fill({ password: PASSWORD });
    await person.press('form[action="/account/second-factor/totp"] input[type="submit"]');
    assert.equal(await person.page.locator(".qr svg").count(), 1);
    const key = await person.page.locator("#manual-key").innerText();
    if (javaScript) await person.accessibleEverywhere();
    const now = await steadyTime();
    await person.fill({ code: totp(key, now) });
    await person.press(CONFIRM);
    const codes = (await person.page.locator("#recovery-codes li").allInnerTexts()).map((code) => code.trim());
    assert.equal(new Set(codes).size, codes.length);
    assert.ok(codes.length >= 8, `${codes.length} recovery codes`);
    if (javaScript) await person.accessibleEverywhere();
    await person.page.setViewportSize(SIZES.phone);

    await person.press('form[action="/logout"] button');
    await person.tryToLogIn(name, PASSWORD);
    if (javaScript) await person.accessibleEverywhere();
    // The one that confirmed it is spent.
    await person.fill({ code: totp(key, now) });
    await person.press(NEXT);
    assert.match(await person.page.locator("#code-error").innerText(), /not the code|used before/);
    await person.go("/account");
    assert.match(person.page.url(), /\/login/);
    await person.tryToLogIn(name, PASSWORD);
    await person.fill({ code: totp(key, now + STEP) });
    await person.press(NEXT);
    assert.equal(new URL(person.page.url()).pathname, "/account");

    await person.press('form[action="/logout"] button');
    await person.tryToLogIn(name, PASSWORD);
    await person.fill({ code: codes[0] });
    await person.press(NEXT);
    assert.equal(new URL(person.page.url()).pathname, "/account");
    await mailed(`${name}@${OUTSIDE}`, /recovery code/);

    await person.go("/account/second-factor");
    await person.press('form[action="/account/second-factor/totp/off"] button');
    await person.fill({ password: PASSWORD, code: codes[1] });
    await person.press('form[action="/account/second-factor/totp/off"] input[type="submit"]');
    assert.match(await person.flash(), /off/);
    await person.press('form[action="/logout"] button');
    await person.logIn(name, PASSWORD);
    person.noFaults();
    await person.context.close();
  });
}

test("a code that is mailed opens the account", async () => {
  await member("kay");
  const person = await browser.person();
  await person.logIn("kay", PASSWORD);
  await person.go("/account/second-factor");
  await person.press('form[action="/account/second-factor/mail?on=1"] button');
  await person.fill({ password: PASSWORD });
  await person.press('form[action="/account/second-factor/mail?on=1"] input[type="submit"]');
  await person.press('form[action="/logout"] button');
  await person.tryToLogIn("kay", PASSWORD);
  await person.fill({ code: await mailed(`kay@${OUTSIDE}`, /right password[^]*?(\d{3} \d{3})/) });
  await person.press(NEXT);
  assert.equal(new URL(person.page.url()).pathname, "/account");
  person.noFaults();
  await person.context.close();
});
