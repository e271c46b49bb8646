//! The walk itself: the form, field by field, then the receipt, then how it goes on.

mod ask;
mod confirm;
mod follow;
mod keys;
mod sheet;
mod talk;

use std::process::ExitCode;

use crate::service::{Form, Mode, Refusal, Registrar, Transport};
use crate::terminal::{Ended, Terminal};
use crate::visitor::Visitor;

use ask::Asker;
use sheet::Sheet;
use talk::Talk;

/// Why nobody was signed up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// There is nobody to ask any more.
    Ended(Ended),
    /// The person does not want to.
    Left,
    /// It is not possible, and the person was told so.
    Refused,
}

impl From<Ended> for Stop {
    fn from(ended: Ended) -> Self {
        Self::Ended(ended)
    }
}

/// What a person holds who was signed up.
#[derive(Clone, Debug)]
struct Receipt {
    username: String,
    email: String,
    /// The page that shows how it goes on.
    url: String,
    /// What to `ssh` to.
    domain: String,
}

/// Signs a person up. Ends with success when a registration was taken in and has not failed meanwhile.
pub fn walk<T: Terminal, S: Transport>(
    terminal: &mut T,
    registrar: &mut Registrar<S>,
    visitor: &Visitor,
) -> ExitCode {
    let mut talk = Talk::new(terminal);
    let receipt = match sign_up(&mut talk, registrar, visitor) {
        Ok(receipt) => receipt,
        Err(stop) => {
            // Who has gone does not read it.
            let _ = farewell(&mut talk, stop);
            return ExitCode::FAILURE;
        }
    };
    match follow::follow(&mut talk, registrar, &receipt) {
        Ok(follow::Outcome::Failed) => ExitCode::FAILURE,
        Ok(follow::Outcome::Good) => ExitCode::SUCCESS,
        Err(_) => {
            let words = format!("Your registration goes on without you. See {}", receipt.url);
            let _ = talk.gap().and_then(|()| talk.say(&words));
            ExitCode::SUCCESS
        }
    }
}

fn farewell<T: Terminal>(talk: &mut Talk<'_, T>, stop: Stop) -> Result<(), Ended> {
    let words = match stop {
        Stop::Refused | Stop::Ended(Ended::HungUp) => return Ok(()),
        Stop::Ended(Ended::Interrupted | Ended::EndOfInput) => "Ended. Nothing was sent.",
        Stop::Ended(Ended::Idle) => {
            "Nothing was typed for ten minutes, so this ends here. Nothing was sent."
        }
        Stop::Ended(Ended::TimeIsUp) => {
            "An hour is up: this makes room for others now. Nothing was sent."
        }
        Stop::Left => "Nothing was sent. Come back whenever you like.",
    };
    talk.gap()?;
    talk.say(words)
}

/// Up to the receipt.
fn sign_up<T: Terminal, S: Transport>(
    talk: &mut Talk<'_, T>,
    registrar: &mut Registrar<S>,
    visitor: &Visitor,
) -> Result<Receipt, Stop> {
    let form = match registrar.form() {
        Ok(form) => form,
        Err(refusal) => {
            talk.refused(&refusal)?;
            return Err(Stop::Refused);
        }
    };
    greet(talk, &form)?;
    if form.mode == Mode::Closed {
        return Err(Stop::Refused);
    }
    // What is not asked of everybody is asked where it must be told.
    let mut fields = form.fields;
    fields.retain(|f| f.is_main || f.required);
    let mut asker = Asker {
        talk,
        registrar,
        key: visitor.key.as_ref(),
        sheet: Sheet::new(fields),
    };
    for place in 0..asker.sheet.len() {
        asker.ask(place)?;
    }
    let taken = loop {
        asker.confirm()?;
        if let Some(taken) = asker.submit()? {
            break taken;
        }
    };
    let receipt = Receipt {
        email: asker.sheet.text("personalEmail").to_owned(),
        url: taken.receipt_url.unwrap_or(taken.status_url),
        username: taken.username,
        domain: form.community.domain,
    };
    talk.gap()?;
    talk.say("Your registration is taken in. Its page, which shows how it goes on:")?;
    talk.say(&receipt.url)?;
    Ok(receipt)
}

fn greet<T: Terminal>(talk: &mut Talk<'_, T>, form: &Form) -> Result<(), Ended> {
    let community = &form.community;
    talk.gap()?;
    talk.say(&format!(
        "{}: sign-up for {}",
        community.name, community.domain
    ))?;
    talk.gap()?;
    talk.say(&community.welcome)?;
    talk.gap()?;
    talk.say(&form.mode_words)?;
    if form.mode == Mode::Closed {
        return talk.say(&format!("More is at {}", community.url));
    }
    talk.say(
        "Answer each question and press Enter. A question mark tells again what is asked for. \
         Nothing is sent before you have seen all of it; Control-C ends this at any time.",
    )
}

impl Refusal {
    /// For the person.
    fn words(&self) -> &str {
        match self {
            Self::NoReply => {
                "The sign-up service does not answer at the moment. Please try again in a minute."
            }
            Self::Problem { detail, .. } => detail,
        }
    }
}
