//! The walk through the form: what is asked, what is sent, how mistakes are mended.

mod support;

use registrar_join::terminal::Ended;
use serde_json::{Value, json};
use support::*;

const REGISTER: &str = "auth/register";
const STATUS: &str = "auth/status/registration/ada";

/// A form that is filled in well, and what is typed from the confirmation on.
fn filled_in(then: &[&str]) -> Vec<Do> {
    lines(&[&GOOD, then].concat())
}

/// A service at which the registration is done at once.
fn quick() -> Table {
    let table = Table::open();
    table.on(STATUS, 200, done());
    table
}

#[test]
fn a_form_that_is_filled_in_and_confirmed_is_sent_once_as_it_was_typed() {
    let table = quick();
    let walked = walk_through(&table, filled_in(&["yes"]));
    assert!(walked.ended_well);
    let want = json!({"username": "ada", "displayName": "Ada Lovelace",
                      "personalEmail": "ada@example.org", "password": PASSWORD});
    assert_eq!(table.sent(REGISTER), [want]);
    assert!(
        walked
            .screen
            .contains("https://tilde.example/signup/status/ada")
    );
    assert!(
        walked.screen.ends_with("ssh ada@tilde.example\n"),
        "{}",
        walked.screen
    );
}

#[test]
fn a_password_is_never_shown() {
    let walked = walk_through(&quick(), filled_in(&["yes"]));
    assert!(!walked.screen.contains(PASSWORD));
    assert!(walked.screen.contains("4. Password: given, not shown"));
}

#[test]
fn a_display_name_keeps_its_letters() {
    let table = quick();
    let steps = [
        "ada",
        "Zoë 猫 🧑‍🚀",
        "ada@example.org",
        PASSWORD,
        PASSWORD,
        "",
        "yes",
    ];
    walk_through(&table, lines(&steps));
    assert_eq!(table.sent(REGISTER)[0]["displayName"], "Zoë 猫 🧑‍🚀");
}

#[test]
fn a_closed_host_says_so_and_asks_nothing() {
    let table = Table::default();
    let mut closed = form(&[]);
    closed["mode"] = "closed".into();
    closed["modeWords"] = "Registration is closed at the moment.".into();
    table.on("auth/register/form", 200, closed);
    let walked = walk_through(&table, Vec::new());
    assert!(!walked.ended_well);
    assert!(
        walked
            .screen
            .contains("Registration is closed at the moment.")
    );
    assert!(walked.screen.contains("https://tilde.example"));
}

#[test]
fn a_service_that_does_not_answer_is_told_without_a_question() {
    let walked = walk_through(&Table::default(), Vec::new());
    assert!(!walked.ended_well);
    assert!(walked.screen.contains("does not answer at the moment"));
}

#[test]
fn a_name_that_breaks_a_rule_or_is_taken_is_asked_for_again_at_once() {
    let table = quick();
    let taken = json!({"available": false, "message": "bob is not available: someone has it."});
    table.on("auth/status/check-username/bob", 200, taken);
    let mut steps = lines(&["Bob!", "bob"]);
    steps.extend(filled_in(&["yes"]));
    let walked = walk_through(&table, steps);
    assert!(walked.screen.contains("That can't be taken:"));
    assert!(
        walked
            .screen
            .contains("bob is not available: someone has it.")
    );
    assert_eq!(table.sent(REGISTER)[0]["username"], "ada");
    // What is no name is asked nobody.
    assert!(table.sent("auth/status/check-username/Bob!").is_empty());
}

#[test]
fn two_passwords_that_differ_are_asked_for_again() {
    let table = quick();
    let steps = [
        "ada",
        "",
        "ada@example.org",
        "one thing",
        "another",
        PASSWORD,
        PASSWORD,
        "",
        "yes",
    ];
    let walked = walk_through(&table, lines(&steps));
    assert!(walked.screen.contains("These two differ."));
    assert_eq!(table.sent(REGISTER)[0]["password"], PASSWORD);
    assert!(table.sent(REGISTER)[0].get("displayName").is_none());
}

#[test]
fn what_must_be_filled_in_is_and_a_question_mark_tells_the_rule() {
    let table = quick();
    let steps = [
        "",
        "?",
        "ada",
        "",
        "",
        "ada@example.org",
        "",
        PASSWORD,
        PASSWORD,
        "",
        "yes",
    ];
    let walked = walk_through(&table, lines(&steps));
    assert_eq!(
        walked
            .screen
            .matches("This one has to be filled in.")
            .count(),
        3
    );
    assert_eq!(walked.screen.matches("The rule of username.").count(), 2);
}

#[test]
fn a_line_that_is_too_long_or_unusable_is_asked_for_again() {
    let table = quick();
    let mut steps = vec![Do::Type("a".repeat(65)), Do::Garbage];
    steps.extend(filled_in(&["yes"]));
    let walked = walk_through(&table, steps);
    assert!(walked.screen.contains("more than 64 characters"));
    assert!(walked.screen.contains("control characters"));
}

#[test]
fn the_key_that_the_person_connected_with_is_offered_and_taken() {
    let table = quick();
    let visitor = visitor(&format!("publickey {ED}\n"));
    let steps = [
        "ada",
        "",
        "ada@example.org",
        PASSWORD,
        PASSWORD,
        "",
        "",
        "yes",
    ];
    let walked = walk_with(&table, &visitor, lines(&steps));
    assert!(
        walked
            .screen
            .contains("You connected with this Ed25519 key:\nSHA256:")
    );
    assert_eq!(table.sent(REGISTER)[0]["sshKeys"], json!([ED]));
}

#[test]
fn that_key_can_be_declined_and_another_pasted() {
    let table = quick();
    let visitor = visitor(&format!("publickey {ED}\n"));
    let other =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEVGj8mWbiJO6B43BBLujLYDMaRTAeweGzbjDHWCDdEg me@home";
    let steps = [
        "ada",
        "",
        "ada@example.org",
        PASSWORD,
        PASSWORD,
        "no",
        "garbage",
        other,
        other,
        "",
        "yes",
    ];
    let walked = walk_with(&table, &visitor, lines(&steps));
    assert!(walked.screen.contains("this kind of key is not known"));
    assert!(walked.screen.contains("That key is there already."));
    assert_eq!(table.sent(REGISTER)[0]["sshKeys"], json!([other]));
}

#[test]
fn the_rest_of_a_private_key_is_thrown_away_and_answers_no_other_question() {
    let steps = [
        "ada",
        "",
        "ada@example.org",
        PASSWORD,
        PASSWORD,
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "",
        "yes",
    ];
    let walked = walk_through(&quick(), lines(&steps));
    assert_eq!(walked.discarded, 1);
    assert!(walked.screen.contains("this is a private key"));
}

#[test]
fn a_host_without_passwords_asks_for_a_key_until_it_has_one() {
    let table = quick();
    let mut by_key = form(&[]);
    let fields = by_key["fields"].as_array_mut().unwrap();
    fields.retain(|f| f["name"] != "password");
    fields[3]["required"] = true.into();
    table.instead("auth/register/form");
    table.on("auth/register/form", 200, by_key);
    let walked = walk_through(
        &table,
        lines(&["ada", "", "ada@example.org", "", ED, "", "yes"]),
    );
    assert!(walked.screen.contains("entered by key alone"));
    let sent = &table.sent(REGISTER)[0];
    assert_eq!(sent["sshKeys"], json!([ED]));
    assert!(sent.get("password").is_none());
}

#[test]
fn fields_that_not_everybody_is_asked_for_are_asked_for_where_they_must_be_told() {
    let table = quick();
    let mut more = [
        field("country", "Country", "line", true),
        field("birthDate", "Birth", "date", false),
    ];
    for field in &mut more {
        field["isMain"] = false.into();
    }
    table.instead("auth/register/form");
    table.on("auth/register/form", 200, form(&more));
    let walked = walk_through(&table, filled_in(&["GB", "yes"]));
    assert_eq!(table.sent(REGISTER)[0]["country"], "GB");
    assert!(!walked.screen.contains("Birth"));
}

#[test]
fn an_invite_is_taken_as_link_or_token_and_looked_at_at_once() {
    let table = quick();
    table.instead("auth/register/form");
    table.on(
        "auth/register/form",
        200,
        form(&[field("inviteToken", "Invite", "line", true)]),
    );
    let open =
        json!({"state": "open", "inviter": {"username": "grace", "displayName": "Grace Hopper"}});
    table.on("invites/details/good-one", 200, open);
    table.on(
        "invites/details/old",
        200,
        json!({"state": "expired", "inviter": null}),
    );
    let link = "https://tilde.example/signup?invite=good-one";
    let walked = walk_through(&table, filled_in(&["a b", "old", link, "yes"]));
    assert!(walked.screen.contains("neither the link of an invite"));
    assert!(walked.screen.contains("it is expired"));
    assert!(walked.screen.contains("an invite from Grace Hopper"));
    assert_eq!(table.sent(REGISTER)[0]["inviteToken"], "good-one");
}

#[test]
fn any_line_can_be_changed_before_it_is_sent_and_nothing_is_sent_before_yes() {
    let table = quick();
    let walked = walk_through(
        &table,
        filled_in(&[
            "1", "grace", "2", "-", "3", "", "9", "maybe", "4", PASSWORD, PASSWORD, "yes",
        ]),
    );
    assert_eq!(
        walked.screen.matches("This is what will be sent:").count(),
        7
    );
    let sent = table.sent(REGISTER);
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0]["username"], "grace");
    assert_eq!(sent[0]["personalEmail"], "ada@example.org");
    assert!(sent[0].get("displayName").is_none());
}

#[test]
fn errors_of_the_service_lead_back_to_their_fields_with_its_words() {
    let table = quick();
    table.instead(REGISTER);
    let errors = [
        ("personalEmail", "an address has the form name@example.org"),
        ("password", "this password is easy to guess"),
    ];
    table.on(
        REGISTER,
        422,
        problem("invalid-fields", "Some fields have to be mended.", &errors),
    );
    table.on(REGISTER, 201, taken());
    let walked = walk_through(
        &table,
        filled_in(&[
            "yes",
            "ada@example.com",
            "another phrase of words",
            "another phrase of words",
            "yes",
        ]),
    );
    assert!(
        walked
            .screen
            .contains("Your e-mail address: an address has the form name@example.org.")
    );
    assert!(
        walked
            .screen
            .contains("Password: this password is easy to guess.")
    );
    let sent = table.sent(REGISTER);
    assert_eq!(sent[1]["personalEmail"], "ada@example.com");
    assert_eq!(sent[1]["password"], "another phrase of words");
    assert_eq!(
        sent[1]["displayName"], "Ada Lovelace",
        "nothing else is lost"
    );
}

#[test]
fn limits_and_outages_lose_nothing_that_was_typed() {
    let table = quick();
    table.instead(REGISTER);
    let limited = problem(
        "too-many-requests",
        "Too many registrations; go on in 1800 s.",
        &[],
    );
    table.on(REGISTER, 429, limited);
    table.on(REGISTER, 502, Value::Null);
    table.on(REGISTER, 201, taken());
    let walked = walk_through(&table, filled_in(&["yes", "yes", "yes"]));
    assert!(walked.screen.contains("go on in 1800 s."));
    assert!(walked.screen.contains("Nothing that you typed is lost"));
    let sent = table.sent(REGISTER);
    assert_eq!((sent.len(), &sent[0]), (3, &sent[2]));
}

#[test]
fn a_host_that_closes_or_is_full_meanwhile_ends_it() {
    for code in ["registration-closed", "community-full"] {
        let table = quick();
        table.instead(REGISTER);
        table.on(REGISTER, 403, problem(code, "No new members now.", &[]));
        let walked = walk_through(&table, filled_in(&["yes"]));
        assert!(!walked.ended_well, "{code}");
        assert!(walked.screen.contains("No new members now."), "{code}");
    }
}

#[test]
fn who_leaves_in_the_middle_has_sent_nothing() {
    for (how, words) in [
        (Ended::Interrupted, "Ended. Nothing was sent.\n"),
        (Ended::EndOfInput, "Ended. Nothing was sent.\n"),
        (Ended::Idle, "so this ends here. Nothing was sent.\n"),
        (
            Ended::TimeIsUp,
            "makes room for others now. Nothing was sent.\n",
        ),
        (Ended::HungUp, ""),
    ] {
        for typed in 0..=GOOD.len() {
            let table = quick();
            let mut steps = lines(&GOOD[..typed]);
            steps.push(Do::End(how));
            let walked = walk_through(&table, steps);
            assert!(!walked.ended_well);
            assert!(walked.screen.ends_with(words), "{}", walked.screen);
            assert!(table.sent(REGISTER).is_empty());
        }
    }
    let table = quick();
    let walked = walk_through(&table, filled_in(&["no"]));
    assert!(walked.screen.contains("Nothing was sent."));
    assert!(table.sent(REGISTER).is_empty());
}

#[test]
fn what_the_service_says_steers_no_terminal() {
    let table = quick();
    let mut evil = form(&[field("x\u{1b}[2J", "La\u{1b}]0;bel\u{7}", "line", false)]);
    evil["community"]["welcome"] = "Hi\u{1b}[31m\u{202e}there\u{9b}2J\r".into();
    table.instead("auth/register/form");
    table.on("auth/register/form", 200, evil);
    table.instead("auth/status/check-username/ada");
    let free = json!({"available": true, "message": "ada\u{1b}c is available."});
    table.on("auth/status/check-username/ada", 200, free);
    let walked = walk_through(&table, filled_in(&["", "yes"]));
    let strange = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!walked.screen.contains(strange), "{:?}", walked.screen);
}

#[test]
fn no_line_but_an_address_or_a_prompt_with_its_answer_is_wider_than_a_small_terminal() {
    let walked = walk_through(&quick(), filled_in(&["yes"]));
    for line in walked.screen.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}
