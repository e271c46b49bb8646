use super::scale::marks;
use super::svg::{Anchor, Svg};
use super::{Plot, colour};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 220.0;
/// Room around the plot: for the numbers at its left, and the words below it.
const LEFT: f64 = 40.0;
// The words of the last column stick out.
const RIGHT: f64 = 20.0;
const TOP: f64 = 10.0;
const BELOW: f64 = 26.0;

/// Counts of several kinds, by day or another step, one on top of the other.
#[derive(Clone, Debug)]
pub struct Columns {
    /// Unique on its page.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// What a column stands for: the head of the table's first column.
    pub of: &'static str,
    /// The names of the columns, in their order.
    pub labels: Vec<String>,
    /// What is counted.
    pub series: Vec<Series>,
}

/// One kind of what is counted.
#[derive(Clone, Debug)]
pub struct Series {
    /// In words.
    pub name: &'static str,
    /// A number for each column; missing ones are 0.
    pub values: Vec<u64>,
}

impl Columns {
    /// Draws it.
    #[must_use]
    pub fn draw(&self) -> Plot {
        let value = |s: &Series, n: usize| s.values.get(n).copied().unwrap_or(0);
        let sum = |n| -> u64 { self.series.iter().map(|s| value(s, n)).sum() };
        let most = (0..self.labels.len()).map(sum).max().unwrap_or(0);
        let mut svg = Svg::new(self.id, WIDTH, HEIGHT, &self.title, &self.description());
        let marks = marks(most);
        let top = marks.last().copied().unwrap_or(1).max(1);
        let (wide, high) = (WIDTH - LEFT - RIGHT, HEIGHT - TOP - BELOW);
        let height = |n: u64| high * number(n) / number(top);
        let base = HEIGHT - BELOW;
        for mark in &marks {
            let y = base - height(*mark);
            svg.line("plot-grid", (LEFT, y), (WIDTH - RIGHT, y));
            svg.words(Anchor::End, (LEFT - 6.0, y + 4.0), &mark.to_string());
        }
        let count = self.labels.len().max(1);
        let step = wide / number(count as u64);
        // So that the words below don't run into each other.
        let longest = self.labels.iter().map(|l| l.chars().count()).max();
        let room = number(longest.unwrap_or(0) as u64) * 6.2 + 8.0;
        let every = (1..=count).find(|n| step * number(*n as u64) >= room);
        let every = every.unwrap_or(count);
        for (n, label) in self.labels.iter().enumerate() {
            let x = LEFT + step * number(n as u64);
            let mut y = base;
            for (k, series) in self.series.iter().enumerate() {
                let value = value(series, n);
                if value == 0 {
                    continue;
                }
                let h = height(value);
                y -= h;
                let says = format!("{label}: {value} {}", series.name);
                let size = ((step * 0.78).max(1.0), h);
                svg.rect(colour(k), (x + step * 0.11, y), size, &says);
            }
            // The last one, which is the newest, always has its words.
            if (count - 1 - n).is_multiple_of(every) {
                let at = (x + step / 2.0, HEIGHT - 8.0);
                svg.words(Anchor::Middle, at, label);
            }
        }
        let names = self.series.iter().map(|s| s.name);
        let head = std::iter::once(self.of).chain(names.clone());
        let legend = names
            .enumerate()
            .map(|(k, name)| (colour(k), name.to_owned()));
        Plot {
            id: self.id,
            title: self.title.clone(),
            svg: svg.finish(),
            legend: match self.series.len() {
                1 => Vec::new(),
                _ => legend.collect(),
            },
            head: head.map(str::to_owned).collect(),
            rows: self
                .labels
                .iter()
                .enumerate()
                .map(|(n, label)| {
                    let values = self.series.iter().map(|s| value(s, n).to_string());
                    std::iter::once(label.clone()).chain(values).collect()
                })
                .collect(),
        }
    }

    /// The sums, in words.
    fn description(&self) -> String {
        let sums = self.series.iter().map(|s| {
            let sum: u64 = s.values.iter().sum();
            format!("{sum} {}", s.name)
        });
        let span = match (self.labels.first(), self.labels.last()) {
            (Some(first), Some(last)) if first != last => format!("{first} to {last}: "),
            _ => String::new(),
        };
        format!("{span}{}.", sums.collect::<Vec<_>>().join(", "))
    }
}

/// Counts here are far below what a float holds exactly.
#[allow(clippy::cast_precision_loss, reason = "pixels")]
fn number(n: u64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(labels: &[&str], values: &[&[u64]]) -> Plot {
        let names = ["complete", "failed", "running", "rejected", "other"];
        let series = values.iter().zip(names);
        Columns {
            id: "registrations",
            title: "Registrations".into(),
            of: "day",
            labels: labels.iter().map(|l| (*l).to_owned()).collect(),
            series: series
                .map(|(values, name)| Series {
                    name,
                    values: values.to_vec(),
                })
                .collect(),
        }
        .draw()
    }

    #[test]
    fn a_column_is_as_high_as_its_number_and_stands_on_the_one_below() {
        let plot = plot(&["1 May", "2 May"], &[&[2, 4], &[2, 0]]);
        // 184 high for 4: two of two are half each.
        let lower = "y=\"102\" width=\"163.8\" height=\"92\"><title>1 May: 2 complete";
        let upper = "y=\"10\" width=\"163.8\" height=\"92\"><title>1 May: 2 failed";
        assert!(plot.svg.contains(lower), "{}", plot.svg);
        assert!(plot.svg.contains(upper), "{}", plot.svg);
        assert!(!plot.svg.contains("0 failed"), "nothing is not drawn");
        assert!(plot.svg.contains("1 May to 2 May: 6 complete, 2 failed."));
    }

    #[test]
    fn its_table_has_every_number() {
        let plot = plot(&["a", "b"], &[&[1], &[2, 3]]);
        assert_eq!(plot.head, ["day", "complete", "failed"]);
        assert_eq!(plot.rows, [["a", "1", "2"], ["b", "0", "3"]]);
        assert_eq!(plot.legend.len(), 2);
    }

    #[test]
    fn nothing_at_all_is_a_plot_too() {
        let plot = plot(&[], &[]);
        assert!(plot.svg.starts_with("<svg") && plot.svg.ends_with("</svg>"));
        assert!(
            !plot.svg.contains("NaN") && !plot.svg.contains("inf"),
            "{}",
            plot.svg
        );
    }

    #[test]
    fn labels_of_many_columns_are_thinned_out() {
        let labels: Vec<String> = (1..=60).map(|n| format!("{n} May")).collect();
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let svg = plot(&labels, &[&[1; 60]]).svg;
        let words = svg.matches("text-anchor=\"middle\"").count();
        assert!((5..=15).contains(&words), "{words}");
    }
}
