/// The most characters of a line that this program breaks: some less than the 80 of a small terminal.
const WIDTH: usize = 76;

/// A text of somebody else's, made fit for a terminal: line breaks and tabs become spaces; control
/// characters, with which terminals are steered, go, and so do invisible ones that reorder text
/// (UAX #9).
#[must_use]
pub fn printable(text: &str) -> String {
    let kept = text.chars().filter_map(|c| match c {
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() || is_reordering(c) => None,
        c => Some(c),
    });
    kept.collect()
}

fn is_reordering(c: char) -> bool {
    matches!(c,
        '\u{061C}' | '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text as lines, broken between words. A word that is longer than a line, such as an address or
/// a key, is left whole for copying.
#[must_use]
pub fn wrapped(text: &str) -> String {
    let (mut all, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let more = word.chars().count();
        if length > 0 && length + 1 + more > WIDTH {
            all.push('\n');
            length = 0;
        } else if length > 0 {
            all.push(' ');
            length += 1;
        }
        all.push_str(word);
        length += more;
    }
    all.push('\n');
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let evil = "a\u{1b}[2J\u{1b}]0;x\u{7}b\u{9b}31mc\rd\ne\u{202e}f\u{0}g\u{7f}";
        assert_eq!(printable(evil), "a[2J]0;xb31mc d efg");
        assert_eq!(printable("Zoë 猫 🧑‍🚀"), "Zoë 猫 🧑‍🚀");
    }

    #[test]
    fn lines_are_broken_between_words_and_fit_the_smallest_terminal() {
        let text = wrapped(&"lorem ipsum dolor ".repeat(20));
        assert!(
            text.lines()
                .all(|l| (60..=76).contains(&l.len()) || l == text.lines().last().unwrap())
        );
        let url = "https://".to_owned() + &"x".repeat(200);
        assert_eq!(
            wrapped(&format!("see {url} there")),
            format!("see\n{url}\nthere\n")
        );
        assert_eq!(wrapped(""), "\n");
    }
}
