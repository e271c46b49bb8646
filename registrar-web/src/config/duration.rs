use jiff::SignedDuration;
use serde::Deserialize;

/// A span of time: a number of seconds, or a text such as `"90s"`, `"15m"`, `"24h"`, `"7d"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seconds(u32);

impl Seconds {
    /// So many seconds.
    #[must_use]
    pub const fn of(n: u32) -> Self {
        Self(n)
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(n: u32) -> Self {
        Self(n * 3600)
    }

    /// For sums with times.
    #[must_use]
    pub fn signed(self) -> SignedDuration {
        SignedDuration::from_secs(i64::from(self.0))
    }

    /// For timers.
    #[must_use]
    pub fn std(self) -> std::time::Duration {
        std::time::Duration::from_secs(u64::from(self.0))
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, unit) = text
            .trim()
            .split_at_checked(text.trim().len().checked_sub(1)?)?;
        let factor = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        number
            .trim()
            .parse::<u32>()
            .ok()?
            .checked_mul(factor)
            .filter(|n| *n > 0)
            .map(Self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u32),
            Text(String),
        }
        match Form::deserialize(deserializer) {
            Ok(Form::Number(n)) if n > 0 => Some(Self(n)),
            Ok(Form::Text(text)) => Self::parse(&text),
            _ => None,
        }
        .ok_or_else(|| {
            serde::de::Error::custom(
                "write a time as a number of seconds or as \"90s\", \"15m\", \"24h\", \"7d\"",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_units() {
        assert_eq!(Seconds::parse("24h"), Some(Seconds::hours(24)));
        assert_eq!(Seconds::parse("7d"), Some(Seconds::hours(168)));
        for bad in ["", "h", "-1h", "0s", "1w", "24", "ü"] {
            assert_eq!(Seconds::parse(bad), None, "{bad}");
        }
    }
}
