//! Finding lines of passwd(5), group(5) and shadow(5) by name and number, in whole texts: on a host
//! with many accounts these searches are what provisiond adds to the cost of its tools.

use std::ops::Range;

use memchr::{memchr, memmem, memrchr};

/// Where the lines of that name are, without their ends.
pub(super) fn named<'a>(text: &'a [u8], name: &str) -> impl Iterator<Item = Range<usize>> + 'a {
    let needle = format!("{name}:").into_bytes();
    let found: Vec<usize> = memmem::find_iter(text, &needle)
        .filter(|at| *at == 0 || byte(text, at.wrapping_sub(1)) == Some(b'\n'))
        .collect();
    found.into_iter().map(|at| at..end_of_line(text, at))
}

/// Where the lines are whose third field is that number, without their ends. As libc reads it, there
/// may be zeros, blanks or a plus in front.
pub(super) fn numbered(text: &[u8], number: u32) -> impl Iterator<Item = Range<usize>> {
    let needle = number.to_string().into_bytes();
    let found: Vec<usize> = memmem::find_iter(text, &needle)
        .filter(|at| matches!(byte(text, at + needle.len()), Some(b':' | b'\n') | None))
        .filter_map(|at| {
            let before = text.get(..at)?;
            let padded = |b: &u8| !matches!(*b, b'0' | b' ' | b'\t' | b'+');
            let field = before.iter().rposition(padded)?;
            let before = text
                .get(..field)
                .filter(|_| byte(text, field) == Some(b':'))?;
            let start = memrchr(b'\n', before).map_or(0, |n| n + 1);
            let fields = before.get(start..)?;
            (fields.iter().filter(|b| **b == b':').count() == 1).then_some(start)
        })
        .collect();
    found.into_iter().map(|at| at..end_of_line(text, at))
}

/// Where the first line is with which a file hands over to NIS (passwd(5)), or the end.
pub(super) fn before_nis(text: &[u8]) -> usize {
    if text.starts_with(b"+") || text.starts_with(b"-") {
        return 0;
    }
    let at = |needle: &[u8]| memmem::find(text, needle).map_or(text.len(), |n| n + 1);
    at(b"\n+").min(at(b"\n-"))
}

fn byte(text: &[u8], at: usize) -> Option<u8> {
    text.get(at).copied()
}

fn end_of_line(text: &[u8], from: usize) -> usize {
    let rest = text.get(from..).unwrap_or_default();
    memchr(b'\n', rest).map_or(text.len(), |n| from + n)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"bob:x:1:10:Bob:/:/bin/sh\nbobby:x:2:1:bob::\nx:bob:3\nada:x:12:\nbob:!:4";

    fn at(found: impl Iterator<Item = Range<usize>>) -> Vec<&'static str> {
        found
            .map(|range| std::str::from_utf8(&TEXT[range]).unwrap())
            .collect()
    }

    #[test]
    fn lines_are_found_by_their_whole_name_and_nothing_else() {
        assert_eq!(
            at(named(TEXT, "bob")),
            ["bob:x:1:10:Bob:/:/bin/sh", "bob:!:4"]
        );
        assert_eq!(at(named(TEXT, "bobby")), ["bobby:x:2:1:bob::"]);
        assert!(at(named(TEXT, "ob")).is_empty() && at(named(TEXT, "")).is_empty());
        assert!(at(named(b"", "bob")).is_empty());
    }

    #[test]
    fn lines_are_found_by_their_third_field_and_nothing_else() {
        assert_eq!(at(numbered(TEXT, 1)), ["bob:x:1:10:Bob:/:/bin/sh"]);
        assert_eq!(at(numbered(TEXT, 3)), ["x:bob:3"]);
        assert_eq!(at(numbered(TEXT, 4)), ["bob:!:4"]);
        assert_eq!(at(numbered(TEXT, 12)), ["ada:x:12:"]);
        assert!(at(numbered(TEXT, 10)).is_empty(), "a group is no number");
        let odd = b"a:x:0020000:\nb:x: +20000:\nc:x:120000:\nd:20000:1:\n20000";
        assert_eq!(numbered(odd, 20_000).count(), 2);
    }

    #[test]
    fn what_is_added_comes_before_the_lines_of_nis() {
        assert_eq!(before_nis(b"a:\nb+:\n"), 7);
        assert_eq!(before_nis(b"a:\n+::\n-x\n"), 3);
        assert_eq!(before_nis(b"a:\n-x\n+::\n"), 3);
        assert_eq!(before_nis(b"+::\n"), 0);
        assert_eq!(before_nis(b""), 0);
    }
}
