use provision_api::{DisplayName, SshPublicKey, Username};

use super::Stop;
use super::sheet::{Answer, Sheet};
use super::talk::Talk;
use crate::service::{Field, FieldKind, Registrar, Transport};
use crate::terminal::Terminal;

/// Fills the form in with the person.
pub(super) struct Asker<'a, 't, T: Terminal, S: Transport> {
    pub(super) talk: &'a mut Talk<'t, T>,
    pub(super) registrar: &'a mut Registrar<S>,
    /// The key that the person connected with.
    pub(super) key: Option<&'a SshPublicKey>,
    pub(super) sheet: Sheet,
}

impl<T: Terminal, S: Transport> Asker<'_, '_, T, S> {
    /// Asks for the field at that place, until the answer keeps every rule that can be judged here.
    pub(super) fn ask(&mut self, place: usize) -> Result<(), Stop> {
        let Some(field) = self.sheet.field(place).cloned() else {
            return Ok(());
        };
        let number = place + 1;
        let of = self.sheet.len();
        let need = if field.required {
            "required"
        } else {
            "optional"
        };
        self.talk.gap()?;
        self.talk.say(&format!(
            "Question {number} of {of}, {need}: {}",
            field.label
        ))?;
        self.talk.say(&field.hint)?;
        let answer = match field.kind {
            FieldKind::Secret => self.ask_secret(&field)?,
            FieldKind::Keys => self.ask_keys(&field)?,
            FieldKind::Line => self.ask_line(&field, place)?,
        };
        self.sheet.fill(place, answer);
        Ok(())
    }

    fn ask_line(&mut self, field: &Field, place: usize) -> Result<Answer, Stop> {
        let before = match self.sheet.answer(place) {
            Some(Answer::Text(text)) => Some(text.clone()),
            _ => None,
        };
        if let Some(before) = &before {
            let drop = if field.required {
                ""
            } else {
                "; a single - takes it out"
            };
            self.talk
                .say(&format!("Now it is: {before} (Enter keeps it{drop})"))?;
        }
        let prompt = prompt_of(field);
        loop {
            let text = self.talk.ask(&prompt)?;
            match (text.as_str(), &before) {
                ("?", _) => self.talk.say(&field.hint)?,
                ("", Some(before)) => return Ok(Answer::Text(before.clone())),
                ("", None) if !field.required => return Ok(Answer::Empty),
                ("", None) => self.talk.say("This one has to be filled in.")?,
                ("-", Some(_)) if !field.required => return Ok(Answer::Empty),
                _ if text.chars().count() > field.longest => self
                    .talk
                    .say(&format!("That has more than {} characters.", field.longest))?,
                _ => {
                    if let Some(text) = self.judge(field, text)? {
                        return Ok(Answer::Text(text));
                    }
                }
            }
        }
    }

    /// The answer as it is to be sent; `None` for one that was refused, and why was said.
    fn judge(&mut self, field: &Field, text: String) -> Result<Option<String>, Stop> {
        match field.name.as_str() {
            "username" => self.judge_name(text),
            "inviteToken" => self.judge_invite(&text),
            "displayName" => match DisplayName::parse(&text) {
                Ok(_) => Ok(Some(text)),
                Err(e) => self.wrong(&e),
            },
            _ => Ok(Some(text)),
        }
    }

    fn judge_name(&mut self, text: String) -> Result<Option<String>, Stop> {
        let name = match Username::parse(&text) {
            Ok(name) => name,
            Err(e) => return self.wrong(&e),
        };
        match self.registrar.check_name(&name) {
            Ok(check) => {
                self.talk.say(&check.message)?;
                Ok(check.available.then_some(text))
            }
            // It is asked again when all is sent.
            Err(refusal) => {
                self.talk.refused(&refusal)?;
                self.talk
                    .say("Whether the name is free is looked at later.")?;
                Ok(Some(text))
            }
        }
    }

    /// Takes the link of an invite as well as its token.
    fn judge_invite(&mut self, text: &str) -> Result<Option<String>, Stop> {
        let token = text.rsplit_once("invite=").map_or(text, |(_, token)| token);
        let token = token.split(['&', '#']).next().unwrap_or_default();
        let is_safe = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        if token.is_empty() || token.len() > 64 || !token.bytes().all(is_safe) {
            let words = "That is neither the link of an invite nor what stands at its end.";
            self.talk.say(words)?;
            return Ok(None);
        }
        match self.registrar.invite(token) {
            Ok(invite) if invite.state == "open" => {
                let from = invite.inviter.map(|i| format!(" from {}", i.display_name));
                let from = from.unwrap_or_default();
                self.talk.say(&format!("That is an invite{from}."))?;
                Ok(Some(token.to_owned()))
            }
            Ok(invite) => {
                let words = format!("This invite can't be used: it is {}.", invite.state);
                self.talk.say(&words)?;
                Ok(None)
            }
            Err(refusal) => {
                self.talk.refused(&refusal)?;
                Ok(None)
            }
        }
    }

    fn ask_secret(&mut self, field: &Field) -> Result<Answer, Stop> {
        self.talk.say("What you type is not shown.")?;
        loop {
            let first = self.talk.ask_hidden(&prompt_of(field))?;
            match first.as_str() {
                "?" => {
                    self.talk.say(&field.hint)?;
                    continue;
                }
                "" if !field.required => return Ok(Answer::Empty),
                "" => {
                    self.talk.say("This one has to be filled in.")?;
                    continue;
                }
                _ => {}
            }
            let again = self.talk.ask_hidden("The same once more: ")?;
            if *first == *again {
                return Ok(Answer::Secret(first));
            }
            self.talk.say("These two differ. Please type both again.")?;
        }
    }

    /// Says the rule that was broken.
    pub(super) fn wrong<A>(&mut self, rule: &dyn std::fmt::Display) -> Result<Option<A>, Stop> {
        self.talk.say(&format!("That can't be taken: {rule}."))?;
        Ok(None)
    }
}

/// What stands in front of the answer.
fn prompt_of(field: &Field) -> String {
    match field.label.strip_suffix('?') {
        Some(_) => format!("{} ", field.label),
        None => format!("{}: ", field.label),
    }
}
