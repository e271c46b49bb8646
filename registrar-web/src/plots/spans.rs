use super::Plot;
use super::scale::{TIMES, span_words};
use super::svg::{Anchor, Svg};

const WIDTH: f64 = 480.0;
/// The words of a row, and its bar below them.
const ROW: f64 = 36.0;
const WORDS: f64 = 18.0;
const LEFT: f64 = 20.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 8.0;
const BELOW: f64 = 26.0;

/// How long things take: for each the middle one and the slowest tenth, on a scale on which each mark
/// is many times the one before.
#[derive(Clone, Debug)]
pub struct Spans {
    /// Unique on its page.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// What a row stands for: the head of the table's first column.
    pub of: &'static str,
    /// The rows, from the top.
    pub rows: Vec<Span>,
}

/// How long one thing takes.
#[derive(Clone, Debug)]
pub struct Span {
    /// What.
    pub label: String,
    /// How often it was measured.
    pub count: u64,
    /// Half take longer than this, in seconds.
    pub median: f64,
    /// One in ten takes longer than this, in seconds.
    pub slow: f64,
}

impl Span {
    /// Of what was measured, in seconds; `None` when nothing was.
    #[must_use]
    pub fn of(label: String, mut seconds: Vec<f64>) -> Option<Self> {
        seconds.sort_by(f64::total_cmp);
        let last = seconds.len().checked_sub(1)?;
        let at = |tenths: usize| seconds.get(last * tenths / 10).copied();
        Some(Self {
            label,
            count: seconds.len() as u64,
            median: at(5)?,
            slow: at(9)?,
        })
    }
}

impl Spans {
    /// Draws it.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a few rows")]
    pub fn draw(&self) -> Plot {
        let high = ROW * self.rows.len().max(1) as f64;
        let words = |row: &Span| {
            let (median, slow) = (span_words(row.median), span_words(row.slow));
            format!(
                "{}: half within {median}, nine of ten within {slow}",
                row.label
            )
        };
        let all: Vec<String> = self.rows.iter().map(words).collect();
        let height = TOP + high + BELOW;
        let mut svg = Svg::new(self.id, WIDTH, height, &self.title, &all.join("; "));
        for (seconds, says) in TIMES {
            let x = across(seconds);
            svg.line("plot-grid", (x, TOP), (x, TOP + high));
            svg.words(Anchor::Middle, (x, height - 8.0), says);
        }
        for (n, (row, says)) in self.rows.iter().zip(&all).enumerate() {
            let y = TOP + ROW * n as f64;
            svg.words(Anchor::Start, (LEFT, y + WORDS - 4.0), &row.label);
            let (from, middle, to) = (LEFT, across(row.median), across(row.slow));
            svg.rect(
                "plot-b",
                (from, y + WORDS),
                (to - from, ROW - WORDS - 4.0),
                says,
            );
            svg.rect(
                "plot-a",
                (from, y + WORDS),
                (middle - from, ROW - WORDS - 4.0),
                says,
            );
        }
        let legend = [("plot-a", "half of them"), ("plot-b", "nine of ten")];
        Plot {
            id: self.id,
            title: self.title.clone(),
            svg: svg.finish(),
            legend: legend.map(|(class, w)| (class, w.to_owned())).into(),
            head: [self.of, "measured", "half within", "nine of ten within"]
                .map(str::to_owned)
                .into(),
            rows: self
                .rows
                .iter()
                .map(|row| {
                    vec![
                        row.label.clone(),
                        row.count.to_string(),
                        span_words(row.median),
                        span_words(row.slow),
                    ]
                })
                .collect(),
        }
    }
}

/// Where a span of time ends.
fn across(seconds: f64) -> f64 {
    let (first, last) = (TIMES[0].0.ln(), TIMES[TIMES.len() - 1].0.ln());
    let part = (seconds.max(f64::MIN_POSITIVE).ln() - first) / (last - first);
    LEFT + (WIDTH - LEFT - RIGHT) * part.clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nine_of_ten_are_what_they_say() {
        let span = Span::of("mail".into(), (1..=101).map(f64::from).collect()).unwrap();
        assert_eq!((span.median, span.slow, span.count), (51.0, 91.0, 101));
        let one = Span::of("mail".into(), vec![3.0]).unwrap();
        assert_eq!((one.median, one.slow), (3.0, 3.0));
        assert!(Span::of("mail".into(), Vec::new()).is_none());
    }

    #[test]
    fn slower_is_further_right_and_nothing_leaves_the_picture() {
        let places: Vec<f64> = [0.0, 0.5, 60.0, 1e5, 1e9].map(across).into();
        assert!(places.is_sorted(), "{places:?}");
        assert_eq!((places[0], places[4]), (LEFT, WIDTH - RIGHT));
    }

    #[test]
    fn its_table_has_the_words() {
        let rows = Span::of("VERIFIED".into(), vec![90.0, 90.0])
            .into_iter()
            .collect();
        let plot = Spans {
            id: "times",
            title: "Times".into(),
            of: "status",
            rows,
        };
        let plot = plot.draw();
        assert_eq!(plot.rows, [["VERIFIED", "2", "1.5 min", "1.5 min"]]);
        assert!(plot.svg.contains("half within 1.5 min"));
    }
}
