use std::time::Duration;

use zeroize::Zeroizing;

use crate::service::Refusal;
use crate::terminal::{Echo, Ended, Terminal, Typed, printable, wrapped};

/// Paragraphs and prompts on a terminal. Everything that is shown goes through here, and is cleaned.
pub(super) struct Talk<'a, T: Terminal> {
    terminal: &'a mut T,
}

/// What came of waiting at a prompt.
pub(super) enum Heard {
    /// A line, trimmed.
    Line(String),
    /// Nothing yet.
    Nothing,
}

impl<'a, T: Terminal> Talk<'a, T> {
    pub(super) fn new(terminal: &'a mut T) -> Self {
        Self { terminal }
    }

    /// A paragraph; whoever wrote it.
    pub(super) fn say(&mut self, text: &str) -> Result<(), Ended> {
        self.terminal.show(&wrapped(&printable(text)))
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> Result<(), Ended> {
        self.terminal.show("\n")
    }

    /// Why something can't be done.
    pub(super) fn refused(&mut self, refusal: &Refusal) -> Result<(), Ended> {
        self.say(refusal.words())
    }

    /// A line that is seen, trimmed.
    pub(super) fn ask(&mut self, prompt: &str) -> Result<String, Ended> {
        let line = self.line(prompt, Echo::Shown)?;
        Ok(line.trim().to_owned())
    }

    /// A line that is not seen, as it was typed.
    pub(super) fn ask_hidden(&mut self, prompt: &str) -> Result<Zeroizing<String>, Ended> {
        self.line(prompt, Echo::Hidden)
    }

    fn line(&mut self, prompt: &str, echo: Echo) -> Result<Zeroizing<String>, Ended> {
        let prompt = printable(prompt);
        loop {
            match self.terminal.read(&prompt, echo, None)? {
                Typed::Line(line) => return Ok(line),
                Typed::Unusable(why) => self.say(why)?,
                Typed::Nothing => return Err(Ended::Idle),
            }
        }
    }

    /// Yes or no; what Enter alone means.
    pub(super) fn agrees(&mut self, question: &str) -> Result<bool, Ended> {
        loop {
            let answer = self.ask(&format!("{question} (yes or no; Enter is yes): "))?;
            match answer.to_lowercase().as_str() {
                "" | "y" | "yes" => return Ok(true),
                "n" | "no" => return Ok(false),
                _ => self.say("Please type yes or no.")?,
            }
        }
    }

    /// What is typed in that time at most; an empty prompt goes on with the wait before.
    pub(super) fn hear(&mut self, prompt: &str, time: Duration) -> Result<Heard, Ended> {
        let prompt = printable(prompt);
        match self.terminal.read(&prompt, Echo::Shown, Some(time))? {
            Typed::Line(line) => Ok(Heard::Line(line.trim().to_owned())),
            Typed::Nothing => Ok(Heard::Nothing),
            Typed::Unusable(why) => {
                self.say(why)?;
                Ok(Heard::Line("?".into()))
            }
        }
    }

    pub(super) fn pause(&mut self, time: Duration) -> Result<(), Ended> {
        self.terminal.pause(time)
    }

    pub(super) fn discard(&mut self) {
        self.terminal.discard();
    }
}
