use super::Stop;
use super::ask::Asker;
use crate::service::{FieldError, Refusal, TakenIn, Transport};
use crate::terminal::Terminal;

/// What no other answer mends.
const ENDS: [&str; 2] = ["registration-closed", "community-full"];

impl<T: Terminal, S: Transport> Asker<'_, '_, T, S> {
    /// Shows all of it, and has lines mended until the person says yes.
    pub(super) fn confirm(&mut self) -> Result<(), Stop> {
        loop {
            self.talk.gap()?;
            self.talk.say("This is what will be sent:")?;
            for line in self.sheet.lines() {
                self.talk.say(&line)?;
            }
            let prompt = "Type yes to sign up, the number of a line to change it, or no to leave: ";
            let answer = self.talk.ask(prompt)?.to_lowercase();
            let number: Option<usize> = answer.trim_end_matches('.').parse().ok();
            match (answer.as_str(), number) {
                ("yes", _) => return Ok(()),
                ("no" | "quit" | "exit", _) => return Err(Stop::Left),
                (_, Some(number)) if (1..=self.sheet.len()).contains(&number) => {
                    self.ask(number.saturating_sub(1))?;
                }
                _ => {
                    let most = self.sheet.len();
                    let words = format!("Please type yes, no, or a number from 1 to {most}.");
                    self.talk.say(&words)?;
                }
            }
        }
    }

    /// Sends it. `None` when something was to be mended first, and was.
    pub(super) fn submit(&mut self) -> Result<Option<TakenIn>, Stop> {
        self.talk.say("One moment, please.")?;
        let refusal = match self.registrar.register(self.sheet.to_json()) {
            Ok(taken) => return Ok(Some(taken)),
            Err(refusal) => refusal,
        };
        self.talk.gap()?;
        match &refusal {
            Refusal::NoReply => self.talk.say(
                "The sign-up service gave no answer. Nothing that you typed is lost: you can send it \
                 again in a moment. If your name is taken then, this attempt went through after all, \
                 and a mail is on its way to you.",
            )?,
            Refusal::Problem { code, detail, .. } if ENDS.contains(&code.as_str()) => {
                self.talk.say(detail)?;
                return Err(Stop::Refused);
            }
            Refusal::Problem { detail, errors, .. } => {
                self.talk.say(detail)?;
                self.mend(errors)?;
            }
        }
        Ok(None)
    }

    /// Asks again for each field that is wrong, with what is wrong with it.
    fn mend(&mut self, errors: &[FieldError]) -> Result<(), Stop> {
        for error in errors {
            let place = self.sheet.place_of(&error.field);
            let field = place.and_then(|p| self.sheet.field(p));
            let label = field.map_or(&error.field, |f| &f.label);
            let words = format!("{}: {}.", label.trim_end_matches('?'), error.message);
            self.talk.say(&words)?;
            if let Some(place) = place {
                self.ask(place)?;
            }
        }
        Ok(())
    }
}
