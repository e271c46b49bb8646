/// The most characters that are kept of what a mail system said.
const LONGEST: usize = 200;

/// What a mail system said, fit for a page, a log line and the store: one line without control
/// or direction-changing characters, at most 200 characters.
#[must_use]
pub fn clean(said: &str) -> String {
    let mut words = String::new();
    for word in said
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|w| !w.is_empty())
        .take(LONGEST)
    {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().filter(|c| !is_deceptive(*c)).take(LONGEST));
    }
    if words.chars().count() > LONGEST {
        words = words.chars().take(LONGEST - 1).collect();
        words.push('…');
    }
    words
}

/// Bidirectional controls (UAX #9) and zero-width characters.
fn is_deceptive(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_a_server_says_becomes_one_short_harmless_line() {
        assert_eq!(
            clean("550 no\r\nsuch\x1b[31m user\u{202E} \0here "),
            "550 no such [31m user here"
        );
        assert_eq!(clean(&"x".repeat(5000)).chars().count(), 200);
    }

    proptest! {
        #[test]
        fn nothing_comes_out_long_or_with_control_characters(said in "(?s).{0,400}") {
            let text = clean(&said);
            prop_assert!(text.chars().count() <= 200);
            prop_assert!(!text.chars().any(char::is_control));
        }
    }
}
