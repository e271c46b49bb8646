use provision_api::SshPublicKey;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::service::Field;

/// The form, as far as it is filled in.
pub(super) struct Sheet(Vec<(Field, Answer)>);

/// What stands in a field.
#[derive(Clone, Debug, Default)]
pub(super) enum Answer {
    /// Nothing.
    #[default]
    Empty,
    /// A text, never empty.
    Text(String),
    /// A text that is not shown.
    Secret(Zeroizing<String>),
    /// Keys, at least one.
    Keys(Vec<SshPublicKey>),
}

impl Sheet {
    pub(super) fn new(fields: Vec<Field>) -> Self {
        let empty = |field| (field, Answer::Empty);
        Self(fields.into_iter().map(empty).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The field at that place, from 0.
    pub(super) fn field(&self, place: usize) -> Option<&Field> {
        self.0.get(place).map(|(field, _)| field)
    }

    pub(super) fn answer(&self, place: usize) -> Option<&Answer> {
        self.0.get(place).map(|(_, answer)| answer)
    }

    pub(super) fn place_of(&self, name: &str) -> Option<usize> {
        self.0.iter().position(|(field, _)| field.name == name)
    }

    /// What stands in the field of that name; empty for one that is not there or holds no plain text.
    pub(super) fn text(&self, name: &str) -> &str {
        let found = self.0.iter().find(|(field, _)| field.name == name);
        match found {
            Some((_, Answer::Text(text))) => text,
            _ => "",
        }
    }

    pub(super) fn fill(&mut self, place: usize, answer: Answer) {
        if let Some((_, old)) = self.0.get_mut(place) {
            *old = answer;
        }
    }

    /// A line for each field, numbered from 1.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |(number, (field, answer)): (usize, &(Field, Answer))| {
            let label = field.label.trim_end_matches('?');
            format!("{}. {label}: {}", number + 1, answer.words())
        };
        self.0.iter().enumerate().map(line).collect()
    }

    /// As the service takes it.
    pub(super) fn to_json(&self) -> Map<String, Value> {
        let value = |answer: &Answer| match answer {
            Answer::Empty => None,
            Answer::Text(text) => Some(Value::from(text.as_str())),
            Answer::Secret(text) => Some(Value::from(text.as_str())),
            Answer::Keys(keys) => Some(keys.iter().map(SshPublicKey::as_line).collect()),
        };
        let told = self.0.iter();
        told.filter_map(|(field, answer)| Some((field.name.clone(), value(answer)?)))
            .collect()
    }
}

impl Answer {
    /// For the person to look over.
    fn words(&self) -> String {
        match self {
            Self::Empty => "nothing".into(),
            Self::Text(text) => text.clone(),
            Self::Secret(_) => "given, not shown".into(),
            Self::Keys(keys) => {
                let names: Vec<&str> = keys.iter().map(SshPublicKey::fingerprint).collect();
                names.join(", ")
            }
        }
    }
}
