//! Whether the owner of an account can get in and read mail: the proof that comes before the
//! letter of welcome ([decision 25](../../../docs/decisions/0025-first-login-proof.md)).
//!
//! sshd and ssh-keygen are asked as root, about root's files alone. The mailbox and `.neomuttrc`
//! belong to a member who may have changed them since: what is done there runs as the member
//! ([`inside`]), by this program alone, and nothing that the files say is done.

mod inside;
mod login;
mod sshd;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use provision_api::{Finding, LoginProof, Username, Verdict};

pub use inside::prove_main;

use crate::home::{Ids, MailDomain};
use crate::member::MemberRun;
use crate::notify::Notice;
use crate::{crash_point, pulse};

/// The first argument of a run that is to look at a member's mailbox or `.neomuttrc`.
pub const PROVE: &str = "prove";
const NEOMUTT: &str = "/usr/bin/neomutt";
/// How long each of the two may take; well-meaning ones take milliseconds.
const DEADLINE: Duration = Duration::from_secs(8);
/// The longest detail.
const LONGEST: usize = 240;

/// What is known of the account.
pub(crate) struct Way<'a> {
    pub(crate) username: &'a Username,
    pub(crate) ids: Ids,
    pub(crate) home: &'a Path,
    pub(crate) shell: &'a str,
    pub(crate) groups: &'a [String],
    pub(crate) key_file: &'a Path,
    /// As they stand in the key file.
    pub(crate) ssh_keys: &'a [String],
    pub(crate) has_password: bool,
    pub(crate) is_expired: bool,
    /// When it was activated: names the greeting, so that there is one.
    pub(crate) activated_at: i64,
    /// Whether the greeting was left before.
    pub(crate) is_greeted: bool,
    /// `.neomuttrc` as provisiond wrote it.
    pub(crate) neomuttrc: &'a str,
}

/// Makes proofs.
#[derive(Clone, Debug)]
pub(crate) struct Prover {
    domain: MailDomain,
    run: MemberRun,
}

impl Prover {
    /// With addresses in `domain`.
    pub(crate) fn new(domain: MailDomain) -> Self {
        let run = MemberRun::new(DEADLINE);
        Self { domain, run }
    }

    /// Tries everything; `now` is in seconds since the epoch.
    pub(crate) fn prove(&self, way: &Way<'_>, now: i64) -> LoginProof {
        pulse::beat();
        let login = found(login::prove(way));
        pulse::beat();
        crash_point::at("proof.mailbox.before");
        let mailbox = found(self.mailbox(way, now));
        crash_point::at("proof.mailbox.after");
        pulse::beat();
        let neomutt = self.neomutt(way);
        pulse::beat();
        LoginProof {
            login,
            mailbox,
            neomutt,
        }
    }

    /// A message goes through the Maildir: the greeting the first time, later one that nobody sees.
    fn mailbox(&self, way: &Way<'_>, now: i64) -> Result<String, String> {
        let text = Notice::Greeting.message(way.username, &self.domain, now);
        let name = format!("{}.greeting.{}", way.activated_at, self.domain.as_str());
        let kind = if way.is_greeted { "again" } else { "first" };
        let arguments = [PROVE, "mailbox", kind].map(OsStr::new);
        let arguments = [
            &arguments,
            &[way.home.as_os_str(), OsStr::new(&name)] as &[&OsStr],
        ]
        .concat();
        let ran = self.run.run(&arguments, text.as_bytes(), way.ids);
        let ended = ran.map_err(|e| e.to_string())?;
        match (ended.status.success(), ended.said()) {
            (true, _) if way.is_greeted => Ok("a message went through the Maildir".into()),
            (true, _) => Ok("the greeting was put into the Maildir and read back".into()),
            (false, why) if why.is_empty() => Err(ended.status.to_string()),
            (false, why) => Err(why),
        }
    }

    /// Whether neomutt reads what provisiond writes into `.neomuttrc`. A file that its owner has changed is
    /// the owner's: nothing of it is run here, where it would run in provisiond's own sandbox and cgroup
    /// (neomutt has Lua, and starts programs).
    fn neomutt(&self, way: &Way<'_>) -> Finding {
        if !Path::new(NEOMUTT).exists() {
            return found(Err(format!("{NEOMUTT} is missing")));
        }
        let arguments = [PROVE, "unchanged"].map(OsStr::new);
        let arguments = [&arguments, &[way.home.as_os_str()] as &[&OsStr]].concat();
        match self.run.run(&arguments, way.neomuttrc.as_bytes(), way.ids) {
            Ok(ended) if ended.status.code() == Some(inside::NO_FILE) => {
                not_applicable("there is no ~/.neomuttrc any more")
            }
            Ok(ended) if ended.status.code() == Some(inside::CHANGED) => {
                not_applicable("~/.neomuttrc is not as it was made any more")
            }
            Ok(ended) if ended.status.success() => self.reads(way),
            Ok(ended) => found(Err(ended.said())),
            Err(e) => found(Err(e.to_string())),
        }
    }

    /// Has neomutt read that text, as the member, whose mailboxes it looks for.
    fn reads(&self, way: &Way<'_>) -> Finding {
        let arguments = [PROVE, "neomutt", NEOMUTT].map(OsStr::new);
        let arguments = [&arguments, &[way.home.as_os_str()] as &[&OsStr]].concat();
        let ended = match self.run.run(&arguments, way.neomuttrc.as_bytes(), way.ids) {
            Ok(ended) => ended,
            Err(e) => return found(Err(e.to_string())),
        };
        let text = String::from_utf8_lossy(&ended.complaint).into_owned();
        let is_well = ended.status.success() || is_a_quiet_end(ended.status.code(), &text);
        let ended = match (ended.is_cut, is_well) {
            (true, _) => Err("it complains without end".to_owned()),
            (false, true) => Ok(()),
            (false, false) => Err(ended.said()),
        };
        of_neomutt(&text, ended)
    }
}

/// Some versions (20250510 of Debian 13) end with 1 whenever they have printed their settings. That gpg can't
/// be started here is said by gpgme, and no fault of the file.
fn is_a_quiet_end(code: Option<i32>, text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    code == Some(1) && lines.all(|line| line.starts_with("GPGME: "))
}

/// neomutt ends alike whatever stands in the file; what is wrong it writes, line by line: `Error in FILE,
/// line 3: …` or, later versions, `FILE:3: …`.
fn of_neomutt(text: &str, ended: Result<(), String>) -> Finding {
    let is_error = |line: &&str| {
        let starts = ["Error in ", inside::ITS_STDIN, "source: "];
        starts.iter().any(|start| line.starts_with(start))
    };
    let complaint = text.lines().find(is_error).map(str::to_owned);
    let Some(why) = complaint.or(ended.err()) else {
        return found(Ok("it reads ~/.neomuttrc without complaint".into()));
    };
    if text.lines().any(|line| line == inside::STARTS_PROGRAMS) {
        return not_applicable("~/.neomuttrc starts programs, which is not done here");
    }
    let why = why.replace(inside::ITS_STDIN, "~/.neomuttrc");
    found(Err(if why.is_empty() {
        "it ended without a word".into()
    } else {
        why
    }))
}

fn not_applicable(why: &str) -> Finding {
    Finding {
        verdict: Verdict::NotApplicable,
        detail: why.into(),
    }
}

fn found(result: Result<String, String>) -> Finding {
    let (verdict, detail) = match result {
        Ok(detail) => (Verdict::Ok, detail),
        Err(detail) => (Verdict::Failed, detail),
    };
    Finding {
        verdict,
        detail: short(&detail),
    }
}

/// One printable line of a length that fits everywhere. A member may have written it.
fn short(text: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_graphic() || c.is_alphanumeric() {
            c
        } else {
            ' '
        }
    };
    text.trim().chars().map(safe).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neomutt_writes_decides_although_it_ends_well() {
        let fine = of_neomutt("GPGME: OpenPGP protocol not available\n", Ok(()));
        assert_eq!(fine.verdict, Verdict::Ok);
        let text = "Error in /proc/self/fd/0, line 3: foo: unknown command\nsource: errors in x\n";
        let wrong = of_neomutt(text, Ok(()));
        assert_eq!(wrong.verdict, Verdict::Failed);
        assert_eq!(
            wrong.detail,
            "Error in ~/.neomuttrc, line 3: foo: unknown command"
        );
        let later = "/proc/self/fd/0:1: Can't use prefix\nsource: 1 warning in /proc/self/fd/0\n";
        let wrong = of_neomutt(later, Ok(()));
        assert_eq!(wrong.verdict, Verdict::Failed);
        assert_eq!(wrong.detail, "~/.neomuttrc:1: Can't use prefix");
        let killed = of_neomutt("", Err("signal: 9".into()));
        assert_eq!(killed.verdict, Verdict::Failed);
        let starts = format!("{}\n{text}", inside::STARTS_PROGRAMS);
        let not_here = of_neomutt(&starts, Ok(()));
        assert_eq!(not_here.verdict, Verdict::NotApplicable);
    }

    #[test]
    fn an_end_that_says_nothing_of_the_file_is_none_for_the_worse() {
        let gpgme = "GPGME: OpenPGP protocol not available\nGPGME: CMS protocol not available\n";
        assert!(is_a_quiet_end(Some(1), gpgme) && is_a_quiet_end(Some(1), ""));
        let lost = "unable to determine username\n";
        assert!(!is_a_quiet_end(Some(1), lost));
        assert!(!is_a_quiet_end(Some(2), "") && !is_a_quiet_end(None, ""));
    }

    #[test]
    fn a_detail_is_short_and_can_steer_no_terminal() {
        let evil = format!("a\u{1b}[31m\u{202e}b\nc{}", "x".repeat(1_000));
        let shown = short(&evil);
        assert!(shown.starts_with("a [31m b c") && shown.chars().count() == LONGEST);
    }
}
