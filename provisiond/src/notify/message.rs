//! What the notices say.

use provision_api::Username;

use crate::home::MailDomain;

/// Something that happened to an account and that its owner has to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The host password was replaced.
    PasswordChanged,
    /// The keys that the registrar keeps were replaced.
    SshKeysChanged {
        /// How many there are now.
        count: usize,
    },
    /// Nothing happened yet: the first message, left when it is proven that the mailbox works.
    Greeting,
}

impl Notice {
    /// The message (RFC 5322), marked as one that nobody should answer automatically (RFC 3834).
    pub(crate) fn message(self, to: &Username, domain: &MailDomain, now: i64) -> String {
        let domain = domain.as_str();
        let date = Date::of(now);
        let (subject, id, text) = match self {
            Self::PasswordChanged => change(to, domain, &date, "password", ""),
            Self::SshKeysChanged { count } => {
                let now_there = format!("Keys that are kept for you now: {count}\n");
                change(to, domain, &date, "SSH keys", &now_there)
            }
            Self::Greeting => greeting(to, domain),
        };
        format!(
            "From: \"Account service\" <postmaster@{domain}>\n\
             To: {to}@{domain}\n\
             Subject: {subject}\n\
             Date: {mail}\n\
             Message-ID: <{now}.{id}.{to}@{domain}>\n\
             Auto-Submitted: auto-generated\n\
             MIME-Version: 1.0\n\
             Content-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 7bit\n\
             \n\
             Hello {to},\n\
             \n\
             {text}",
            mail = date.in_mail(),
        )
    }
}

/// Subject, a part of the Message-ID, and text.
fn change(
    to: &Username,
    domain: &str,
    date: &Date,
    what: &str,
    now_there: &str,
) -> (String, String, String) {
    let text = format!(
        "the {what} of your account on {domain} changed.\n\
         \n\
         When: {plain} UTC\n\
         How:  through the registration service of this host\n\
         From: this host can't tell from which place it was asked for\n\
         {now_there}\
         \n\
         If that was you, there is nothing to do.\n\
         \n\
         If it was not you, somebody else may be able to use your account:\n\
         \n\
         1. Write to postmaster@{domain} at once,\n\
         \x20  or ask an admin to suspend the account.\n\
         2. While you can still log in, look at what is yours: `last {to}`,\n\
         \x20  ~/.ssh/authorized_keys, and the keys in your account on the web.\n\
         3. Set a new password with `passwd`.\n\
         \n\
         The host itself put this message into your mailbox, not the web page.\n",
        plain = date.plain(),
    );
    let id = what.to_ascii_lowercase().replace(' ', "-");
    (format!("Your {what} changed"), id, text)
}

fn greeting(to: &Username, domain: &str) -> (String, String, String) {
    let text = format!(
        "this is your mailbox. Mail to {to}@{domain}\n\
         arrives here.\n\
         \n\
         Type `neomutt` to read it:\n\
         \n\
         \x20  Enter  opens a message\n\
         \x20  q      goes back, and out\n\
         \x20  m      writes a message\n\
         \x20  r      answers one\n\
         \x20  d      deletes one\n\
         \x20  ?      shows every key\n\
         \n\
         How neomutt looks and behaves is written in ~/.neomuttrc, which is yours\n\
         to change; so is the mail itself, in ~/Maildir.\n\
         \n\
         Something does not work, or you are lost? Write to\n\
         postmaster@{domain}: people read that.\n\
         \n\
         The host put this message here to see that your mailbox works. You can\n\
         delete it.\n",
    );
    ("This is your mailbox".into(), "greeting".into(), text)
}

/// A time in UTC, for people and for headers.
struct Date {
    year: i64,
    month: i64,
    day: i64,
    weekday: i64,
    second: i64,
}

impl Date {
    /// Days to a date of the Gregorian calendar, counted in eras of 400 years that start in March.
    fn of(unix: i64) -> Self {
        let days = unix.div_euclid(86_400);
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: of_year - (153 * from_march + 2) / 5 + 1,
            weekday: (days + 4).rem_euclid(7),
            second: unix.rem_euclid(86_400),
        }
    }

    fn time(&self) -> String {
        let s = self.second;
        format!("{:02}:{:02}:{:02}", s / 3_600, s / 60 % 60, s % 60)
    }

    /// RFC 5322 section 3.3.
    fn in_mail(&self) -> String {
        let pick = |names: &'static str, n: i64| {
            usize::try_from(n)
                .ok()
                .and_then(|n| names.split(' ').nth(n))
                .unwrap_or_default()
        };
        let weekday = pick("Sun Mon Tue Wed Thu Fri Sat", self.weekday);
        let month = pick(
            "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
            self.month - 1,
        );
        format!(
            "{weekday}, {:02} {month} {} {} +0000",
            self.day,
            self.year,
            self.time()
        )
    }

    fn plain(&self) -> String {
        format!(
            "{}-{:02}-{:02} {}",
            self.year,
            self.month,
            self.day,
            self.time()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_date_1() {
        for unix in [0, 951_782_400, 1_709_210_096, 1_763_700_000, 4_102_444_799] {
            let date = |format: &str| {
                let output = std::process::Command::new("/bin/date")
                    .args(["-u", &format!("-d@{unix}"), format])
                    .env("LC_ALL", "C")
                    .output()
                    .unwrap();
                String::from_utf8(output.stdout).unwrap().trim().to_owned()
            };
            assert_eq!(Date::of(unix).in_mail(), date("+%a, %d %b %Y %T +0000"));
            assert_eq!(Date::of(unix).plain(), date("+%Y-%m-%d %T"));
        }
    }

    #[test]
    fn a_notice_says_what_when_and_what_to_do() {
        let (to, domain) = (
            Username::parse("ada").unwrap(),
            MailDomain::parse("t.example").unwrap(),
        );
        let text = Notice::SshKeysChanged { count: 3 }.message(&to, &domain, 1_709_210_096);
        for part in [
            "To: ada@t.example\n",
            "Subject: Your SSH keys changed\n",
            "Date: Thu, 29 Feb 2024 12:34:56 +0000\n",
            "When: 2024-02-29 12:34:56 UTC",
            "now: 3\n",
            "postmaster@t.example",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        let greeting = Notice::Greeting.message(&to, &domain, 1_709_210_096);
        for part in ["ada@t.example", "`neomutt`", "postmaster@t.example"] {
            assert!(greeting.contains(part), "{part} is missing in\n{greeting}");
        }
        for text in [text, greeting] {
            assert!(text.is_ascii());
            assert!(text.lines().all(|line| line.len() <= 78));
        }
    }
}
