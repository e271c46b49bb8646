// Who signed up with a wrong address mends it on the receipt. As another mail goes out a minute after the
// first and no sooner, this mostly waits; it runs beside the other files, in whatever mode they are.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Browser, SIZES } from "./browser.mjs";
import { OUTSIDE, PASSWORD, untilStatus, verificationPath } from "./host.mjs";

let browser;
const applicants = new Map();
before(async () => {
  browser = await Browser.start();
  for (const [name, javaScript] of [["marissa", true], ["adele", false]]) {
    const person = await browser.person({ javaScript, size: SIZES.phone });
    await person.go("/signup");
    await person.fill({ username: name, personalEmail: `${name}.typo@${OUTSIDE}`, password: PASSWORD });
    await person.press('form[action="/signup"] input[type="submit"]');
    await person.page.waitForURL(/\/receipt\//);
    applicants.set(name, { person, receipt: new URL(person.page.url()).pathname });
    await untilStatus(name, "VERIFICATION_SENT");
    // With scripts it goes on by itself, which is not to come between.
    if (javaScript) await person.page.locator('[data-phase="verify"]').waitFor();
  }
});
after(() => browser?.stop());

test("an address that comes too soon after the first mail is refused, and still stands there to be sent again", async () => {
  const { person, receipt } = applicants.get("marissa");
  await person.go(receipt);
  await person.page.locator("summary").first().click();
  await person.fill({ personalEmail: `another@${OUTSIDE}` });
  await person.press("#change-address");
  assert.match(await person.words(), /wait a minute/);
  assert.ok(await person.page.locator("#personalEmail").isVisible());
  assert.equal(await person.page.locator("#personalEmail").inputValue(), `another@${OUTSIDE}`);
});

for (const javaScript of [true, false]) {
  const name = javaScript ? "marissa" : "adele";

  test(`a wrong address is mended on the receipt, ${javaScript ? "with" : "without"} JavaScript`, async () => {
    const [wrong, right] = [`${name}.typo@${OUTSIDE}`, `${name}@${OUTSIDE}`];
    const { person, receipt } = applicants.get(name);
    const old = await verificationPath(wrong);
    await person.go(receipt);
    assert.match(await person.words(), new RegExp(wrong));
    await person.page.locator("summary").first().click();
    await person.page.locator("#personalEmail").fill(right);
    await person.press("#change-address");
    for (let n = 0; n < 70 && (await person.words()).includes(wrong); n += 1) {
      await sleep(1000);
      await person.press("#change-address");
    }
    assert.match(await person.words(), new RegExp(`address is changed[^]*${right}`));

    await person.go(await verificationPath(right));
    await person.press('form[action="/verify-email"] input[type="submit"]');
    const late = await person.go(old);
    assert.ok(late.status() >= 400, `the link to the wrong address is answered by ${late.status()}`);
    await person.go(receipt);
    assert.notEqual(await person.page.locator("[data-phase]").getAttribute("data-phase"), "verify");
    person.noFaults();
    await person.context.close();
  });
}
