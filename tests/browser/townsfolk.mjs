// Made-up people for the pictures: members, applicants, and what they have done.
import { OUTSIDE, PASSWORD, configure, member, promote, untilStatus, verificationPath } from "./host.mjs";

const REASONS = {
  wilma: "I draw maps of streams, and would like to publish them with nothing but a text editor.",
  otto: "A friend in the choir told me of the gopher hole here. I would bring mine along.",
  henrike: "I write a small newsletter about moths.",
};

// Someone signed in.
const resident = (browser, name) => ({
  name,
  async open(options) {
    const person = await browser.person(options);
    await person.logIn(name, PASSWORD);
    return person;
  },
});

async function apply(browser, name, address, reason) {
  const person = await browser.person();
  await person.go("/signup");
  await person.fill({ username: name, personalEmail: address, password: PASSWORD });
  await person.page.locator("main summary").first().click().catch(() => {});
  const why = person.page.locator("#reason");
  if (await why.count()) await why.fill(reason);
  await person.press('form[action="/signup"] input[type="submit"]');
  await person.page.waitForURL(/\/receipt\//);
  const receipt = new URL(person.page.url()).pathname;
  await untilStatus(name, "VERIFICATION_SENT");
  await person.go(await verificationPath(address));
  await person.press('form[action="/verify-email"] input[type="submit"]');
  await person.context.close();
  return { name, receipt };
}

// Peoples a host: who runs it, a member, applicants, one of whom is asked something.
export async function settle(browser) {
  for (const name of ["almut", "benno", "clara", "dietrich", "edda", "fritz"]) await member(name);
  await promote("almut", "site_admin");
  await configure("mode", "approval");
  const applicants = {};
  for (const [name, reason] of Object.entries(REASONS)) {
    applicants[name] = await apply(browser, name, `${name}@${OUTSIDE}`, reason);
  }
  const admin = resident(browser, "almut");
  const person = await admin.open();
  await person.go("/admin/queue");
  await person.press(person.page.locator("#queue").getByRole("link", { name: "wilma" }));
  await person.press("#take");
  await person.fill({ question: "Which streams? Some of us walk, and would like to know." });
  await person.press("#ask");
  await person.context.close();
  return { admin, member: resident(browser, "benno"), asked: applicants.wilma };
}
