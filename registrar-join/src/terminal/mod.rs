//! The other end of the line: prompts and answers, a line at a time.

mod clean;
mod tty;

use std::time::Duration;

use zeroize::Zeroizing;

pub use clean::{printable, wrapped};
pub use tty::{LONGEST_VISIT, NoTerminal, Tty};

/// Why there will be no more answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The person pressed Control-C.
    Interrupted,
    /// The person pressed Control-D on an empty line.
    EndOfInput,
    /// Nothing was typed for too long.
    Idle,
    /// The visit has lasted as long as one may, whatever was typed.
    TimeIsUp,
    /// The connection is gone.
    HungUp,
}

/// Whether what is typed can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Echo {
    /// As usual.
    Shown,
    /// For secrets.
    Hidden,
}

/// What came of waiting for a line.
#[derive(Debug, PartialEq, Eq)]
pub enum Typed {
    /// A line of printable UTF-8, without its end.
    Line(Zeroizing<String>),
    /// A line that can't be used, and why; for the person.
    Unusable(&'static str),
    /// No line in the time given; what was typed of one is kept.
    Nothing,
}

/// A terminal without any cursor addressing: text goes down, lines come up.
pub trait Terminal {
    /// Shows that text as it is; it has been cleaned.
    ///
    /// # Errors
    /// [`Ended::HungUp`].
    fn show(&mut self, text: &str) -> Result<(), Ended>;

    /// Shows the prompt and waits for a line: for that time, or where none is given until the person has
    /// been idle for too long. An empty prompt goes on with a wait that came to nothing.
    ///
    /// # Errors
    /// See [`Ended`].
    fn read(&mut self, prompt: &str, echo: Echo, wake: Option<Duration>) -> Result<Typed, Ended>;

    /// Waits; what is typed meanwhile is kept for the next answer.
    ///
    /// # Errors
    /// See [`Ended`].
    fn pause(&mut self, time: Duration) -> Result<(), Ended>;

    /// Throws away what has been typed and not been read, such as the rest of a paste.
    fn discard(&mut self);
}
