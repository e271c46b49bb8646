/// The longest path that a login leads back to.
const LONGEST: usize = 1024;

/// A path of this site, with its query: where a login leads. Nothing that a browser would take for
/// another site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct OwnPath(String);

impl OwnPath {
    /// Parses it; `None` for an address, a path that begins with two slashes, and whatever browsers
    /// read as such.
    pub(in crate::http) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('/')?;
        // Browsers read `\` as `/`, and leave tabs and line breaks out.
        let is_plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
        let is_own = is_plain && !rest.starts_with('/') && text.len() <= LONGEST;
        is_own.then(|| Self(text.to_owned()))
    }

    /// The text.
    pub(in crate::http) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_taken() {
        for path in ["/", "/account", "/admin/queue?limit=5&after=x%2Fy", "/a//b"] {
            assert_eq!(OwnPath::parse(path).map(|p| p.0).as_deref(), Some(path));
        }
        let long = format!("/{}", "a".repeat(2000));
        for bad in [
            "",
            "account",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "https://evil.example",
            "javascript:alert(1)",
            " /account",
            "/a b",
            "/\u{e4}",
            &long,
        ] {
            assert_eq!(OwnPath::parse(bad), None, "{bad}");
        }
    }
}
