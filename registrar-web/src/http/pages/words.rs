//! What the program says in English of itself, in the visitor's language: the words of API, join and
//! pages are one, and a language that lacks some says them in English.

use super::visitor::Visitor;
use crate::domain::{FormField, Mode, Places};
use crate::http::problem::{FieldProblem, Kind, Problem};
use crate::registration::RegistrationView;
use crate::text::Text;

impl Visitor {
    /// Who may register.
    pub(super) fn mode_words(&self, mode: Mode) -> String {
        let key = format!("mode-{}", mode.as_str());
        Text::new(self.language(), &key)
            .or(mode.words())
            .to_string()
    }

    /// How many places are taken.
    pub(super) fn places_words(&self, places: Places) -> String {
        let text = match places.is_full() {
            true => self.t("places-full"),
            false => self.t("places-taken").count("taken", places.taken),
        };
        text.count("all", places.all).to_string()
    }

    /// What a field of the sign-up form is called.
    pub(super) fn field_label(&self, field: &FormField) -> String {
        let key = format!("field-{}", field.name);
        Text::new(self.language(), &key).or(field.label).to_string()
    }

    /// The rule of a field of the sign-up form, and what it is for.
    pub(super) fn field_hint(&self, field: &FormField) -> String {
        let key = format!("field-{}-hint", field.name);
        Text::new(self.language(), &key)
            .with("domain", &self.site().domain)
            .or(field.hint.as_str())
            .to_string()
    }

    /// What is wrong with a field, and how to mend it.
    pub(in crate::http) fn rule(&self, error: &FieldProblem) -> String {
        let line = line_of(&error.message);
        let own = format!("rule-{}-{}", error.field, error.code);
        let any = format!("rule-any-{}", error.code);
        let of = |key| {
            Text::new(self.language(), key)
                .with("domain", &self.site().domain)
                .or(String::new())
                .to_string()
        };
        let found = [of(&own), of(&any)].into_iter().find(|t| !t.is_empty());
        match (found, line) {
            (None, _) => error.message.clone(),
            (Some(words), None) => words,
            (Some(words), Some(line)) => {
                let instead = format!("line {line}:");
                let of = Text::new(self.language(), "rule-line").with("line", line);
                format!("{} {words}", of.or(instead))
            }
        }
    }

    /// What happens now with a registration.
    pub(super) fn says(&self, view: &RegistrationView) -> String {
        let key = format!("says-{}", view.message_key);
        Text::new(self.language(), &key)
            .or(view.message.as_str())
            .to_string()
    }

    /// A problem in a few words.
    pub(super) fn problem_title(&self, kind: Kind) -> String {
        let key = format!("problem-{}-title", kind.code());
        Text::new(self.language(), &key)
            .or(kind.title())
            .to_string()
    }

    /// What about this problem, or what it means, in a language that has no words for this one.
    pub(in crate::http) fn problem_words(&self, problem: &Problem) -> String {
        let key = format!("problem-{}", problem.kind.code());
        Text::new(self.language(), &key)
            .or(problem.detail.as_str())
            .to_string()
    }
}

/// The number of the line that an error is about.
fn line_of(message: &str) -> Option<&str> {
    let (line, _) = message.strip_prefix("line ")?.split_once(": ")?;
    line.bytes().all(|b| b.is_ascii_digit()).then_some(line)
}
