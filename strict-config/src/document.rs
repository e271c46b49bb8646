//! A parsed file with variables laid over it, which still knows where each key came from.
//!
//! Positions are byte ranges of the file. Each key and value of a variable gets an empty range of
//! its own beyond the end of the text, so the one mechanism of `toml` (errors carry the range of
//! what was wrong) serves both.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

use crate::error::{ConfigError, Origin};
use crate::overrides::Override;
use crate::rule;

/// One key of the document and where it is.
struct Place {
    key: Range<usize>,
    value: Range<usize>,
    path: String,
    /// The value when it is a string, to keep it out of messages.
    string: Option<String>,
}

/// A parsed file, changed by variables.
pub(crate) struct Document<'t> {
    text: &'t str,
    file_name: &'t str,
    root: Spanned<DeTable<'t>>,
    overrides: Vec<&'t Override>,
    /// For each position beyond the text, the variable it belongs to.
    owners: Vec<usize>,
}

/// Hands out positions beyond the end of the text.
struct Positions<'o> {
    start: usize,
    owner: usize,
    owners: &'o mut Vec<usize>,
}

impl Positions<'_> {
    fn place<T>(&mut self, value: T) -> Spanned<T> {
        let position = self.start + self.owners.len();
        self.owners.push(self.owner);
        Spanned::new(position..position, value)
    }
}

impl<'t> Document<'t> {
    pub(crate) fn parse(text: &'t str, file_name: &'t str) -> Result<Self, ConfigError> {
        let root = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            origin: in_file(text, file_name, error.span()),
            rule: rule::syntax(error.message()),
        })?;
        Ok(Self {
            text,
            file_name,
            root,
            overrides: Vec::new(),
            owners: Vec::new(),
        })
    }

    /// Replaces one key by a variable's value.
    pub(crate) fn lay_over(&mut self, item: &'t Override) {
        let index = self.overrides.len();
        self.overrides.push(item);
        self.put(index, item, read_value(&item.value));
    }

    fn put(&mut self, index: usize, item: &'t Override, value: DeValue<'t>) {
        let mut positions = Positions {
            start: self.text.len() + 1,
            owner: index,
            owners: &mut self.owners,
        };
        set(self.root.get_mut(), &item.path, value, &mut positions);
    }

    /// Turns the document into `T`.
    pub(crate) fn read<T: DeserializeOwned>(mut self) -> Result<T, ConfigError> {
        // A variable such as `…__PASSWORD=12345` looks like a number where a string is wanted:
        // what fails as TOML gets a second chance as a string. If that fails too, the first error
        // is the one about what was written.
        let mut first_errors = BTreeMap::new();
        loop {
            let error = match T::deserialize(Deserializer::from(self.root.clone())) {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let Some(index) = self.variable_at(error.span().as_ref()) else {
                return Err(self.explain(&error));
            };
            if let Some(first) = first_errors.remove(&index) {
                return Err(first);
            }
            let explained = self.explain(&error);
            if !self.retry_as_string(index) {
                return Err(explained);
            }
            first_errors.insert(index, explained);
        }
    }

    /// Puts the variable's text in place of its parsed value; false when it is that already.
    fn retry_as_string(&mut self, index: usize) -> bool {
        let Some(&item) = self.overrides.get(index) else {
            return false;
        };
        if matches!(read_value(&item.value), DeValue::String(_)) {
            return false;
        }
        self.put(index, item, DeValue::String(Cow::Borrowed(&item.value)));
        true
    }

    /// The variable that a position belongs to.
    fn variable_at(&self, span: Option<&Range<usize>>) -> Option<usize> {
        let position = span?.start.checked_sub(self.text.len() + 1)?;
        self.owners.get(position).copied()
    }

    fn explain(&self, error: &toml::de::Error) -> ConfigError {
        let span = error.span();
        let mut places = Vec::new();
        list(self.root.get_ref(), "", &mut places);
        let place = span.as_ref().and_then(|span| nearest_place(&places, span));
        let origin = match self
            .variable_at(span.as_ref())
            .and_then(|i| self.overrides.get(i))
        {
            Some(item) => Origin::Variable {
                name: item.name.clone(),
            },
            None => in_file(self.text, self.file_name, span),
        };
        let key = place.map(|place| place.path.clone()).unwrap_or_default();
        if let Some(unknown) = rule::unknown_key(error.message()) {
            let key = if key.is_empty() {
                unknown.key.clone()
            } else {
                key
            };
            let nearest = rule::nearest(&unknown.key, &unknown.known);
            return ConfigError::UnknownKey {
                origin,
                key,
                nearest,
                known: unknown.known,
            };
        }
        let secret = place.and_then(|place| place.string.as_deref());
        ConfigError::Rule {
            origin,
            key,
            rule: rule::without_values(error.message(), secret),
        }
    }
}

/// A variable's text as TOML, else as a string.
fn read_value(text: &str) -> DeValue<'_> {
    match DeValue::parse(text.trim()) {
        Ok(value) => value.into_inner(),
        Err(_) => DeValue::String(Cow::Borrowed(text)),
    }
}

/// Puts `value` at `path`, making tables on the way.
fn set<'t>(
    table: &mut DeTable<'t>,
    path: &'t [String],
    value: DeValue<'t>,
    positions: &mut Positions<'_>,
) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    let key = positions.place(Cow::Borrowed(first.as_str()));
    if rest.is_empty() {
        let value = replaced(value, positions);
        // Removed first: `insert` alone would keep the old key and so the old position.
        table.remove(first.as_str());
        table.insert(key, value);
        return;
    }
    let fresh = positions.place(DeValue::Table(DeTable::new()));
    let inner = table.entry(key).or_insert(fresh);
    if !matches!(inner.get_ref(), DeValue::Table(_)) {
        *inner = positions.place(DeValue::Table(DeTable::new()));
    }
    if let DeValue::Table(inner) = inner.get_mut() {
        set(inner, rest, value, positions);
    }
}

/// The value with a position of the variable's own for everything in it.
fn replaced<'t>(value: DeValue<'t>, positions: &mut Positions<'_>) -> Spanned<DeValue<'t>> {
    let value = match value {
        DeValue::Array(items) => DeValue::Array(
            items
                .into_iter()
                .map(|item| replaced(item.into_inner(), positions))
                .collect(),
        ),
        DeValue::Table(table) => DeValue::Table(
            table
                .into_iter()
                .map(|(key, value)| {
                    let key = positions.place(key.into_inner());
                    (key, replaced(value.into_inner(), positions))
                })
                .collect(),
        ),
        scalar => scalar,
    };
    positions.place(value)
}

/// All keys below `table` with their places.
fn list(table: &DeTable<'_>, prefix: &str, places: &mut Vec<Place>) {
    for (key, value) in table.iter() {
        let path = join(prefix, key.get_ref());
        places.push(Place {
            key: key.span(),
            value: value.span(),
            path: path.clone(),
            string: value.get_ref().as_str().map(str::to_owned),
        });
        match value.get_ref() {
            DeValue::Table(inner) => list(inner, &path, places),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let string = item.get_ref().as_str().map(str::to_owned);
                    if let DeValue::Table(inner) = item.get_ref() {
                        list(inner, &path, places);
                    }
                    places.push(Place {
                        key: item.span(),
                        value: item.span(),
                        path,
                        string,
                    });
                }
            }
            _ => {}
        }
    }
}

/// The place the range stands for: the smallest that holds it.
fn nearest_place<'p>(places: &'p [Place], span: &Range<usize>) -> Option<&'p Place> {
    places
        .iter()
        .filter_map(|place| {
            [&place.key, &place.value]
                .into_iter()
                .filter(|range| range.start <= span.start && span.end <= range.end)
                .map(Range::len)
                .min()
                .map(|length| (length, place))
        })
        .min_by_key(|(length, _)| *length)
        .map(|(_, place)| place)
}

fn in_file(text: &str, file_name: &str, span: Option<Range<usize>>) -> Origin {
    let start = span.map_or(0, |span| span.start);
    let before = text.get(..start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Origin::File {
        file: file_name.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
    }
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() {
        key.to_owned()
    } else {
        format!("{prefix}.{key}")
    }
}
