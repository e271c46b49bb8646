// An organisation: begun in the console, run from the account of its admin.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Browser, SIZES } from "./browser.mjs";
import { PASSWORD, member, promote } from "./host.mjs";

let browser;
before(async () => {
  browser = await Browser.start();
  for (const name of ["gertrude", "mileva", "sofja"]) await member(name);
  await promote("gertrude", "site_admin");
});
after(() => browser?.stop());

for (const javaScript of [true, false]) {
  const [name, runs] = javaScript ? ["Choir of the Weir", "mileva"] : ["Moth Society", "sofja"];

  test(`an admin begins one, and who runs it changes its name, ${javaScript ? "with" : "without"} JavaScript`, async () => {
    const admin = await browser.person({ javaScript });
    await admin.logIn("gertrude", PASSWORD);
    await admin.go("/admin/organizations");
    await admin.fill({ name });
    await admin.press("#begin-it");
    if (!/\/organizations\/./.test(admin.page.url())) {
      const slug = name.toLowerCase().replaceAll(" ", "-");
      await admin.press(admin.page.locator("#organizations").getByRole("link", { name: slug }));
    }
    await admin.fill({ username: runs });
    await admin.page.locator("#role").selectOption("client_admin");
    await admin.press("#take-in");
    assert.match(await admin.page.locator("#people").innerText(), new RegExp(runs));
    if (javaScript) {
      await admin.accessibleEverywhere();
      await admin.go("/admin/organizations");
      await admin.accessibleEverywhere();
    }

    const person = await browser.person({ javaScript, size: SIZES.phone });
    await person.logIn(runs, PASSWORD);
    await person.go("/account/organization");
    assert.match(await person.words(), new RegExp(name));
    if (javaScript) {
      for (const summary of await person.page.locator("main summary").all()) await summary.click();
      await person.accessibleEverywhere();
    }
    const form = 'form[action="/account/organization"]';
    await person.page.locator(`${form} #name`).fill(`${name}, eastern branch`);
    await person.press(`${form} input[type="submit"]`);
    assert.match(await person.page.locator(".lead").first().innerText(), /eastern branch/);
    for (const each of [admin, person]) {
      each.noFaults();
      await each.context.close();
    }
  });
}
