//! The fields of forms, as templates draw them (`templates/pages/field.html`).

use super::visitor::Visitor;
use crate::domain::{FieldKind, FormField};
use crate::http::extract::Form;
use crate::http::problem::Problem;
use crate::people::OrganisationWish;

/// A field of a form. Names are those of the JSON body of the same call.
pub(in crate::http) struct Field {
    /// Its name, and the id of its control.
    pub name: &'static str,
    /// What it is called.
    pub label: String,
    /// What the control is.
    pub kind: &'static str,
    /// The rule and the use; may be empty.
    pub hint: String,
    /// What was typed, or stands there now.
    pub value: String,
    /// What is wrong.
    pub error: Option<String>,
    /// Whether it has to be filled in.
    pub required: bool,
    /// What browsers know it by (HTML, "autofill detail tokens").
    pub autocomplete: &'static str,
    /// The most characters.
    pub most: u16,
}

/// The organisation that an invite leads into, as its form names it.
pub(super) fn invited_into(form: &Form) -> Option<OrganisationWish> {
    let name = form.optional("organization.name");
    let slug = form.optional("organization.slug");
    let is_named = name.is_some() || slug.is_some();
    is_named.then_some(OrganisationWish { name, slug })
}

impl Field {
    /// A field of the sign-up form.
    pub(super) fn of(visitor: &Visitor, field: &FormField) -> Self {
        let (kind, autocomplete) = match field.kind {
            FieldKind::Email => ("email", "email"),
            FieldKind::Secret => ("password", "new-password"),
            FieldKind::Date => ("date", "bday"),
            FieldKind::Paragraph | FieldKind::Keys => ("textarea", "off"),
            FieldKind::Line => ("text", completed_by(field.name)),
        };
        Self {
            name: field.name,
            label: visitor.field_label(field),
            kind,
            hint: visitor.field_hint(field),
            value: String::new(),
            error: None,
            required: field.required,
            autocomplete,
            most: field.longest,
        }
    }

    /// A field by its name, label and hint.
    pub(in crate::http) fn new(
        name: &'static str,
        kind: &'static str,
        label: impl ToString,
        hint: impl ToString,
    ) -> Self {
        Self {
            name,
            label: label.to_string(),
            kind,
            hint: hint.to_string(),
            value: String::new(),
            error: None,
            required: false,
            autocomplete: "off",
            most: 254,
        }
    }

    /// It has to be filled in.
    pub(in crate::http) fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    /// What browsers know it by.
    pub(in crate::http) fn completed_by(self, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            ..self
        }
    }

    /// The most characters.
    pub(in crate::http) fn at_most(self, most: u16) -> Self {
        Self { most, ..self }
    }

    /// What stands in it.
    pub(in crate::http) fn with(self, value: impl ToString) -> Self {
        Self {
            value: value.to_string(),
            ..self
        }
    }

    /// What is wrong with it, if the problem names it.
    pub(in crate::http) fn judged(mut self, visitor: &Visitor, problem: Option<&Problem>) -> Self {
        self.error = error_of(visitor, problem, self.name);
        self
    }

    /// The same, by what is wrong with another field.
    pub(in crate::http) fn judged_as(
        mut self,
        name: &str,
        visitor: &Visitor,
        problem: Option<&Problem>,
    ) -> Self {
        self.error = error_of(visitor, problem, name);
        self
    }

    /// Whether it has several lines.
    pub(super) fn is_area(&self) -> bool {
        self.kind == "textarea"
    }

    /// Whether a script has it judged while someone types.
    pub(super) fn is_checked(&self) -> bool {
        self.name == "username" || self.autocomplete == "new-password"
    }

    /// What describes it, for readers of the page aloud.
    pub(super) fn described_by(&self) -> String {
        let name = self.name;
        match (&self.error, self.hint.is_empty()) {
            (Some(_), true) => format!("{name}-error"),
            (Some(_), false) => format!("{name}-error {name}-hint"),
            (None, _) => format!("{name}-hint"),
        }
    }
}

/// What a problem says of that field, in the visitor's language.
pub(in crate::http) fn error_of(
    visitor: &Visitor,
    problem: Option<&Problem>,
    name: &str,
) -> Option<String> {
    let mut errors = problem?.errors.iter();
    let error = errors.find(|e| e.field == name)?;
    Some(visitor.rule(error))
}

fn completed_by(name: &str) -> &'static str {
    match name {
        "username" => "username",
        "displayName" => "nickname",
        "firstName" => "given-name",
        "lastName" => "family-name",
        "country" => "country",
        _ => "off",
    }
}
