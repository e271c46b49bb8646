use std::time::Duration;

use super::Receipt;
use super::talk::{Heard, Talk};
use crate::service::{Phase, Refusal, Registrar, Status, Transport};
use crate::terminal::{Ended, Terminal};

/// Seconds between looks while the service works. The last one is repeated; a client address has 100
/// requests in 15 minutes.
const LOOKS: [u64; 10] = [1, 1, 1, 2, 2, 3, 5, 8, 10, 15];
/// How many looks there are at most.
const MOST_LOOKS: usize = 50;
/// How often the status is looked at while the person reads mail.
const LOOK: Duration = Duration::from_secs(30);
/// How often, before the person is taken to have gone.
const MOST_WAITS: usize = 60;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The account is there, or will be.
    Good,
    /// The registration has failed.
    Failed,
}

/// What came of waiting for the proof of the address.
enum Proof {
    /// It stands otherwise now.
    Moved,
    /// The person goes on by the mail alone.
    Later,
}

/// Tells how the registration goes on, until there is nothing left to wait for here.
pub(super) fn follow<T: Terminal, S: Transport>(
    talk: &mut Talk<'_, T>,
    registrar: &mut Registrar<S>,
    receipt: &Receipt,
) -> Result<Outcome, Ended> {
    let mut told = String::new();
    for look in 0..MOST_LOOKS {
        // A look that fails is made again.
        if let Ok(status) = registrar.status(&receipt.username) {
            tell(talk, &status, &mut told)?;
            match status.phase() {
                Phase::Working => {}
                Phase::Failed => return Ok(Outcome::Failed),
                Phase::Review => return Ok(Outcome::Good),
                Phase::Done => return welcome(talk, receipt).map(|()| Outcome::Good),
                Phase::Verify => {
                    if let Proof::Later = prove(talk, registrar, receipt, &mut told)? {
                        let words = format!("Open the link of the mail. See {}", receipt.url);
                        return talk.say(&words).map(|()| Outcome::Good);
                    }
                    continue;
                }
            }
        }
        let last = LOOKS.last();
        let seconds = LOOKS.get(look).or(last).copied().unwrap_or(15);
        talk.pause(Duration::from_secs(seconds))?;
    }
    let words = format!(
        "This takes longer than usual. It goes on without you; see {}",
        receipt.url
    );
    talk.say(&words).map(|()| Outcome::Good)
}

/// What the status says, once.
fn tell<T: Terminal>(
    talk: &mut Talk<'_, T>,
    status: &Status,
    told: &mut String,
) -> Result<(), Ended> {
    if *told != status.message {
        talk.say(&status.message)?;
        told.clone_from(&status.message);
    }
    Ok(())
}

fn welcome<T: Terminal>(talk: &mut Talk<'_, T>, receipt: &Receipt) -> Result<(), Ended> {
    let Receipt {
        username, domain, ..
    } = receipt;
    talk.gap()?;
    talk.say("Welcome! To log in, type this on your own computer:")?;
    talk.say(&format!("ssh {username}@{domain}"))
}

/// Takes the code of the mail here, while the link of the mail works as well.
fn prove<T: Terminal, S: Transport>(
    talk: &mut Talk<'_, T>,
    registrar: &mut Registrar<S>,
    receipt: &Receipt,
    told: &mut String,
) -> Result<Proof, Ended> {
    const HOW: &str = "Type the six digits of the mail here, or open its link. The word again has another mail \
                       sent; the word later ends this, and the link still works.";
    const PROMPT: &str = "Code: ";
    talk.gap()?;
    talk.say(&format!("The mail goes to {}.", receipt.email))?;
    talk.say(HOW)?;
    let mut prompt = PROMPT;
    for _ in 0..MOST_WAITS {
        match talk.hear(prompt, LOOK)? {
            // Nothing may be shown behind a prompt unless there is news.
            Heard::Nothing => {
                let look = registrar.status(&receipt.username).ok();
                let news = look.filter(|s| s.message != *told || s.phase() != Phase::Verify);
                let Some(status) = news else {
                    prompt = "";
                    continue;
                };
                talk.gap()?;
                tell(talk, &status, told)?;
                if status.phase() != Phase::Verify {
                    return Ok(Proof::Moved);
                }
            }
            Heard::Line(word) => match word.to_lowercase().as_str() {
                "later" | "quit" | "exit" | "no" => return Ok(Proof::Later),
                "again" => ask_again(talk, registrar, receipt)?,
                "" => match registrar.status(&receipt.username) {
                    Ok(status) if status.phase() != Phase::Verify => return Ok(Proof::Moved),
                    _ => talk.say("Your address is not verified yet.")?,
                },
                code if is_code(code) => match registrar.verify(&receipt.username, code) {
                    Ok(_) => return Ok(Proof::Moved),
                    Err(refusal) => {
                        talk.refused(&refusal)?;
                        if has_moved(&refusal) {
                            return Ok(Proof::Moved);
                        }
                    }
                },
                _ => talk.say(HOW)?,
            },
        }
        prompt = PROMPT;
    }
    Ok(Proof::Later)
}

fn ask_again<T: Terminal, S: Transport>(
    talk: &mut Talk<'_, T>,
    registrar: &mut Registrar<S>,
    receipt: &Receipt,
) -> Result<(), Ended> {
    match registrar.resend(&receipt.username, &receipt.email) {
        Ok(()) => talk.say("Another mail is on its way, once a minute at most and five in all."),
        Err(refusal) => talk.refused(&refusal),
    }
}

/// Digits, with spaces between them as the mail has them.
fn is_code(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit() || b == b' ')
        && text.bytes().filter(u8::is_ascii_digit).count() == 6
}

/// Whether the proof was made already, or there is nothing left to prove.
fn has_moved(refusal: &Refusal) -> bool {
    let ends = [
        "verification-used",
        "verification-expired",
        "registration-ended",
    ];
    matches!(refusal, Refusal::Problem { code, .. } if ends.contains(&code.as_str()))
}
