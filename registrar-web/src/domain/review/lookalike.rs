//! Names and domains that are easily taken for others.

use std::collections::BTreeSet;

/// Spellings that look the same, or nearly, in the fonts of terminals and mail programs. Each is
/// looked for both ways.
const ALIKE: &[(&str, &str)] = &[
    ("0", "o"),
    ("1", "l"),
    ("1", "i"),
    ("i", "l"),
    ("3", "e"),
    ("4", "a"),
    ("5", "s"),
    ("7", "t"),
    ("8", "b"),
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("nn", "m"),
    ("-", ""),
];

/// Other spellings of a name that it may be taken for: with one of the changes above, with a hyphen
/// put in, then with two of the changes. At most `most` of them.
#[must_use]
pub fn spellings(name: &str, most: usize) -> Vec<String> {
    let mut seen = BTreeSet::from([name.to_owned()]);
    let mut found: Vec<String> = Vec::new();
    let mut take = |all: Vec<String>| {
        for one in all {
            if found.len() < most && seen.insert(one.clone()) {
                found.push(one);
            }
        }
        found.clone()
    };
    let once = take(changed_once(name));
    take(hyphened(name));
    take(once.iter().flat_map(|from| changed_once(from)).collect())
}

fn hyphened(name: &str) -> Vec<String> {
    let parts = (1..name.len()).filter_map(|at| name.split_at_checked(at));
    let names = parts.map(|(head, tail)| format!("{head}-{tail}"));
    names.filter(|n| !n.contains("--")).collect()
}

fn changed_once(name: &str) -> Vec<String> {
    let both = ALIKE.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)]);
    let mut changed = Vec::new();
    for (from, to) in both.filter(|(from, _)| !from.is_empty()) {
        for (at, _) in name.match_indices(from) {
            let (head, tail) = (name.get(..at), name.get(at + from.len()..));
            if let (Some(head), Some(tail)) = (head, tail) {
                changed.push(format!("{head}{to}{tail}"));
            }
        }
        // All at once: `g00gle`.
        changed.push(name.replace(from, to));
    }
    changed
}

/// The shortest domain for which one wrong letter is told; among shorter ones neighbours are usual.
const SHORTEST: usize = 8;

/// Whether a domain is another one than `known` and may be taken for it: one letter too many, too
/// few, another one, or two swapped; or a spelling that looks the same.
#[must_use]
pub(super) fn looks_like_domain(domain: &str, known: &str) -> bool {
    if domain == known {
        return false;
    }
    known.len() >= SHORTEST && is_one_slip_away(domain.as_bytes(), known.as_bytes())
        || skeleton(domain) == skeleton(known)
}

/// One spelling for all that look alike.
fn skeleton(text: &str) -> String {
    let mut text = text.to_owned();
    // Sequences before the letters that they are made of.
    for (from, to) in [
        ("rn", "m"),
        ("nn", "m"),
        ("vv", "w"),
        ("cl", "d"),
        ("-", ""),
    ] {
        text = text.replace(from, to);
    }
    let letter = |c| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        '8' => 'b',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// Whether one slip of the fingers makes one of the other.
fn is_one_slip_away(a: &[u8], b: &[u8]) -> bool {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a.get(same..).unwrap_or(&[]), b.get(same..).unwrap_or(&[]));
    match (rest_a, rest_b) {
        ([_, more @ ..], all) if more == all => true,
        (all, [_, more @ ..]) if more == all => true,
        ([_, x @ ..], [_, y @ ..]) if x == y => true,
        ([a, b, x @ ..], [c, d, y @ ..]) => a == d && b == c && x == y,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_spellings_that_people_mistake_it_for() {
        for (name, other) in [
            ("adm1n", "admin"),
            ("g00gle", "google"),
            ("rnary", "mary"),
            ("mary", "rnary"),
            ("ada-lovelace", "adalovelace"),
            ("adalovelace", "ada-lovelace"),
            ("a1i", "all"),
        ] {
            let found = spellings(name, 96);
            assert!(found.iter().any(|s| s == other), "{name}: {found:?}");
            assert!(!found.iter().any(|s| s == name));
        }
    }

    #[test]
    fn spellings_of_the_longest_name_are_bounded() {
        assert_eq!(spellings("liliiliillililiilliliilliliillil", 96).len(), 96);
        assert_eq!(spellings("", 96), Vec::<String>::new());
    }

    #[test]
    fn a_slip_in_a_known_domain_is_seen_and_its_neighbours_are_left_alone() {
        for slip in [
            "gmial.com",
            "gmai.com",
            "gmaill.com",
            "grnail.com",
            "gmall.com",
            "qmail.com",
        ] {
            assert!(looks_like_domain(slip, "gmail.com"), "{slip}");
        }
        for other in ["gmail.com", "example.org", "mail.com", "mygmail.org"] {
            let is_alike = looks_like_domain(other, "gmail.com");
            assert_eq!(is_alike, other == "mail.com", "{other}");
        }
        assert!(!looks_like_domain("gmx.at", "gmx.de"));
        assert!(!looks_like_domain("web.dk", "web.de"));
    }
}
