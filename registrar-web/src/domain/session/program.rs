//! What a browser is, out of all that it calls itself.

use super::Device;

/// What stands in a `User-Agent`, and whose it is. The first that is found counts: most browsers name
/// others as well, to be taken for them.
const PROGRAMS: [(&str, &str); 12] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Lynx/", "Lynx"),
    ("w3m/", "w3m"),
    ("curl/", "curl"),
];

/// The same for what they run on.
const SYSTEMS: [(&str, &str); 10] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("Linux", "Linux"),
    ("X11", "X11"),
];

impl Device {
    /// Its name in short, such as `Firefox, Linux`, for lists that people read; all of what it calls
    /// itself where that is no browser that is known. A claim of the client, as the whole is.
    #[must_use]
    pub fn short(&self) -> String {
        let text = self.as_str();
        let find = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(part, _)| text.contains(part));
            found.map(|(_, name)| *name)
        };
        match (find(&PROGRAMS), find(&SYSTEMS)) {
            (Some(program), Some(system)) => format!("{program}, {system}"),
            (Some(program), None) => program.to_owned(),
            (None, _) => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_they_name_each_other() {
        for (agent, short) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox, Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36 Edg/148.0.0.0",
                "Edge, Windows",
            ),
            (
                "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36",
                "Chrome, Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                "Safari, iPhone",
            ),
            ("Lynx/2.9.0 libwww-FM/2.14", "Lynx"),
            ("w3m/0.5.3+git20230121", "w3m"),
        ] {
            assert_eq!(Device::clean(agent).short(), short);
        }
    }

    #[test]
    fn another_program_keeps_all_of_its_name() {
        for name in ["", "my-script 3 on Linux"] {
            assert_eq!(Device::clean(name).short(), name);
        }
    }
}
