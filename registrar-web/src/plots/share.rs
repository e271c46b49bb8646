use super::Plot;
use super::svg::{Anchor, Svg};

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 56.0;

/// How much of something is used.
#[derive(Clone, Debug)]
pub struct Share {
    /// Unique on its page.
    pub id: &'static str,
    /// What is shown.
    pub title: String,
    /// Bytes in use.
    pub used: u64,
    /// Bytes in all.
    pub all: u64,
}

impl Share {
    /// Percent in use.
    #[must_use]
    pub fn percent(&self) -> u64 {
        let part = u128::from(self.used.min(self.all)) * 100 / u128::from(self.all.max(1));
        u64::try_from(part).unwrap_or(100)
    }

    /// Draws it.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "at most a hundred")]
    pub fn draw(&self) -> Plot {
        let percent = self.percent();
        let (used, free) = (self.used, self.all.saturating_sub(self.used));
        let says = format!("{percent} % in use: {} of {}", bytes(used), bytes(self.all));
        let mut svg = Svg::new(self.id, WIDTH, HEIGHT, &self.title, &says);
        let wide = WIDTH * percent as f64 / 100.0;
        svg.rect("plot-empty", (0.0, 4.0), (WIDTH, 22.0), &says);
        svg.rect("plot-a", (0.0, 4.0), (wide, 22.0), &says);
        svg.words(Anchor::Start, (0.0, HEIGHT - 10.0), &says);
        Plot {
            id: self.id,
            title: self.title.clone(),
            svg: svg.finish(),
            legend: Vec::new(),
            head: ["of", "bytes"].map(str::to_owned).into(),
            rows: [("in use", used), ("free", free), ("in all", self.all)]
                .map(|(name, n)| vec![name.to_owned(), bytes(n)])
                .into(),
        }
    }
}

/// A number of bytes in words.
#[allow(clippy::cast_precision_loss, reason = "two digits are shown")]
fn bytes(n: u64) -> String {
    let mut number = n as f64;
    for unit in ["B", "KiB", "MiB", "GiB"] {
        if number < 1024.0 {
            return format!("{number:.1} {unit}");
        }
        number /= 1024.0;
    }
    format!("{number:.1} TiB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_as_long_as_what_is_used() {
        let half = Share {
            id: "disk",
            title: "Disk".into(),
            used: 5 << 30,
            all: 10 << 30,
        };
        assert_eq!(half.percent(), 50);
        let plot = half.draw();
        assert!(plot.svg.contains("width=\"240\""), "{}", plot.svg);
        assert!(plot.svg.contains("50 % in use: 5.0 GiB of 10.0 GiB"));
        let none = Share {
            used: 0,
            all: 0,
            ..half
        };
        assert_eq!(none.percent(), 0);
    }
}
