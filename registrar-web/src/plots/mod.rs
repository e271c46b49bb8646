//! Plots as SVG, drawn on the server: pure functions of numbers. Colours are classes of the
//! stylesheet, so that they follow the reader's scheme and the pages' policy, which refuses style
//! attributes. Each plot comes with its numbers as a table, for those who can't see it or want more.

mod columns;
mod scale;
mod share;
mod spans;
mod svg;

pub use columns::{Columns, Series};
pub use share::Share;
pub use spans::{Span, Spans};

/// A plot, ready for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// Unique on its page; a word of letters and hyphens.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The whole `svg` element. All text in it is escaped.
    pub svg: String,
    /// What its colours mean: class and words; empty where there is one.
    pub legend: Vec<(&'static str, String)>,
    /// The heads of the table's columns.
    pub head: Vec<String>,
    /// The table's rows; the first cell names the row.
    pub rows: Vec<Vec<String>>,
}

/// The classes of the colours, in the order in which they are used; the stylesheet has each for
/// light and dark.
const COLOURS: [&str; 4] = ["plot-a", "plot-b", "plot-c", "plot-d"];

fn colour(n: usize) -> &'static str {
    COLOURS.get(n % COLOURS.len()).copied().unwrap_or_default()
}
