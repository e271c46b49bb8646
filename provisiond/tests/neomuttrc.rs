//! `.neomuttrc` as the real NeoMutt reads it.
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use provisiond::home::Template;
use support::homes::{IDS, add_mail_files, entries, homes, name, registration};
use support::private_host::{has_program, private_host};

/// What NeoMutt says of a setting, with its quoting undone.
fn neomutt(setting: &str) -> String {
    let output = Command::new("/usr/bin/neomutt")
        .args(["-F", "/home/ada/.neomuttrc", "-Q", setting])
        .env_clear()
        .env("HOME", "/home/ada")
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .current_dir("/home/ada")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && complaint.is_empty(),
        "{setting}: {complaint}"
    );
    let line = String::from_utf8(output.stdout).unwrap();
    let value = line.trim_end().split_once(" = ").unwrap().1;
    let value = value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value);
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap() } else { c });
    }
    plain
}

#[test]
fn display_names_come_out_of_neomutt_harmless_and_true() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        for (n, display_name) in (1..).zip([
            "Ada Lovelace",
            "`touch /home/ran`",
            "$(touch /home/ran) ${HOME} $HOME",
            "O'Hara '`touch /home/ran`' \"quoted\" 'x",
            "back\\slash \\' \\\" \\",
            "a # b ; c ; set from = evil@example",
            "Zoë 🧑‍🚀 李",
            "{{address}} %s $from $my_x ^G",
        ]) {
            let homes = homes(host);
            homes.stage(registration(n), IDS).unwrap();
            add_mail_files(&homes, n, display_name).unwrap();
            homes.publish(registration(n), &name("ada"), IDS).unwrap();
            assert_eq!(neomutt("real_name"), display_name);
            assert_eq!(neomutt("from"), "ada@tilde.example");
            assert_eq!(neomutt("hostname"), "tilde.example");
            assert_eq!(neomutt("spool_file"), "/home/ada/Maildir");
            assert!(
                !Path::new("/home/ran").exists(),
                "{display_name} ran a command"
            );
            homes.withdraw(&name("ada"), IDS, registration(n)).unwrap();
            homes.delete_leftovers(registration(n)).unwrap();
            fs::remove_dir_all("/etc/test-skel").unwrap();
        }
    });
}

#[test]
fn a_mail_written_with_neomutt_carries_name_and_address() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        let homes = homes(host);
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Zoë \"Z\" `id`").unwrap();
        homes.publish(registration(1), &name("ada"), IDS).unwrap();
        host.file(
            "/home/sendmail",
            "#!/bin/sh\necho \"$@\" > /home/args; cat > /home/sent\n",
            0o755,
        );
        let script = "echo hi | neomutt -F .neomuttrc -e 'set sendmail=/home/sendmail' -s Test -- bob@tilde.example";
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .env_clear()
            .env("HOME", "/home/ada")
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/home/ada")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let sent = fs::read_to_string("/home/sent").unwrap();
        let from = sent
            .lines()
            .find(|line| line.starts_with("From: "))
            .unwrap();
        assert!(from.ends_with("<ada@tilde.example>"), "{from}");
        assert!(
            from.contains("=?utf-8?") && !from.contains("uid="),
            "{from}"
        );
        assert!(
            fs::read_to_string("/home/args")
                .unwrap()
                .contains("-f ada@tilde.example")
        );
        assert_eq!(entries("/home/ada/Maildir/.Sent/cur"), 1, "a copy is kept");
    });
}

#[test]
fn an_admins_template_is_used_and_a_bad_one_told_with_file_and_line() {
    private_host(|host| {
        let file = host.file(
            "/etc/mine.template",
            "set real_name = {{realname}}\n",
            0o644,
        );
        let homes = homes(host).with_neomuttrc(Template::read(&file).unwrap());
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        homes.publish(registration(1), &name("ada"), IDS).unwrap();
        let text = fs::read_to_string("/home/ada/.neomuttrc").unwrap();
        assert_eq!(text, "set real_name = 'Ada'\n");
        host.file(&file, "\nset from = {{adress}}\n", 0o644);
        let why = Template::read(&file).unwrap_err().to_string();
        assert!(why.starts_with("/etc/mine.template: line 2"), "{why}");
    });
}
