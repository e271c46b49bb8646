// The pictures of docs/tour.md, of made-up people. Started by tests/throwaway-host/screenshots.sh.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Browser } from "./browser.mjs";
import { configure } from "./host.mjs";
import { settle } from "./townsfolk.mjs";

const TO = process.env.SHOTS;
const LAPTOP = { width: 1080, height: 760 };
// A telephone, down to the question.
const PHONE = { width: 390, height: 1180 };

const browser = await Browser.start();
await mkdir(TO, { recursive: true });
try {
  const town = await settle(browser);
  const shot = async (name, person, path, prepare) => {
    await person.go(path);
    await prepare?.(person.page);
    await person.page.mouse.move(0, 0);
    await person.page.screenshot({ path: join(TO, `${name}.png`) });
    console.log(`screenshots: ${name}.png`);
  };
  const visitor = await browser.person({ size: LAPTOP });
  const dark = await town.admin.open({ size: LAPTOP, dark: true });
  const light = await town.admin.open({ size: LAPTOP });
  await shot("home", visitor, "/");
  await shot("sign-up", visitor, "/signup", async (page) => {
    await page.locator("#username").fill("tove");
    await page.locator("#username").blur();
    await page.locator("#username-live").filter({ hasText: /\w/ }).waitFor();
  });
  await shot("receipt", await browser.person({ size: PHONE }), town.asked.receipt);
  await shot("account", await town.member.open({ size: PHONE, dark: true }), "/account");
  await shot("queue", light, "/admin/queue");
  await shot("dashboard", dark, "/admin");
} finally {
  await configure("mode", "open").catch(() => {});
  await browser.stop();
}
