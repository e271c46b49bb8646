//! Marks of axes.

/// Round marks from 0 up to at least `most`, five of them or so: 1, 2 or 5 times a power of ten apart,
/// whole numbers all.
pub(super) fn marks(most: u64) -> Vec<u64> {
    let mut step = 1_u64;
    let mut factors = [2, 5, 10].into_iter().cycle();
    let mut power = 1_u64;
    while most.div_ceil(step) > 5 {
        let factor = factors.next().unwrap_or(10);
        step = power.saturating_mul(factor);
        if factor == 10 {
            power = power.saturating_mul(10);
        }
        if step == u64::MAX {
            break;
        }
    }
    let count = most.div_ceil(step).max(1);
    (0..=count).map(|n| n.saturating_mul(step)).collect()
}

/// Marks of spans of time: seconds and words.
pub(super) const TIMES: [(f64, &str); 8] = [
    (0.01, "10 ms"),
    (0.1, "0.1 s"),
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (3600.0, "1 h"),
    (86_400.0, "1 d"),
    (604_800.0, "7 d"),
];

/// A span of time in words.
pub(super) fn span_words(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s * 1000.0),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{:.1} min", s / 60.0),
        s if s < 86_400.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_few_and_reach_the_top() {
        assert_eq!(marks(0), [0, 1]);
        assert_eq!(marks(1), [0, 1]);
        assert_eq!(marks(4), [0, 1, 2, 3, 4]);
        assert_eq!(marks(7), [0, 2, 4, 6, 8]);
        assert_eq!(marks(23), [0, 5, 10, 15, 20, 25]);
        assert_eq!(marks(100), [0, 20, 40, 60, 80, 100]);
        assert_eq!(marks(480), [0, 100, 200, 300, 400, 500]);
        for most in [1_u64, 99, 1234, 987_654, u64::MAX / 2, u64::MAX] {
            let marks = marks(most);
            assert!(marks.len() <= 6 && marks.last() >= Some(&most), "{marks:?}");
        }
    }

    #[test]
    fn spans_have_the_unit_that_people_would_say() {
        let words: Vec<_> = [0.02, 1.5, 90.0, 7200.0, 200_000.0].map(span_words).into();
        assert_eq!(words, ["20 ms", "1.5 s", "1.5 min", "2.0 h", "2.3 d"]);
    }
}
