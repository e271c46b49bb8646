use std::fmt::Write as _;

/// Writes an `svg` element. Numbers are rounded to a tenth, which nobody sees and which keeps pages
/// small.
pub(super) struct Svg {
    text: String,
}

/// Where a text stands towards its point.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

impl Svg {
    /// Begins a picture of that size that says what it shows to those who can't see it.
    pub(super) fn new(id: &str, width: f64, height: f64, title: &str, description: &str) -> Self {
        let (title, description) = (escape(title), escape(description));
        let text = format!(
            "<svg class=\"plot\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\"><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>"
        );
        Self { text }
    }

    /// A rectangle; what it stands for is shown when one points at it.
    pub(super) fn rect(&mut self, class: &str, at: (f64, f64), size: (f64, f64), says: &str) {
        let ((x, y), (w, h)) = (at, size);
        // Writing to a String can't fail.
        let _ = write!(
            self.text,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{}</title></rect>",
            tenth(x),
            tenth(y),
            tenth(w),
            tenth(h),
            escape(says)
        );
    }

    pub(super) fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        let _ = write!(
            self.text,
            "<line class=\"{class}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>",
            tenth(from.0),
            tenth(from.1),
            tenth(to.0),
            tenth(to.1)
        );
    }

    pub(super) fn words(&mut self, anchor: Anchor, at: (f64, f64), words: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let _ = write!(
            self.text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
            tenth(at.0),
            tenth(at.1),
            escape(words)
        );
    }

    pub(super) fn finish(mut self) -> String {
        self.text.push_str("</svg>");
        self.text
    }
}

fn tenth(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_said_can_become_an_element() {
        let mut svg = Svg::new("x", 10.0, 5.0, "<b>\"", "a & b");
        svg.words(Anchor::Middle, (1.25, 2.0), "</text><script>");
        svg.rect("plot-a", (0.0, 0.0), (1.0, 1.0), "<i>");
        let text = svg.finish();
        assert!(
            text.contains("&lt;b&gt;&quot;") && text.contains("a &amp; b"),
            "{text}"
        );
        assert!(!text.contains("<script") && !text.contains("<i>") && !text.contains("<b>"));
        assert!(text.contains("x=\"1.2\" y=\"2\""), "{text}");
        assert!(!text.contains("style="));
    }
}
