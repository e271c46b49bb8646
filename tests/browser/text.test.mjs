// The main ways through the pages with w3m.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OUTSIDE, PASSWORD, untilStatus, verificationPath } from "./host.mjs";
import { TextBrowser } from "./text.mjs";

test("someone with w3m signs up, proves the address and logs in", async () => {
  const w3m = await TextBrowser.open("/");
  try {
    await w3m.follow("Sign up");
    await w3m.fill("Username", "margaret");
    await w3m.fill("Your e-mail address", `margaret@${OUTSIDE}`);
    await w3m.fill("^Password", PASSWORD);
    await w3m.follow("\\[Sign up\\]");
    await untilStatus("margaret", "VERIFICATION_SENT");

    await w3m.go(await verificationPath(`margaret@${OUTSIDE}`));
    const asked = await w3m.screen();
    assert.match(asked, /margaret/);
    await w3m.follow("\\[[A-Z].*\\]");
    await untilStatus("margaret", "VERIFIED");

    await w3m.go("/login");
    await w3m.fill("Username or e-mail", "margaret");
    await w3m.fill("^Password", PASSWORD);
    await w3m.follow("\\[Log in\\]");
    await w3m.until(/ssh -p \d+ margaret@/);
  } catch (error) {
    error.message += `\n${await w3m.screen()}`;
    throw error;
  } finally {
    await w3m.close();
  }
});
