//! After the form: the status, the code of the mail, the end.

mod support;

use registrar_join::terminal::Ended;
use serde_json::json;
use support::*;

const STATUS: &str = "auth/status/registration/ada";
const VERIFY: &str = "auth/verify-email";

/// A form that was sent, and what is done from then on.
fn sent(then: Vec<Do>) -> Vec<Do> {
    let mut steps = lines(&GOOD);
    steps.extend(lines(&["yes"]));
    steps.extend(then);
    steps
}

#[test]
fn the_status_is_told_as_it_changes_and_once() {
    let table = Table::open();
    table.on(STATUS, 200, working()).on(STATUS, 200, working());
    table.on(STATUS, 200, done());
    let walked = walk_through(&table, sent(Vec::new()));
    assert!(walked.ended_well);
    assert_eq!(walked.screen.matches("Your entry is made.").count(), 1);
    assert!(walked.screen.contains("Your account is ready."));
}

#[test]
fn the_code_of_the_mail_is_taken_right_there() {
    let table = Table::open();
    table.on(STATUS, 200, waiting()).on(STATUS, 200, done());
    table.on(VERIFY, 200, working());
    let walked = walk_through(&table, sent(lines(&["123 456"])));
    assert!(walked.ended_well);
    assert!(walked.screen.contains("The mail goes to ada@example.org."));
    let want = json!({"username": "ada", "code": "123 456"});
    assert_eq!(table.sent(VERIFY), [want]);
    assert!(walked.screen.ends_with("ssh ada@tilde.example\n"));
}

#[test]
fn a_wrong_code_is_told_with_the_words_of_the_service_and_another_is_asked_for() {
    let table = Table::open();
    table.on(STATUS, 200, waiting()).on(STATUS, 200, done());
    let wrong = problem("wrong-code", "This is another code; 4 tries are left.", &[]);
    table.on(VERIFY, 422, wrong).on(VERIFY, 200, working());
    let walked = walk_through(&table, sent(lines(&["000000", "abc", "123456"])));
    assert!(walked.screen.contains("4 tries are left."));
    assert_eq!(table.sent(VERIFY).len(), 2, "what is no code is not sent");
    assert!(walked.ended_well);
}

#[test]
fn another_mail_can_be_asked_for() {
    let table = Table::open();
    table.on(STATUS, 200, waiting());
    table.on("auth/resend-verification", 202, json!({"message": "x"}));
    let walked = walk_through(&table, sent(lines(&["again", "later"])));
    let want = json!({"username": "ada", "personalEmail": "ada@example.org"});
    assert_eq!(table.sent("auth/resend-verification"), [want]);
    assert!(walked.ended_well);
}

#[test]
fn a_link_that_is_opened_meanwhile_ends_the_wait_for_the_code() {
    let table = Table::open();
    table.on(STATUS, 200, waiting()).on(STATUS, 200, waiting());
    table.on(STATUS, 200, done());
    let walked = walk_through(&table, sent(vec![Do::Wait, Do::Wait]));
    assert!(walked.screen.ends_with("ssh ada@tilde.example\n"));
    assert_eq!(
        walked.screen.matches("Code: ").count(),
        1,
        "nothing is drawn while somebody types"
    );
}

#[test]
fn trouble_with_the_mail_is_told_while_the_code_is_waited_for() {
    let table = Table::open();
    let mut trouble = waiting();
    trouble["message"] = "The verification mail could not be delivered.".into();
    table.on(STATUS, 200, waiting()).on(STATUS, 200, trouble);
    let walked = walk_through(&table, sent(vec![Do::Wait, Do::Type("later".into())]));
    assert!(
        walked
            .screen
            .contains("Code: \nThe verification mail could not be delivered.\nCode: later")
    );
}

#[test]
fn a_registration_that_waits_for_reviewers_or_has_failed_ends_the_walk() {
    for (word, details, ended_well) in [
        (
            "VERIFICATION_SENT",
            json!({"inReview": true, "addressVerified": true}),
            true,
        ),
        ("FAILED", json!({}), false),
    ] {
        let table = Table::open();
        table.on(STATUS, 200, status(word, 83, "So it stands.", details));
        let walked = walk_through(&table, sent(Vec::new()));
        assert_eq!(walked.ended_well, ended_well);
        assert!(walked.screen.ends_with("So it stands.\n"));
    }
}

#[test]
fn who_leaves_after_it_was_sent_is_told_where_it_goes_on() {
    for how in [
        Ended::Interrupted,
        Ended::EndOfInput,
        Ended::Idle,
        Ended::TimeIsUp,
    ] {
        let table = Table::open();
        table.on(STATUS, 200, waiting());
        let walked = walk_through(&table, sent(vec![Do::End(how)]));
        assert!(walked.ended_well);
        let last = walked.screen.lines().last().unwrap();
        assert!(
            last.ends_with("https://tilde.example/signup/status/ada"),
            "{last}"
        );
        assert!(walked.screen.contains("goes on without you"));
    }
}

#[test]
fn a_service_that_stops_answering_is_looked_at_so_often_and_no_more() {
    let table = Table::open();
    let walked = walk_through(&table, sent(Vec::new()));
    assert!(walked.ended_well);
    assert!(walked.screen.contains("It goes on without you"));
    assert!(table.sent(STATUS).len() <= 60);
}
