//! Places where a test ends this process as a power cut would: by SIGKILL, at once.
//!
//! There is one before and one after each effect on the host, and in the middle of those that have
//! a middle. `PROVISIOND_CRASH_AT=POINT` names the one to die at, `POINT#3` its third pass;
//! `PROVISIOND_CRASH_LOG=FILE` gets a line for each point that is passed. Without the cargo feature
//! `crash-points`, which no package is built with, all of this is nothing. `tests/crash` drives it.

#[cfg(all(feature = "crash-points", not(debug_assertions)))]
compile_error!("crash points are for tests: a release is built without the feature `crash-points`");

/// All points, in about the order in which an account's life passes them.
pub const POINTS: &[&str] = &[
    // The journal, at each event.
    "journal.append.before",
    "journal.append.written",
    "journal.append.synced",
    // The journal, when it has grown long.
    "journal.rewrite.before",
    "journal.rewrite.written",
    "journal.rewrite.synced",
    "journal.rewrite.renamed",
    "journal.rewrite.after",
    // At the start, and between the last effect and the answer.
    "start.recovered",
    "answer.before",
    // The mail maps of refusals, each of the two.
    "postfix.map.before",
    "postfix.map.drafted",
    "postfix.map.compiled",
    "postfix.map.text-renamed",
    "postfix.map.renamed",
    "postfix.map.after",
    // Any file that is replaced: draft of the mail map, key file, .neomuttrc.
    "file.replace.written",
    "file.replace.renamed",
    // The account database.
    "tool.groupadd.before",
    "tool.groupadd.after",
    "tool.useradd.before",
    "tool.useradd.after",
    "tool.chpasswd.before",
    "tool.chpasswd.after",
    "tool.usermod.before",
    "tool.usermod.after",
    "tool.userdel.before",
    "tool.userdel.after",
    "tool.groupdel.before",
    "tool.groupdel.after",
    "tool.gpasswd.before",
    "tool.gpasswd.after",
    // The same, by `accounts.writer = "direct"`.
    "direct.lock.before",
    "direct.lock.all",
    "direct.lock.named",
    "direct.lock.one",
    "direct.lock.after",
    "direct.half-written",
    "direct.written",
    "direct.drawn-up",
    "direct.place.before",
    "direct.place.exchanged",
    "direct.place.after",
    "direct.synced",
    "direct.unlocked",
    // Running processes.
    "processes.end.before",
    "processes.end.after",
    // The home.
    "home.stage.before",
    "home.stage.made",
    "home.stage.copied",
    "home.stage.after",
    "home.mail.before",
    "home.mail.maildir",
    "home.mail.after",
    "home.publish.before",
    "home.publish.owned",
    "home.publish.synced",
    "home.publish.renamed",
    "home.publish.after",
    "home.discard.before",
    "home.discard.taken",
    "home.discard.after",
    "home.withdraw.before",
    "home.withdraw.renamed",
    "home.withdraw.after",
    "home.hold.before",
    "home.hold.renamed",
    "home.hold.after",
    "home.put-back.before",
    "home.put-back.after",
    "home.delete-held.before",
    "home.delete-held.taken",
    "home.delete-held.after",
    "home.restore.staged",
    "home.restore.before",
    "home.restore.synced",
    "home.restore.after",
    // The directory that a group shares.
    "shared.make.before",
    "shared.make.made",
    "shared.make.owned",
    "shared.renamed",
    "shared.make.after",
    "shared.unmake.before",
    "shared.unmake.after",
    "shared.set-aside.before",
    "shared.set-aside.after",
    "shared.bring-back.before",
    "shared.bring-back.after",
    "shared.delete.before",
    "shared.delete.taken",
    "shared.delete.after",
    // The store of packed homes.
    "archive.delete.before",
    "archive.delete.one",
    "archive.delete.after",
    "archive.pack.before",
    "archive.pack.made",
    "archive.pack.written",
    "archive.pack.synced",
    "archive.pack.compared",
    "archive.pack.renamed",
    "archive.pack.after",
    "archive.unpack.before",
    "archive.unpack.extracted",
    "archive.unpack.after",
    // What would be started in a suspended member's name.
    "jobs.move.before",
    "jobs.move.renamed",
    "jobs.move.copied",
    "jobs.move.placed",
    "jobs.move.after",
    "jobs.delete.before",
    "jobs.delete.one",
    "jobs.delete.after",
    // Keys that came over the web.
    "keys.write.before",
    "keys.write.after",
    "keys.remove.before",
    "keys.remove.after",
    // What the owner is told.
    "notice.before",
    "notice.after",
    // The greeting that is left when it is proven that the owner can read mail.
    "proof.mailbox.before",
    "proof.mailbox.after",
];

/// Ends the process if a test asked for it to end here.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn at(_point: &str) {}

/// Ends the process if a test asked for it to end before or after (`moment`) a run of this tool.
#[cfg(not(feature = "crash-points"))]
#[inline(always)]
pub fn at_tool(_tool: &str, _moment: &str) {}

#[cfg(feature = "crash-points")]
pub use armed::{at, at_tool};

#[cfg(feature = "crash-points")]
mod armed {
    use std::collections::HashMap;
    use std::fs::OpenOptions;
    use std::io::Write;
    use std::sync::{LazyLock, Mutex, PoisonError};

    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;

    /// Where to die, and at which pass.
    static TARGET: LazyLock<Option<(String, usize)>> = LazyLock::new(|| {
        let target = std::env::var("PROVISIOND_CRASH_AT").ok()?;
        Some(match target.split_once('#') {
            Some((point, pass)) => (point.to_owned(), pass.parse().unwrap_or(1)),
            None => (target, 1),
        })
    });
    static LOG: LazyLock<Option<String>> =
        LazyLock::new(|| std::env::var("PROVISIOND_CRASH_LOG").ok());
    static PASSES: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

    /// Ends the process if a test asked for it to end here.
    pub fn at(point: &str) {
        if TARGET.is_none() && LOG.is_none() {
            return;
        }
        let pass = {
            let mut passes = PASSES.lock().unwrap_or_else(PoisonError::into_inner);
            let pass = passes.entry(point.to_owned()).or_default();
            *pass += 1;
            *pass
        };
        if let Some(log) = LOG.as_ref() {
            let file = OpenOptions::new().create(true).append(true).open(log);
            // In one write, as threads write at once. A record that is missing is missed by the test.
            let line = format!("{point}#{pass}\n");
            let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
        }
        if matches!(TARGET.as_ref(), Some((name, at)) if name == point && *at == pass) {
            let _ = writeln!(std::io::stderr(), "crash point {point}#{pass}");
            let _ = kill(Pid::this(), Signal::SIGKILL);
            loop {
                std::thread::park();
            }
        }
    }

    /// Ends the process if a test asked for it to end before or after a run of this tool.
    pub fn at_tool(tool: &str, moment: &str) {
        let name = tool.rsplit('/').next().unwrap_or(tool);
        at(&format!("tool.{name}.{moment}"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::POINTS;

    /// The points that the sources name.
    fn named_in(directory: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                named_in(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for call in text.split("crash_point::at(\"").skip(1) {
                found.insert(call.split('"').next().unwrap().to_owned());
            }
        }
    }

    #[test]
    fn the_list_names_every_point_of_the_sources_and_no_other() {
        let mut found = BTreeSet::new();
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        named_in(&sources, &mut found);
        found.retain(|point| !point.is_empty());
        let of_tools = |point: &&&str| point.starts_with("tool.");
        let listed: BTreeSet<String> = POINTS
            .iter()
            .filter(|point| !of_tools(point))
            .map(|point| (*point).to_owned())
            .collect();
        assert_eq!(found, listed);
        assert_eq!(
            POINTS.iter().filter(of_tools).count(),
            2 * crate::accounts::ShadowUtils::TOOLS.len()
        );
    }
}
